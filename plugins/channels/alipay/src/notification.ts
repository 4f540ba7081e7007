import { createHash } from 'node:crypto';
import type {
  Acknowledgement,
  NotificationEvent,
  NotificationReading,
  Outcome,
  RawNotification,
} from '@hospital-pay/payments/contract';
import { amountOf } from './outcomes';
import { readWireTime } from './zone';

/** Exactly these seven bytes stop the retries. */
const accepted: Acknowledgement = { status: 200, contentType: 'text/plain', body: 'success' };
const failure = (status: number): Acknowledgement => ({ status, contentType: 'text/plain', body: 'failure' });

export interface NotificationGuard {
  appId: string;
  sellerId: string | undefined;
  verifies(form: Record<string, string>): boolean;
}

const reject = (code: string, cause: string): NotificationReading => ({
  kind: 'rejected',
  code,
  cause,
  answer: failure(400),
});

/** Verifies before it reads; then: is it ours, is it about us, does it state an amount? */
export function readNotification(raw: RawNotification, guard: NotificationGuard): NotificationReading {
  const form = readForm(raw.body);
  if (form === undefined) return reject('UNREADABLE', 'not a form, or a field is given twice');
  // RSA (SHA-1) signatures are no longer taken, whatever the sender says.
  if (form.sign_type !== 'RSA2' || !form.sign) return reject('SIGNATURE', 'no RSA2 signature');
  if (!guard.verifies(form)) return reject('SIGNATURE', 'the signature does not verify');
  if (form.app_id !== guard.appId) return reject('APP_ID', `meant for application ${form.app_id ?? 'none'}`);
  if (form.notify_type !== undefined && form.notify_type !== 'trade_status_sync') {
    return { kind: 'ignored', accepted };
  }
  if (guard.sellerId !== undefined && form.seller_id !== guard.sellerId) {
    return reject('SELLER_ID', `meant for seller ${form.seller_id ?? 'none'}`);
  }
  const event = eventOf(form);
  if (event === undefined) return reject('MALFORMED', 'trade number, amount or status missing');
  return {
    kind: 'event',
    notificationId: form.notify_id ?? createHash('sha256').update(raw.body).digest('hex'),
    event,
    accepted,
    retry: failure(500),
  };
}

function readForm(body: Buffer): Record<string, string> | undefined {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch {
    return undefined;
  }
  const form: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(form, name)) return undefined;
    form[name] = value;
  }
  return form;
}

function eventOf(form: Record<string, string>): NotificationEvent | undefined {
  const { out_trade_no: attemptNo, trade_no: channelNo } = form;
  if (!attemptNo || !channelNo) return undefined;
  const refundFee = amountOf(form.refund_fee);
  if (form.gmt_refund || (refundFee !== undefined && refundFee > 0)) {
    // `refund_fee` is all that was ever refunded of this payment, so the message cannot say that this refund is done,
    // nor of how much: it is a hint to ask. Without a number of its own a refund goes by the payment's.
    return {
      kind: 'refund',
      attemptNo,
      refundNo: form.out_biz_no || attemptNo,
      outcome: { kind: 'pending', channelNo },
    };
  }
  const outcome = paymentOutcome(form, channelNo);
  return outcome && { kind: 'payment', attemptNo, outcome };
}

function paymentOutcome(form: Record<string, string>, channelNo: string): Outcome | undefined {
  switch (form.trade_status) {
    case 'TRADE_SUCCESS':
    case 'TRADE_FINISHED': {
      const amount = amountOf(form.total_amount);
      const paidAt = readWireTime(form.gmt_payment ?? form.notify_time);
      if (amount === undefined || paidAt === undefined) return undefined;
      return {
        kind: 'paid',
        amount,
        currency: 'CNY',
        channelNo,
        paidAt,
        ...(form.buyer_logon_id === undefined ? {} : { payer: form.buyer_logon_id }),
      };
    }
    case 'WAIT_BUYER_PAY':
      return { kind: 'pending', channelNo };
    case 'TRADE_CLOSED':
      return { kind: 'closed', reversed: Boolean(form.gmt_payment) };
    default:
      return undefined;
  }
}
