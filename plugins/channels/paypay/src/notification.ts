import { createHash } from 'node:crypto';
import type { Acknowledgement, NotificationReading, RawNotification } from '@hospital-pay/payments/contract';
import { readJson } from '@hospital-pay/wallets';
import { z } from 'zod';

const answer = (status: number, body: string): Acknowledgement => ({
  status,
  contentType: 'text/plain',
  body,
});

const accepted = answer(200, 'OK');

const transaction = z.object({
  notification_type: z.string(),
  merchant_id: z.union([z.string(), z.number()]).transform(String),
  merchant_order_id: z.string().min(1).max(64),
  order_id: z.union([z.string(), z.number()]).transform(String),
  state: z.string(),
});

const reject = (code: string, cause: string): NotificationReading => ({
  kind: 'rejected',
  code,
  cause,
  answer: answer(400, code),
});

/**
 * Webhooks carry no signature: what one says of money is never used. It only names a payment, which makes the platform
 * ask. A payment that PayPay does not know (`knows`) was named by somebody else.
 */
export async function readNotification(
  raw: RawNotification,
  merchantId: string,
  knows: (attemptNo: string) => Promise<boolean>,
): Promise<NotificationReading> {
  const content = readJson(raw.body.toString('utf8'));
  const type = z.object({ notification_type: z.string() }).safeParse(content);
  if (!type.success) return reject('MALFORMED', 'no PayPay notification');
  // Files of reconciliation and customers' events are announced here too.
  if (type.data.notification_type !== 'Transaction') return { kind: 'ignored', accepted };
  const read = transaction.safeParse(content);
  if (!read.success) return reject('MALFORMED', 'a transaction without its numbers');
  const { merchant_id, merchant_order_id, order_id, state } = read.data;
  if (merchant_id !== merchantId) return reject('MERCHANT_ID', `meant for merchant ${merchant_id}`);
  if (!(await knows(merchant_order_id))) return reject('NOT_CONFIRMED', 'PayPay does not know this payment');
  return {
    kind: 'event',
    notificationId: createHash('sha256').update(`${merchant_order_id}\n${order_id}\n${state}`).digest('hex'),
    event: { kind: 'payment', attemptNo: merchant_order_id, outcome: { kind: 'pending' } },
    accepted,
    retry: answer(500, 'RETRY'),
  };
}
