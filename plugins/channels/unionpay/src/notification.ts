import {
  type Acknowledgement,
  type NotificationEvent,
  type NotificationReading,
  type RawNotification,
  toMinor,
} from '@hospital-pay/payments/contract';
import { isDone, transactionTime } from './outcomes';
import { type Fields, readFields, type Verdict } from './signing';

/** HTTP 200 stops the repeats, whatever it says. */
const accepted: Acknowledgement = { status: 200, contentType: 'text/plain', body: 'ok' };
const refusal = (status: number): Acknowledgement => ({ status, contentType: 'text/plain', body: 'refused' });

const reject = (code: string, cause: string): NotificationReading => ({
  kind: 'rejected',
  code,
  cause,
  answer: refusal(400),
});

/** Verifies before it reads; then: is it ours, is it about us, does it state an amount? */
export function readNotification(
  raw: RawNotification,
  guard: { merId: string; verdict(fields: Fields): Verdict },
): NotificationReading {
  const fields = readFields(raw.body.toString('utf8'));
  if (fields === undefined) return reject('UNREADABLE', 'not a form, or a field is given twice');
  const judged = guard.verdict(fields);
  if (!judged.ok) return reject('BAD_SIGNATURE', judged.cause);
  if (fields.merId !== guard.merId) return reject('MERCHANT', `meant for merchant ${fields.merId ?? 'none'}`);
  if (fields.txnType !== '01' && fields.txnType !== '04') return { kind: 'ignored', accepted };
  const event = eventOf(fields);
  if (event === undefined) return reject('MALFORMED', 'order, query number, amount or time missing');
  return {
    kind: 'event',
    notificationId: `${fields.txnType}-${fields.queryId}-${fields.respCode}`,
    event,
    accepted,
    retry: refusal(500),
  };
}

function eventOf(fields: Fields): NotificationEvent | undefined {
  const { orderId, queryId, txnAmt, txnType, respCode, reqReserved } = fields;
  const at = transactionTime(fields);
  if (!orderId || !queryId || at === undefined || !/^\d{1,12}$/.test(txnAmt ?? '')) return undefined;
  const amount = toMinor(txnAmt);
  const told = { amount, currency: 'CNY' as const, channelNo: queryId };
  if (txnType === '01') {
    return {
      kind: 'payment',
      attemptNo: orderId,
      outcome: isDone(respCode) ? { kind: 'paid', ...told, paidAt: at } : { kind: 'pending' },
    };
  }
  return {
    kind: 'refund',
    // UnionPay names a refund by its own order; whose it is comes back as we sent it.
    attemptNo: reqReserved || orderId,
    refundNo: orderId,
    outcome: isDone(respCode) ? { kind: 'refunded', ...told, refundedAt: at } : { kind: 'pending' },
  };
}
