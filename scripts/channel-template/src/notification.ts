import type { Acknowledgement, NotificationReading, RawNotification } from '@hospital-pay/payments/contract';
import { readJson } from '@hospital-pay/wallets';
import { z } from 'zod';
import { paymentAnswer, paymentOutcome } from './outcomes';
import { verifies } from './signing';

const answer = (status: number, body: string): Acknowledgement => ({
  status,
  contentType: 'text/plain',
  body,
});
const shape = z.object({ id: z.string().min(1), payment: paymentAnswer });

export function readNotification({ headers, body }: RawNotification, key: string): NotificationReading {
  const reject = (code: string, cause: string): NotificationReading => ({
    kind: 'rejected',
    code,
    cause,
    answer: answer(400, code),
  });
  const signed = { path: 'notify', timestamp: headers['x-timestamp'] ?? '', body };
  if (!verifies(key, signed, headers['x-signature'] ?? ''))
    return reject('BAD_SIGNATURE', 'it does not verify');
  const read = shape.safeParse(readJson(body.toString('utf8')));
  if (!read.success) return reject('MALFORMED', 'no notification of a payment');
  const { id, payment } = read.data;
  const { attemptNo } = payment;
  return {
    kind: 'event',
    notificationId: id,
    // The platform compares the amount with the order's.
    event: { kind: 'payment', attemptNo, outcome: paymentOutcome(payment, payment) },
    accepted: answer(200, 'OK'),
    retry: answer(500, 'RETRY'),
  };
}
