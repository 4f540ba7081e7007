import { Form, Input, Modal, Select } from 'antd';
import { useState } from 'react';
import { call } from '../http/client';
import { anything, type Row } from '../http/contracts';
import { useText } from '../i18n';
import { FailureView } from '../shell/FailureView';
import { useToast } from '../shell/useToast';

const resolutions = ['his_supplement', 'cash', 'write_off', 'other'] as const;

interface Values {
  resolution: (typeof resolutions)[number];
  note: string;
}

/** How a person settled a case. Money given back online is not stated here: the refund itself settles the case. */
export function ResolveModal({
  discrepancy,
  onClose,
  onDone,
}: {
  discrepancy: Row;
  onClose: () => void;
  onDone: () => void;
}) {
  const { t } = useText();
  const toast = useToast();
  const [form] = Form.useForm<Values>();
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const submit = async (values: Values) => {
    setBusy(true);
    setFailure(undefined);
    try {
      await call(
        `/reconciliation/discrepancies/${encodeURIComponent(String(discrepancy.caseNo))}/resolve`,
        anything,
        {
          method: 'POST',
          body: { resolution: values.resolution, note: values.note.trim() },
        },
      );
      toast.success(t('locate.handled'));
      onDone();
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      open
      title={`${t('locate.handle')} ${String(discrepancy.caseNo ?? '')}`}
      okText={t('common.confirm')}
      cancelText={t('common.cancel')}
      confirmLoading={isBusy}
      onOk={() => form.submit()}
      onCancel={onClose}
    >
      <Form<Values>
        form={form}
        layout="vertical"
        onFinish={(values) => void submit(values)}
        initialValues={{ resolution: 'his_supplement' }}
      >
        <Form.Item name="resolution" label={t('locate.resolution')} rules={[{ required: true }]}>
          <Select options={resolutions.map((value) => ({ value, label: t(`locate.result.${value}`) }))} />
        </Form.Item>
        <Form.Item
          name="note"
          label={t('locate.note')}
          rules={[{ required: true, whitespace: true, message: t('locate.noteMissing') }]}
        >
          <Input.TextArea maxLength={500} autoSize={{ minRows: 2, maxRows: 6 }} />
        </Form.Item>
      </Form>
      {failure !== undefined && <FailureView error={failure} />}
    </Modal>
  );
}
