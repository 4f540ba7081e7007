import type { Outcome, PaymentReference, RefundRequest } from '@hospital-pay/payments/contract';
import { z } from 'zod';

/** What came back from one call. */
export type Reply<Data> =
  | { kind: 'told'; code: 'SUCCESS' | 'REQUEST_ACCEPTED'; data: Data }
  | { kind: 'refused'; status: number; code: string; message: string }
  | { kind: 'silent'; code: string; cause: string };

export type Verb = 'pay' | 'query' | 'close' | 'refund' | 'queryRefund';

/** Yen: 1 is ¥1. */
const money = z.object({ amount: z.number().int().nonnegative(), currency: z.string() });
const epoch = z
  .number()
  .int()
  .positive()
  .transform((seconds) => new Date(seconds * 1000));

export const codeData = z.object({
  codeId: z.string().min(1),
  url: z.url(),
  deeplink: z.string().optional(),
  merchantPaymentId: z.string().optional(),
});

export const paymentData = z.object({
  paymentId: z.string().min(1).optional(),
  status: z.string(),
  acceptedAt: epoch.optional(),
  merchantPaymentId: z.string(),
  amount: money.optional(),
});

export const refundData = z.object({
  status: z.string(),
  acceptedAt: epoch.optional(),
  merchantRefundId: z.string(),
  paymentId: z.string(),
  amount: money,
});

export type PaymentData = z.output<typeof paymentData>;
export type RefundData = z.output<typeof refundData>;

export const integrity = (cause: string): Outcome => ({ kind: 'unknown', cause, code: 'INTEGRITY' });

export function paymentOutcome(
  payment: PaymentData,
  asked: Pick<PaymentReference, 'attemptNo' | 'amount'>,
  now: Date,
): Outcome {
  if (payment.merchantPaymentId !== asked.attemptNo)
    return integrity(`the answer is about order ${payment.merchantPaymentId}`);
  switch (payment.status) {
    case 'CREATED':
    case 'AUTHORIZED':
    case 'REAUTHORIZING':
      return { kind: 'pending' };
    case 'COMPLETED':
    // It was paid: what became of a refund is asked separately.
    case 'REFUNDED': {
      const { amount, paymentId } = payment;
      if (amount === undefined || paymentId === undefined)
        return integrity('paid, yet without amount or payment id');
      if (amount.currency !== 'JPY') return integrity(`paid in ${amount.currency}`);
      if (amount.amount !== asked.amount)
        return integrity(`paid ${amount.amount} yen, asked ${asked.amount}`);
      return {
        kind: 'paid',
        amount: amount.amount,
        currency: 'JPY',
        channelNo: paymentId,
        paidAt: payment.acceptedAt ?? now,
      };
    }
    case 'CANCELED':
      return { kind: 'closed', reversed: true };
    case 'EXPIRED':
      return { kind: 'closed', reversed: false };
    case 'FAILED':
      return { kind: 'failed', code: 'FAILED', message: 'PayPay says that the payment failed' };
    default:
      return { kind: 'unknown', cause: `unlisted status ${payment.status}`, code: 'MALFORMED' };
  }
}

export function refundOutcome(refund: RefundData, asked: RefundRequest, now: Date): Outcome {
  if (refund.merchantRefundId !== asked.refundNo)
    return integrity(`the answer is about refund ${refund.merchantRefundId}`);
  if (refund.amount.amount !== asked.amount || refund.amount.currency !== 'JPY')
    return integrity(`refund of ${refund.amount.amount} ${refund.amount.currency}, asked ${asked.amount}`);
  switch (refund.status) {
    case 'CREATED':
      return { kind: 'pending' };
    case 'REFUNDED':
      return {
        kind: 'refunded',
        amount: refund.amount.amount,
        currency: 'JPY',
        channelNo: refund.merchantRefundId,
        refundedAt: refund.acceptedAt ?? now,
      };
    case 'FAILED':
      return { kind: 'failed', code: 'REFUND_FAILED', message: 'PayPay says that the refund failed' };
    default:
      return { kind: 'unknown', cause: `unlisted refund status ${refund.status}`, code: 'MALFORMED' };
  }
}

type Ruling = 'failed' | 'unknown' | 'not-found';

/**
 * What each code decides. Codes that a repeat of our own request may draw (a number used before) never decide: the
 * payment may be the earlier try's.
 */
const rulings: Record<string, Partial<Record<Verb, Ruling>>> = {
  INVALID_REQUEST_PARAMS: { pay: 'failed', refund: 'failed' },
  MISSING_REQUEST_PARAMS: { pay: 'failed', refund: 'failed' },
  DUPLICATE_DYNAMIC_QR_REQUEST: {},
  SUSPECTED_DUPLICATE_PAYMENT: {},
  DYNAMIC_QR_NOT_FOUND: {},
  DYNAMIC_QR_PAYMENT_NOT_FOUND: { query: 'not-found', close: 'not-found' },
  ORDER_NOT_REVERSIBLE: {},
  NO_SUFFICIENT_FUND: { pay: 'failed', refund: 'unknown' },
  LIMIT_EXCEEDED: { pay: 'failed' },
  USER_DEFINED_DAILY_LIMIT_EXCEEDED: { pay: 'failed' },
  USER_DEFINED_MONTHLY_LIMIT_EXCEEDED: { pay: 'failed' },
  PAY_METHOD_INVALIDATED: { pay: 'failed' },
  UNACCEPTABLE_OP: { refund: 'failed' },
  // Refused at the door: nothing was made.
  UNAUTHORIZED: { pay: 'failed' },
  OP_OUT_OF_SCOPE: { pay: 'failed', refund: 'failed' },
  RATE_LIMIT: {},
  SERVICE_ERROR: {},
  INTERNAL_SERVER_ERROR: {},
  MAINTENANCE_MODE: {},
};

/** A request sent in the last moment may be under way for as long as this. */
const underWayMs = 60_000;

export function refusedOutcome(
  verb: Verb,
  reply: Exclude<Reply<never>, { kind: 'told' }>,
  payment: Pick<PaymentReference, 'createdAt' | 'expiresAt'>,
  now: Date,
): Outcome {
  if (reply.kind === 'silent') return { kind: 'unknown', cause: reply.cause, code: reply.code };
  const { code, message, status } = reply;
  const cause = `${code}: ${message}`;
  const ruling = status >= 500 ? 'unknown' : (rulings[code]?.[verb] ?? 'unknown');
  switch (ruling) {
    case 'failed':
      return { kind: 'failed', code, message };
    case 'not-found': {
      const over = (payment.expiresAt ?? payment.createdAt).getTime() + underWayMs;
      return now.getTime() > over
        ? { kind: 'closed', reversed: false }
        : { kind: 'unknown', cause, code: 'ORDER_NOT_FOUND' };
    }
    case 'unknown':
      return { kind: 'unknown', cause, code };
    default:
      return ruling satisfies never;
  }
}
