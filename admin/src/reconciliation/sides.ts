import type { Location, Row } from '../http/contracts';
import { type Fen, toBigInt } from '../money';

/** One line of either table of 定位单边账. Refunds are negative; what does not count (unpaid, voided) is shown all the same. */
export interface SideLine {
  key: string;
  status: unknown;
  /** Which content type's `status` it is. */
  type: 'order' | 'refund' | 'his-record' | 'bill';
  payType: unknown;
  at: unknown;
  fen: bigint;
  currency: unknown;
  counts: boolean;
  number: string;
  bizType: unknown;
  isRefund: boolean;
  remark: string;
}

const isFen = (value: unknown): value is Fen => typeof value === 'string' || typeof value === 'number';
const fenOf = (value: unknown): bigint => (isFen(value) ? (toBigInt(value) ?? 0n) : 0n);
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

const paidStatuses = new Set(['paid', 'partially_refunded', 'refunded']);

export function hisSide({ hisRecords }: Pick<Location, 'hisRecords'>): SideLine[] {
  return hisRecords.map((record, index) => {
    const isRefund = record.kind === 'refund';
    const fen = fenOf(record.amountFen);
    return {
      key: `his-${index}`,
      status: record.status,
      type: 'his-record',
      payType: record.payType,
      at: record.occurredAt,
      fen: isRefund && fen > 0n ? -fen : fen,
      currency: record.currency,
      counts: record.status !== 'voided',
      number: textOf(record.hisOrderNo) || textOf(record.hisSerialNo),
      bizType: record.bizType,
      isRefund,
      remark: '',
    };
  });
}

export function platformSide({
  order,
  refunds,
  billLines,
}: Pick<Location, 'order' | 'refunds' | 'billLines'>): SideLine[] {
  const lines: SideLine[] = [];
  if (order) {
    const isPaid = paidStatuses.has(textOf(order.status));
    const paid = fenOf(order.paidFen);
    lines.push({
      key: 'order',
      status: order.status,
      type: 'order',
      payType: order.payType ?? order.channel,
      at: order.paidAt ?? order.createdTime,
      fen: isPaid && paid > 0n ? paid : fenOf(order.amountFen),
      currency: order.currency,
      counts: isPaid,
      number: textOf(order.orderNo),
      bizType: order.bizType,
      isRefund: false,
      remark: textOf(order.errorMessage) || textOf(order.subject),
    });
  }
  for (const [index, refund] of refunds.entries()) {
    lines.push({
      key: `refund-${index}`,
      status: refund.status,
      type: 'refund',
      payType: refund.channel,
      at: refund.refundedAt ?? refund.requestedAt,
      fen: -fenOf(refund.amountFen),
      currency: refund.currency,
      counts: refund.status === 'succeeded',
      number: textOf(refund.refundNo),
      bizType: undefined,
      isRefund: true,
      remark: textOf(refund.reason),
    });
  }
  // Only the bill knows it: money at the channel that we have no order of.
  if (!order) lines.push(...billLines.map(billLine));
  return lines;
}

function billLine(line: Row, index: number): SideLine {
  const isRefund = line.kind === 'refund';
  const fen = fenOf(line.amountFen);
  return {
    key: `bill-${index}`,
    status: line.kind,
    type: 'bill',
    payType: line.payType ?? line.channel,
    at: line.occurredAt,
    fen: isRefund ? -fen : fen,
    currency: line.currency,
    counts: true,
    number: textOf(line.orderNo) || textOf(line.channelNo),
    bizType: undefined,
    isRefund,
    remark: textOf(line.channelNo),
  };
}

export const totalOf = (lines: SideLine[]): bigint =>
  lines.reduce((sum, { fen, counts }) => (counts ? sum + fen : sum), 0n);
