import type { Outcome, PaymentReference, RefundRequest } from '@hospital-pay/payments/contract';
import { readJson } from '@hospital-pay/wallets';
import { z } from 'zod';
import type { Reply } from './client';

const fen = z.number().int().nonnegative();
const time = z.iso.datetime().transform((text) => new Date(text));

export const paymentAnswer = z.object({
  state: z.enum(['waiting', 'paid', 'closed', 'reversed']),
  attemptNo: z.string(),
  channelNo: z.string(),
  amount: fen,
  qr: z.string().optional(),
  paidAt: time.optional(),
});
const refundAnswer = z.object({
  refundNo: z.string(),
  channelNo: z.string(),
  amount: fen,
  refundedAt: time,
});
const refusal = z.object({ error: z.string(), message: z.string() });

/** Codes by which the channel says no for good. Any other code, listed or not, decides nothing. */
const final = new Set(['PARAMETER_INVALID', 'AUTH_CODE_INVALID', 'NOT_REFUNDABLE', 'REFUND_EXCEEDS']);

const unknown = (code: string, cause: string): Outcome => ({ kind: 'unknown', code, cause });

export function paymentOutcome(
  answer: z.output<typeof paymentAnswer>,
  asked: Pick<PaymentReference, 'attemptNo' | 'amount'>,
): Outcome {
  const { state, attemptNo, channelNo, amount, qr, paidAt } = answer;
  if (attemptNo !== asked.attemptNo) return unknown('INTEGRITY', `the answer is about ${attemptNo}`);
  switch (state) {
    case 'waiting':
      return { kind: 'pending', channelNo, ...(qr ? { payerAction: { kind: 'qr', text: qr } } : {}) };
    case 'paid':
      if (amount !== asked.amount || !paidAt)
        return unknown('INTEGRITY', `paid ${amount} fen, asked ${asked.amount}`);
      return { kind: 'paid', amount, currency: 'CNY', channelNo, paidAt };
    case 'closed':
      return { kind: 'closed', reversed: false };
    case 'reversed':
      return { kind: 'closed', reversed: true };
    default:
      return state satisfies never;
  }
}

export const readPayment = (reply: Reply, asked: PaymentReference | { attemptNo: string; amount: number }) =>
  read(reply, paymentAnswer, (answer) => paymentOutcome(answer, asked));

export const readRefund = (reply: Reply, asked: RefundRequest) =>
  read(reply, refundAnswer, ({ refundNo, channelNo, amount, refundedAt }) =>
    refundNo === asked.refundNo && amount === asked.amount
      ? { kind: 'refunded', amount, currency: 'CNY', channelNo, refundedAt }
      : unknown('INTEGRITY', `refund ${refundNo} of ${amount} fen, asked ${asked.amount}`),
  );

function read<Shape extends z.ZodType>(
  reply: Reply,
  shape: Shape,
  outcomeOf: (answer: z.output<Shape>) => Outcome,
): Outcome {
  if (reply.kind === 'silent') return unknown(reply.code, reply.cause);
  const content = readJson(reply.bytes.toString('utf8'));
  const refused = refusal.safeParse(content);
  if (refused.success) {
    const { error, message } = refused.data;
    return final.has(error) ? { kind: 'failed', code: error, message } : unknown(error, message);
  }
  const answer = shape.safeParse(content);
  return answer.success
    ? outcomeOf(answer.data)
    : unknown('MALFORMED', 'the answer lacks what was asked for');
}

/** The code of a refusal, where the answer is one. */
export function refusalOf(bytes: Buffer): { error: string; message: string } | undefined {
  return refusal.safeParse(readJson(bytes.toString('utf8'))).data;
}
