import type { Outcome, PaymentReference, RefundRequest } from '@hospital-pay/payments/contract';
import type { PspPayment, PspRefund } from './protocol';

export type Verb = 'pay' | 'query' | 'close' | 'refund' | 'queryRefund';

/** What one call to the PSP came to. Only an answer that verifies is its word. */
export type PspReply<Body> =
  | { kind: 'told'; body: Body }
  | { kind: 'refused'; status: number; code: string; message: string }
  | { kind: 'silent'; code: string; cause: string };

export const integrity = (cause: string): Outcome => ({ kind: 'unknown', cause, code: 'INTEGRITY' });

/** `asked` is absent when a notification is read: the core knows what was asked and compares. */
export function paymentOutcome(
  payment: PspPayment,
  asked: Pick<PaymentReference, 'attemptNo' | 'amount' | 'currency'> | undefined,
  now: Date,
): Outcome {
  if (asked && payment.orderNo !== asked.attemptNo)
    return integrity(`the answer is about order ${payment.orderNo}`);
  if (asked && (payment.amount !== asked.amount || payment.currency !== asked.currency)) {
    return integrity(`${payment.amount} ${payment.currency}, asked ${asked.amount} ${asked.currency}`);
  }
  switch (payment.status) {
    case 'waiting':
    case 'authorized':
      return {
        kind: 'pending',
        channelNo: payment.id,
        ...(payment.redirectUrl ? { payerAction: { kind: 'redirect', url: payment.redirectUrl } } : {}),
      };
    case 'captured':
      return {
        kind: 'paid',
        amount: payment.amount,
        currency: payment.currency,
        channelNo: payment.id,
        paidAt: payment.paidAt ?? now,
        ...(payment.payer ? { payer: payment.payer } : {}),
      };
    case 'canceled':
      // Money that was taken is given back by a refund; a cancelled payment never held any.
      return { kind: 'closed', reversed: false };
    case 'expired':
      return { kind: 'closed', reversed: false };
    case 'failed':
      return {
        kind: 'failed',
        code: payment.failure?.code ?? 'PAYMENT_FAILED',
        message: payment.failure?.message ?? 'the PSP says that the payment failed',
      };
    default:
      return payment.status satisfies never;
  }
}

export function refundOutcome(refund: PspRefund, asked: RefundRequest | undefined, now: Date): Outcome {
  if (asked) {
    if (refund.refundNo !== asked.refundNo || refund.orderNo !== asked.payment.attemptNo)
      return integrity(`the answer is about refund ${refund.refundNo} of ${refund.orderNo}`);
    if (refund.amount !== asked.amount || refund.currency !== asked.payment.currency)
      return integrity(`refund of ${refund.amount} ${refund.currency}, asked ${asked.amount}`);
  }
  switch (refund.status) {
    case 'processing':
      return { kind: 'pending', channelNo: refund.id };
    case 'succeeded':
      return {
        kind: 'refunded',
        amount: refund.amount,
        currency: refund.currency,
        channelNo: refund.id,
        refundedAt: refund.refundedAt ?? now,
      };
    case 'failed':
      return {
        kind: 'failed',
        code: refund.failure?.code ?? 'REFUND_FAILED',
        message: refund.failure?.message ?? 'the PSP says that the refund failed',
      };
    default:
      return refund.status satisfies never;
  }
}

/** Codes that say no for good, by verb. Everything else that is signed stays unknown and is asked about. */
const refusals: Record<string, readonly Verb[]> = {
  invalid_request: ['pay', 'refund'],
  invalid_token: ['pay'],
  declined: ['pay'],
  insufficient_funds: ['pay'],
  not_allowed: ['pay', 'refund'],
  not_refundable: ['refund'],
  refund_exceeds_payment: ['refund'],
};

/** A request sent in the last moment may be under way for as long as this. */
const underWayMs = 60_000;

export function refusedOutcome(
  verb: Verb,
  reply: Exclude<PspReply<never>, { kind: 'told' }>,
  payment: Pick<PaymentReference, 'createdAt' | 'expiresAt'>,
  now: Date,
): Outcome {
  if (reply.kind === 'silent') return { kind: 'unknown', cause: reply.cause, code: reply.code };
  const { code, message, status } = reply;
  const cause = `${code}: ${message}`;
  if (status >= 500) return { kind: 'unknown', cause, code };
  if (code === 'payment_not_found' && (verb === 'query' || verb === 'close')) {
    const over = (payment.expiresAt ?? payment.createdAt).getTime() + underWayMs;
    return now.getTime() > over
      ? { kind: 'closed', reversed: false }
      : { kind: 'unknown', cause, code: 'ORDER_NOT_FOUND' };
  }
  if (code === 'refund_not_found') return { kind: 'unknown', cause, code: 'REFUND_NOT_FOUND' };
  return refusals[code]?.includes(verb)
    ? { kind: 'failed', code, message }
    : { kind: 'unknown', cause, code };
}
