import { Button, DatePicker, Flex, Input, Modal, Select } from 'antd';
import { useState } from 'react';
import { useText } from '../../i18n';
import { addDays, fromPicker, today, toPicker } from '../../time';
import { useActs, useHandlers } from './useActs';

type What = 'assign' | 'comment' | 'in_transit' | 'write_off';

interface Props {
  /** Case number → the number that its row shows. */
  cases: ReadonlyMap<string, string>;
  me: string;
  onDone: () => void;
}

/** What is done with several cases at once; every case is judged by itself. */
export function BulkBar({ cases, me, onDone }: Props) {
  const { t } = useText();
  const [what, setWhat] = useState<What>();
  const names: What[] = ['assign', 'comment', 'in_transit', 'write_off'];
  return (
    <Flex gap={8} align="center">
      <span>{t('handling.chosen', { count: cases.size })}</span>
      {names.map((name) => (
        <Button key={name} size="small" onClick={() => setWhat(name)}>
          {t(`handling.bulk.${name}`)}
        </Button>
      ))}
      {what && (
        <BulkModal
          what={what}
          cases={cases}
          me={me}
          onClose={() => setWhat(undefined)}
          onDone={() => {
            setWhat(undefined);
            onDone();
          }}
        />
      )}
    </Flex>
  );
}

function BulkModal({ what, cases, me, onClose, onDone }: Props & { what: What; onClose: () => void }) {
  const { t } = useText();
  const { run, isBusy } = useActs(onDone, (caseNo) => cases.get(caseNo) ?? caseNo);
  const { data: people = [] } = useHandlers(what === 'assign');
  const [assignee, setAssignee] = useState(me);
  const [note, setNote] = useState('');
  const [day, setDay] = useState(addDays(today(), 1));
  const said = note.trim();
  const act = () => {
    switch (what) {
      case 'assign':
        return { do: 'assign', assignee, ...(said ? { note: said } : {}) };
      case 'comment':
        return { do: 'comment', note: said };
      case 'in_transit':
        return { do: 'propose', action: 'in_transit', note: said, day };
      case 'write_off':
        return { do: 'propose', action: 'write_off', note: said };
      default:
        return what satisfies never;
    }
  };
  return (
    <Modal
      open
      title={`${t(`handling.bulk.${what}`)} · ${t('handling.chosen', { count: cases.size })}`}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      okButtonProps={{ disabled: what === 'assign' ? assignee === '' : said === '' }}
      confirmLoading={isBusy}
      onOk={() => void run('handle', { caseNos: [...cases.keys()], act: act() })}
      onCancel={onClose}
    >
      <Flex vertical gap={12}>
        {(what === 'in_transit' || what === 'write_off') && <span>{t(`handling.explain.${what}`)}</span>}
        {what === 'assign' && (
          <Select
            aria-label={t('handling.assignee')}
            value={assignee}
            onChange={setAssignee}
            options={people.map(({ username, displayName }) => ({
              value: username,
              label: displayName === username ? username : `${displayName} (${username})`,
            }))}
          />
        )}
        {what === 'in_transit' && (
          <Flex gap={8} align="center">
            <span>{t('handling.until')}</span>
            <DatePicker
              aria-label={t('handling.until')}
              allowClear={false}
              value={toPicker(day)}
              onChange={(value) => setDay(fromPicker(value) ?? day)}
            />
          </Flex>
        )}
        <Input.TextArea
          aria-label={t('handling.note')}
          placeholder={t(what === 'assign' ? 'handling.noteOptional' : 'handling.note')}
          maxLength={500}
          autoSize={{ minRows: 2, maxRows: 6 }}
          value={note}
          onChange={(event) => setNote(event.target.value)}
        />
      </Flex>
    </Modal>
  );
}
