import { Input, Modal } from 'antd';
import { useState } from 'react';
import { useText } from '../../i18n';

/** Asks for the reason without which it is not done. */
export function AskNote({
  title,
  isBusy,
  onClose,
  onSay,
}: {
  title: string;
  isBusy: boolean;
  onClose: () => void;
  onSay: (note: string) => void;
}) {
  const { t } = useText();
  const [note, setNote] = useState('');
  return (
    <Modal
      open
      title={title}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ disabled: note.trim() === '' }}
      confirmLoading={isBusy}
      onOk={() => onSay(note.trim())}
      onCancel={onClose}
    >
      <Input.TextArea
        aria-label={t('handling.note')}
        placeholder={t('handling.note')}
        maxLength={500}
        autoFocus
        autoSize={{ minRows: 3, maxRows: 6 }}
        value={note}
        onChange={(event) => setNote(event.target.value)}
      />
    </Modal>
  );
}
