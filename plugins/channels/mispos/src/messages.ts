import { createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';

/** What platform and terminal agent say to each other. Amounts in fen; `no` is the platform's attempt or refund number. */
const reference = z.object({
  voucher: z.string(),
  batch: z.string(),
  reference: z.string(),
  date: z.string(),
});

export const command = z.discriminatedUnion('verb', [
  z.object({ verb: z.literal('sale'), no: z.string(), amountFen: z.number().int(), operator: z.string() }),
  z.object({
    verb: z.literal('refund'),
    no: z.string(),
    /** The sale's own number. */
    paidNo: z.string(),
    amountFen: z.number().int(),
    /** What the sale was for: a part of it cannot be voided. */
    paidFen: z.number().int(),
    of: reference,
    operator: z.string(),
  }),
  /** What has become of it? */
  z.object({ verb: z.literal('look'), no: z.string() }),
  /** It shall not begin any more. */
  z.object({ verb: z.literal('stop'), no: z.string() }),
  z.object({ verb: z.literal('test') }),
]);
export type Command = z.infer<typeof command>;

export const standing = z.discriminatedUnion('state', [
  z.object({ state: z.literal('ready') }),
  z.object({ state: z.literal('waiting') }),
  z.object({
    state: z.literal('approved'),
    amountFen: z.number().int(),
    /** When the terminal approved it, ISO. */
    at: z.string(),
    card: z.string(),
    terminalId: z.string(),
    ...reference.shape,
  }),
  z.object({ state: z.literal('declined'), code: z.string(), message: z.string() }),
  /** It never began and never will. */
  z.object({ state: z.literal('stopped') }),
  z.object({ state: z.literal('unknown'), cause: z.string() }),
  /** This agent has never heard of it. */
  z.object({ state: z.literal('unheard') }),
]);
export type Standing = z.infer<typeof standing>;
export type Approved = Extract<Standing, { state: 'approved' }>;

export const request = z.object({ id: z.string(), command });
export const answer = z.object({ id: z.string(), standing });

export const news = z.object({
  kind: z.enum(['payment', 'refund']),
  no: z.string(),
  /** The sale that it is about; the same as `no` for a payment. */
  paidNo: z.string(),
  standing,
});
export type News = z.infer<typeof news>;

/** HMAC-SHA256 under the account's agent token over `timestamp\nbody`, hex. */
export const signatureOf = (token: string, timestamp: string, body: Buffer | string): string =>
  createHmac('sha256', token).update(`${timestamp}\n`).update(body).digest('hex');

export function isSigned(token: string, timestamp: string, body: Buffer, signature: string): boolean {
  const expected = Buffer.from(signatureOf(token, timestamp, body));
  const given = Buffer.from(signature);
  return expected.length === given.length && timingSafeEqual(expected, given);
}
