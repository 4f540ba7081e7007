import {
  type Currency,
  formatAmount,
  type Outcome,
  type PaymentReference,
  parseAmount,
  type RefundRequest,
} from '@hospital-pay/payments/contract';
import { z } from 'zod';

/** What came back from one call. `state`: what the check of a request says in its code. */
export type Reply<Info> =
  | { kind: 'told'; info: Info }
  | { kind: 'state'; code: string; message: string }
  | { kind: 'refused'; code: string; message: string }
  | { kind: 'silent'; code: string; cause: string };

export type Verb = 'pay' | 'query' | 'confirm' | 'reverse' | 'refund' | 'queryRefund';

const id = z.union([z.string(), z.number()]).transform(String);
const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));
const wireMoment = z
  .string()
  .transform((text) => text.replace(/([+-]\d{2})(\d{2})$/, '$1:$2'))
  .pipe(moment);
const payInfo = z.array(z.object({ method: z.string().optional(), amount: z.number() }));

export const requestInfo = z.object({
  transactionId: id,
  paymentUrl: z.object({ web: z.url(), app: z.string() }),
});
export const confirmInfo = z.object({ transactionId: id, orderId: z.string(), payInfo });
export const offlineInfo = z.object({
  transactionId: id,
  orderId: z.string(),
  payInfo,
  transactionDate: wireMoment.optional(),
});
export const offlineCheckInfo = z.object({
  status: z.string(),
  transactionId: id.optional(),
  orderId: z.string().optional(),
  payInfo: payInfo.optional(),
  transactionDate: wireMoment.optional(),
});
export const detailsInfo = z.array(
  z.object({
    transactionId: id,
    orderId: z.string().optional(),
    transactionDate: wireMoment.optional(),
    transactionType: z.string(),
    payStatus: z.string().optional(),
    currency: z.string().optional(),
    payInfo,
    refundList: z
      .array(
        z.object({
          refundTransactionId: id,
          /** Negative, as the documentation's examples have it; only its size is read. */
          refundAmount: z.number(),
          refundTransactionDate: wireMoment.optional(),
        }),
      )
      .default([]),
  }),
);
export const refundInfo = z.object({
  refundTransactionId: id,
  refundTransactionDate: wireMoment.optional(),
});

export type Details = z.output<typeof detailsInfo>[number];

/** The amount as LINE Pay writes it: a JSON number of whole units, with decimals only where the currency has some. */
export const wireAmount = (minor: number, currency: Currency): number =>
  Number(formatAmount(minor, currency));

export function readWireAmount(amount: number, currency: Currency): number | undefined {
  try {
    return parseAmount(String(amount), currency);
  } catch {
    return undefined;
  }
}

export const integrity = (cause: string): Outcome => ({ kind: 'unknown', cause, code: 'INTEGRITY' });

export function paidOutcome(
  told: {
    transactionId: string;
    orderId?: string | undefined;
    currency?: string | undefined;
    payInfo: { amount: number }[];
    transactionDate?: Date | undefined;
  },
  asked: Pick<PaymentReference, 'attemptNo' | 'amount' | 'currency'>,
  now: Date,
): Outcome {
  if (told.orderId !== undefined && told.orderId !== asked.attemptNo)
    return integrity(`the answer is about order ${told.orderId}`);
  if (told.currency !== undefined && told.currency !== asked.currency)
    return integrity(`paid in ${told.currency}`);
  let amount = 0;
  for (const part of told.payInfo) {
    const minor = readWireAmount(part.amount, asked.currency);
    if (minor === undefined) return integrity(`not an amount of ${asked.currency}: ${part.amount}`);
    amount += minor;
  }
  if (amount !== asked.amount) return integrity(`paid ${amount}, asked ${asked.amount}`);
  return {
    kind: 'paid',
    amount,
    currency: asked.currency,
    channelNo: told.transactionId,
    paidAt: told.transactionDate ?? now,
  };
}

/** Which of the payment's refunds is ours: the one of this amount that nobody booked. There is no number of ours on it. */
export function refundFound(details: Details, asked: RefundRequest, now: Date): Outcome {
  const { currency } = asked.payment;
  const found = details.refundList.find(
    (refund) =>
      !asked.booked?.includes(refund.refundTransactionId) &&
      readWireAmount(Math.abs(refund.refundAmount), currency) === asked.amount,
  );
  if (found === undefined)
    return { kind: 'unknown', cause: 'LINE Pay shows no such refund', code: 'REFUND_NOT_FOUND' };
  return {
    kind: 'refunded',
    amount: asked.amount,
    currency,
    channelNo: found.refundTransactionId,
    refundedAt: found.refundTransactionDate ?? now,
  };
}

/**
 * Codes that say no for good. A confirmation never fails by its code: the check that follows tells, so that a payer who
 * changes the card is not lost and money that was taken is not overlooked.
 */
const refusals: Record<string, readonly Verb[]> = {
  '1101': ['pay'],
  '1102': ['pay'],
  '1104': ['pay', 'refund'],
  '1105': ['pay', 'refund'],
  '1106': ['pay', 'refund'],
  '1110': ['pay'],
  '1124': ['pay', 'refund'],
  '1133': ['pay'],
  '1141': ['pay'],
  '1142': ['pay'],
  '1154': ['pay', 'refund'],
  '1155': ['refund'],
  '1163': ['refund'],
  '1164': ['refund'],
  '1165': ['refund'],
};

const underWayMs = 60_000;

export function refusedOutcome(
  verb: Verb,
  reply: Exclude<Reply<never>, { kind: 'told' }>,
  payment: Pick<PaymentReference, 'createdAt' | 'expiresAt'>,
  now: Date,
): Outcome {
  switch (reply.kind) {
    case 'silent':
      return { kind: 'unknown', cause: reply.cause, code: reply.code };
    case 'state':
      return { kind: 'unknown', cause: `${reply.code}: ${reply.message}`, code: reply.code };
    case 'refused': {
      const { code, message } = reply;
      const cause = `${code}: ${message}`;
      if (code === '1150' && (verb === 'query' || verb === 'reverse')) {
        const over = (payment.expiresAt ?? payment.createdAt).getTime() + underWayMs;
        return now.getTime() > over
          ? { kind: 'closed', reversed: false }
          : { kind: 'unknown', cause, code: 'ORDER_NOT_FOUND' };
      }
      return refusals[code]?.includes(verb)
        ? { kind: 'failed', code, message }
        : { kind: 'unknown', cause, code };
    }
    default:
      return reply satisfies never;
  }
}
