import type { ErrorKnowledge } from './error-knowledge';
import { paymentErrors } from './errors';
import type { OrderRow, RefundRow } from './store';
import type { ErrorView, OrderView, RefundView } from './types';

const iso = (date: Date | null) => date?.toISOString() ?? null;

/** The channel's own code in words, when anybody has explained it. */
export function errorView(
  row: { channel: string; status: string; errorCode: string | null; errorMessage: string | null },
  knowledge: Pick<ErrorKnowledge, 'explain'>,
): ErrorView | null {
  if (!row.errorCode) return null;
  const code =
    row.errorCode === 'INTEGRITY'
      ? 'INTEGRITY'
      : row.status === 'failed'
        ? 'CHANNEL_REFUSED'
        : 'RESULT_UNKNOWN';
  const known = knowledge.explain(row.channel, row.errorCode);
  const { zh, en } = (code === 'CHANNEL_REFUSED' ? known?.meaning : undefined) ?? paymentErrors[code];
  return {
    code,
    zh,
    en,
    channelCode: row.errorCode,
    ...(known ? { advice: known.advice, retry: known.retry } : {}),
    ...(row.errorMessage ? { channelMessage: row.errorMessage } : {}),
  };
}

export const orderView = (order: OrderRow, knowledge: Pick<ErrorKnowledge, 'explain'>): OrderView => ({
  orderNo: order.orderNo,
  merchantCode: order.merchantCode,
  merchantOrderNo: order.merchantOrderNo,
  status: order.status,
  amountFen: order.amountFen,
  paidFen: order.paidFen,
  refundedFen: order.refundedFen,
  currency: order.currency,
  scene: order.scene,
  channel: order.channel,
  tradeType: order.tradeType,
  subject: order.subject,
  channelTradeNo: order.channelTradeNo,
  payerAction: order.status === 'pending' ? order.payerAction : null,
  paidAt: iso(order.paidAt),
  expiresAt: iso(order.expiresAt),
  hisState: order.hisState,
  hisOrderNo: order.hisOrderNo,
  receiptNo: order.receiptNo,
  mixedNo: order.mixedNo,
  error: errorView(order, knowledge),
  createdTime: order.createdTime.toISOString(),
});

export const refundView = (refund: RefundRow, knowledge: Pick<ErrorKnowledge, 'explain'>): RefundView => ({
  refundNo: refund.refundNo,
  merchantRefundNo: refund.merchantRefundNo,
  orderNo: refund.orderNo,
  amountFen: refund.amountFen,
  currency: refund.currency,
  status: refund.status,
  source: refund.source,
  reason: refund.reason,
  channelRefundNo: refund.channelRefundNo,
  refundedAt: iso(refund.refundedAt),
  error: errorView(refund, knowledge),
  requestedAt: refund.requestedAt.toISOString(),
});
