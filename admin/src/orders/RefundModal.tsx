import { useQueryClient } from '@tanstack/react-query';
import { Form, Input } from 'antd';
import { useState } from 'react';
import { call } from '../http/client';
import { type RefundView, type Row, refundView } from '../http/contracts';
import { refusal } from '../http/failure';
import { useText } from '../i18n';
import { currencySign, fenText, parseYuan, toBigInt } from '../money';
import { Money } from '../schema/Cell';
import { useToast } from '../shell/useToast';
import { RefundDialog } from './RefundDialog';
import { sendRefund, unansweredRefund } from './unansweredRefund';

const refundableStatuses = new Set(['paid', 'partially_refunded']);

const amount = (value: unknown): bigint =>
  typeof value === 'string' || typeof value === 'number' ? (toBigInt(value) ?? 0n) : 0n;

/** What may still be given back: paid, less what has been and what is being refunded. Half a mixed payment goes back with it. */
export function refundableFen(order: Row): bigint {
  if (order.mixedNo) return 0n;
  if (!refundableStatuses.has(String(order.status))) return 0n;
  const paid = amount(order.paidFen) > 0n ? amount(order.paidFen) : amount(order.amountFen);
  return paid - amount(order.refundedFen) - amount(order.refundingFen);
}

interface Values {
  amount: string;
  reason: string;
}

/** Gives money back. A request without an answer is sent again as it was, also by a dialog opened later: it refunds once. */
export function RefundModal({
  order,
  onClose,
  onDone,
}: {
  order: Row;
  onClose: () => void;
  onDone: () => void;
}) {
  const { t } = useText();
  const toast = useToast();
  const client = useQueryClient();
  const orderNo = String(order.orderNo);
  const refundable = refundableFen(order);
  const { currency } = order;
  const [unanswered, setUnanswered] = useState(() => unansweredRefund(orderNo));

  const report = (refund: RefundView) => {
    if (refund.status === 'succeeded') toast.success(t('orders.refundDone'));
    else if (refund.status === 'failed') toast.failure(refusal(refund.error));
    else toast.info(t('orders.refundProcessing'));
  };

  const send = async ({ amount: typed, reason }: Values) => {
    const reading = parseYuan(typed, undefined, currency);
    if (!reading.ok) throw new RangeError(reading.reason);
    const path = `/payments/orders/${encodeURIComponent(orderNo)}/refunds`;
    try {
      report(
        await sendRefund(orderNo, { amountFen: reading.fen, reason }, (body) =>
          call(path, refundView, { method: 'POST', body }),
        ),
      );
    } finally {
      setUnanswered(unansweredRefund(orderNo));
      void client.invalidateQueries({ queryKey: ['locate'] });
    }
  };

  return (
    <RefundDialog<Values>
      title={t('orders.refundTitle')}
      facts={[
        { key: 'no', label: t('cashier.orderNo'), children: <span className="number">{orderNo}</span> },
        {
          key: 'amount',
          label: t('orders.refundable'),
          children: <Money fen={refundable} currency={currency} strong />,
        },
      ]}
      hint={unanswered && t('orders.refundUnanswered')}
      initial={{
        amount: fenText(unanswered?.amountFen ?? refundable, { grouped: false, currency }) ?? '',
        reason: unanswered?.reason ?? '',
      }}
      isOff={!unanswered && refundable <= 0n}
      isLocked={unanswered !== undefined}
      send={send}
      onClose={onClose}
      onDone={onDone}
    >
      {(submit) => (
        <Form.Item
          name="amount"
          label={t('orders.refundAmount')}
          rules={[
            {
              validator: (_, typed: unknown) => {
                const reading = parseYuan(String(typed ?? ''), undefined, currency);
                if (!reading.ok) return Promise.reject(new Error(t(amountProblem[reading.reason])));
                return !unanswered && BigInt(reading.fen) > refundable
                  ? Promise.reject(
                      new Error(t('orders.refundTooLarge', { amount: fenText(refundable, { currency }) })),
                    )
                  : Promise.resolve();
              },
            },
          ]}
        >
          <Input
            prefix={currencySign(currency)}
            disabled={unanswered !== undefined}
            inputMode="decimal"
            autoFocus
            autoComplete="off"
            onPressEnter={submit}
          />
        </Form.Item>
      )}
    </RefundDialog>
  );
}

/** Texts for an amount that cannot be read. */
export const amountProblem = {
  empty: 'cashier.amountEmpty',
  format: 'cashier.amountFormat',
  zero: 'cashier.amountZero',
  tooLarge: 'cashier.amountTooLarge',
} as const;
