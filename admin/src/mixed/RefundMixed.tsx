import { useQueryClient } from '@tanstack/react-query';
import { Descriptions, Form, Modal } from 'antd';
import { useRef, useState } from 'react';
import { z } from 'zod';
import { saleNumber } from '../cashier/sale';
import { call } from '../http/client';
import type { Row } from '../http/contracts';
import { useText } from '../i18n';
import { RefundReason } from '../orders/RefundModal';
import { Money } from '../schema/Cell';
import { FailureView } from '../shell/FailureView';
import { useToast } from '../shell/useToast';

export const mixedAnswer = z.object({ mixedNo: z.string(), state: z.string() });

/** Says what came of a refund, whole or stopped or still under way. */
export function useMixedReport() {
  const { t } = useText();
  const toast = useToast();
  return ({ state }: z.infer<typeof mixedAnswer>) => {
    if (state === 'refunded' || state === 'undone') toast.success(t('orders.refundDone'));
    else if (state.endsWith('_stopped')) toast.warning(t('mixed.stopped'));
    else toast.info(t('orders.refundProcessing'));
  };
}

/** Gives both halves back. One number a request: pressing twice refunds once. */
export function RefundMixed({
  mixed,
  onClose,
  onDone,
}: {
  mixed: Row;
  onClose: () => void;
  onDone: () => void;
}) {
  const { t } = useText();
  const client = useQueryClient();
  const report = useMixedReport();
  const [form] = Form.useForm<{ reason: string }>();
  const [failure, setFailure] = useState<unknown>();
  const [isBusy, setBusy] = useState(false);
  const merchantRefundNo = useRef(saleNumber('R'));

  const submit = async ({ reason }: { reason: string }) => {
    if (isBusy) return;
    setBusy(true);
    setFailure(undefined);
    try {
      const path = `/payments/mixed-payments/${encodeURIComponent(String(mixed.mixedNo))}/refund`;
      const body = { merchantRefundNo: merchantRefundNo.current, reason: reason.trim() };
      report(await call(path, mixedAnswer, { method: 'POST', body }));
      await client.invalidateQueries({ queryKey: ['mixed'] });
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
      title={t('mixed.refundTitle')}
      okText={t('orders.refundSubmit')}
      cancelText={t('common.cancel')}
      okButtonProps={{ danger: true }}
      confirmLoading={isBusy}
      onOk={() => form.submit()}
      onCancel={onClose}
      maskClosable={false}
    >
      <Descriptions
        size="small"
        column={1}
        items={[
          {
            key: 'no',
            label: t('mixed.number'),
            children: <span className="number">{String(mixed.mixedNo)}</span>,
          },
          { key: 'total', label: t('mixed.total'), children: <Money fen={mixed.totalFen} strong /> },
        ]}
      />
      <p className="quiet">{t('mixed.refundHint')}</p>
      <Form
        form={form}
        layout="vertical"
        onFinish={(values) => void submit(values)}
        initialValues={{ reason: '' }}
      >
        <RefundReason />
      </Form>
      {failure !== undefined && <FailureView error={failure} />}
    </Modal>
  );
}
