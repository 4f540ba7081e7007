import { useQueryClient } from '@tanstack/react-query';
import { useRef } from 'react';
import { z } from 'zod';
import { saleNumber } from '../cashier/sale';
import { call } from '../http/client';
import type { Row } from '../http/contracts';
import { useText } from '../i18n';
import { RefundDialog } from '../orders/RefundDialog';
import { Money } from '../schema/Cell';
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
  const merchantRefundNo = useRef(saleNumber('R'));

  const send = async ({ reason }: { reason: string }) => {
    const path = `/payments/mixed-payments/${encodeURIComponent(String(mixed.mixedNo))}/refund`;
    const body = { merchantRefundNo: merchantRefundNo.current, reason };
    report(await call(path, mixedAnswer, { method: 'POST', body }));
    await client.invalidateQueries({ queryKey: ['mixed'] });
  };

  return (
    <RefundDialog
      title={t('mixed.refundTitle')}
      facts={[
        {
          key: 'no',
          label: t('mixed.number'),
          children: <span className="number">{String(mixed.mixedNo)}</span>,
        },
        { key: 'total', label: t('mixed.total'), children: <Money fen={mixed.totalFen} strong /> },
      ]}
      hint={t('mixed.refundHint')}
      initial={{ reason: '' }}
      send={send}
      onClose={onClose}
      onDone={onDone}
    />
  );
}
