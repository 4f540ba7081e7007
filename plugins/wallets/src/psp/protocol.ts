import { createHash, createHmac, timingSafeEqual } from 'node:crypto';
import { z } from 'zod';
import { currencyCodes } from './currency';

/**
 * The neutral protocol between the platform and a payment service provider (PSP), or the small service that stands in
 * front of one. It is ours: no wallet and no PSP speaks it of itself. docs: README of this room.
 */

const amount = z.number().int().positive().max(Number.MAX_SAFE_INTEGER);
const currency = z.enum(currencyCodes);
const moment = z.iso.datetime({ offset: true }).transform((text) => new Date(text));

export const pspPayment = z.object({
  id: z.string().min(1),
  orderNo: z.string().min(1),
  /** Minor units, as everywhere: 1 JPY = 1. */
  amount,
  currency,
  status: z.enum(['waiting', 'authorized', 'captured', 'canceled', 'expired', 'failed']),
  redirectUrl: z.url().optional(),
  paidAt: moment.optional(),
  payer: z.string().optional(),
  failure: z.object({ code: z.string(), message: z.string() }).optional(),
});

export const pspRefund = z.object({
  id: z.string().min(1),
  refundNo: z.string().min(1),
  orderNo: z.string().min(1),
  amount,
  currency,
  status: z.enum(['processing', 'succeeded', 'failed']),
  refundedAt: moment.optional(),
  failure: z.object({ code: z.string(), message: z.string() }).optional(),
});

export const pspError = z.object({ error: z.object({ code: z.string().min(1), message: z.string() }) });

export const pspNotification = z.discriminatedUnion('type', [
  z.object({ id: z.string().min(1), type: z.literal('payment'), payment: pspPayment }),
  z.object({ id: z.string().min(1), type: z.literal('refund'), refund: pspRefund }),
]);

export type PspPayment = z.output<typeof pspPayment>;
export type PspRefund = z.output<typeof pspRefund>;

const sha256 = (bytes: Buffer | string): string => createHash('sha256').update(bytes).digest('hex');
const hmac = (secret: string, lines: readonly string[]): string =>
  createHmac('sha256', secret).update(lines.join('\n'), 'utf8').digest('base64');

/** `X-Signature` of a request: base64 HMAC-SHA256 over method, path with query, epoch seconds, nonce, hex SHA-256 of the body. */
export const requestSignature = (
  secret: string,
  request: { method: string; path: string; timestamp: string; nonce: string; body: string },
): string =>
  hmac(secret, [request.method, request.path, request.timestamp, request.nonce, sha256(request.body)]);

/** `X-Signature` of a reply: over the request's nonce, the status and the hex SHA-256 of the body, so that no reply fits another request. */
export const replySignature = (
  secret: string,
  reply: { nonce: string; status: number; body: Buffer },
): string => hmac(secret, [reply.nonce, String(reply.status), sha256(reply.body)]);

/** `X-Signature` of a notification: over `X-Timestamp` (epoch seconds), `X-Nonce` and the hex SHA-256 of the body. */
export const notificationSignature = (
  secret: string,
  message: { timestamp: string; nonce: string; body: Buffer },
): string => hmac(secret, [message.timestamp, message.nonce, sha256(message.body)]);

export function sameSignature(expected: string, given: string | string[] | undefined): boolean {
  const [one, other] = [Buffer.from(expected), Buffer.from(String(given ?? ''))];
  return one.length === other.length && timingSafeEqual(one, other);
}
