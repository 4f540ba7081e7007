import type { Acknowledgement, NotificationReading, RawNotification } from '@hospital-pay/payments/contract';
import type { CcbSettings } from './config';
import { amountOf } from './outcomes';
import { bankSigned, type Fields, joined } from './signing';

/** HTTP 200 stops the repeats, whatever it says. */
const accepted: Acknowledgement = { status: 200, contentType: 'text/plain', body: 'SUCCESS' };
const refusal = (status: number): Acknowledgement => ({ status, contentType: 'text/plain', body: 'FAIL' });

/** These stand first, in this order; what else is sent follows as it came. */
const first = [
  'POSID',
  'BRANCHID',
  'ORDERID',
  'PAYMENT',
  'CURCODE',
  'REMARK1',
  'REMARK2',
  'ACC_TYPE',
  'SUCCESS',
];

const reject = (code: string, cause: string): NotificationReading => ({
  kind: 'rejected',
  code,
  cause,
  answer: refusal(400),
});

/** Verifies before it reads. A notification carries no time: it is told when it happens, so it is now. */
export function readNotification(
  raw: RawNotification,
  settings: CcbSettings,
  now: Date,
): NotificationReading {
  const form: Fields = [...new URLSearchParams(raw.body.toString('utf8'))];
  const values = new Map(form);
  if (values.size === 0 || values.size !== form.length) {
    return reject('UNREADABLE', 'not a form, or a field is given twice');
  }
  const leading: Fields = first.flatMap((name): Fields => {
    const value = values.get(name);
    return value === undefined ? [] : [[name, value]];
  });
  const rest = form.filter(([name]) => name !== 'SIGN' && !first.includes(name));
  if (!bankSigned(joined([...leading, ...rest]), values.get('SIGN') ?? '', settings.publicKey)) {
    return reject('BAD_SIGNATURE', 'the signature does not verify with the counter’s public key');
  }
  if (values.get('POSID') !== settings.posId || values.get('BRANCHID') !== settings.branchId) {
    return reject('COUNTER', `meant for counter ${values.get('POSID') ?? 'none'}`);
  }
  const attemptNo = values.get('ORDERID');
  const amount = amountOf(values.get('PAYMENT') ?? '');
  if (!attemptNo || amount === undefined || values.get('CURCODE') !== '01') {
    return reject('MALFORMED', 'order number, amount or currency missing');
  }
  const success = values.get('SUCCESS') ?? '';
  return {
    kind: 'event',
    notificationId: `${attemptNo}-${success}`,
    event: {
      kind: 'payment',
      attemptNo,
      outcome:
        success === 'Y'
          ? { kind: 'paid', amount, currency: 'CNY', channelNo: attemptNo, paidAt: now }
          : { kind: 'pending' },
    },
    accepted,
    retry: refusal(500),
  };
}
