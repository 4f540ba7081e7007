import type { Acknowledgement, NotificationReading, RawNotification } from '@hospital-pay/payments/contract';
import { readJson } from '../exchange';
import { paymentOutcome, refundOutcome } from './outcomes';
import { notificationSignature, pspNotification, sameSignature } from './protocol';

const answer = (status: number, body: string): Acknowledgement => ({
  status,
  contentType: 'text/plain',
  body,
});
const accepted = answer(200, 'OK');

/** Older or newer than this, a signed notification is a replay. */
const largestSkewMs = 5 * 60_000;

const reject = (code: string, cause: string): NotificationReading => ({
  kind: 'rejected',
  code,
  cause,
  answer: answer(400, code),
});

/** Verifies before it reads. */
export function readPspNotification(raw: RawNotification, secret: string, now: Date): NotificationReading {
  const { 'x-timestamp': timestamp = '', 'x-nonce': nonce = '', 'x-signature': signature } = raw.headers;
  if (!sameSignature(notificationSignature(secret, { timestamp, nonce, body: raw.body }), signature))
    return reject('SIGNATURE', 'the signature does not verify');
  if (!(Math.abs(now.getTime() - Number(timestamp) * 1000) <= largestSkewMs))
    return reject('STALE', `signed at ${timestamp}`);
  const message = pspNotification.safeParse(readJson(raw.body.toString('utf8')));
  if (!message.success) return reject('MALFORMED', 'neither a payment nor a refund');
  const shared = {
    kind: 'event' as const,
    notificationId: message.data.id,
    accepted,
    retry: answer(500, 'RETRY'),
  };
  switch (message.data.type) {
    case 'payment': {
      const { payment } = message.data;
      const outcome = paymentOutcome(payment, undefined, now);
      return { ...shared, event: { kind: 'payment', attemptNo: payment.orderNo, outcome } };
    }
    case 'refund': {
      const { refund } = message.data;
      const outcome = refundOutcome(refund, undefined, now);
      return {
        ...shared,
        event: { kind: 'refund', attemptNo: refund.orderNo, refundNo: refund.refundNo, outcome },
      };
    }
    default:
      return message.data satisfies never;
  }
}
