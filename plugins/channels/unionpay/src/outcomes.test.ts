import type { PaymentReference, RefundRequest } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import type { Reply } from './client';
import { payOutcome, queryOutcome, refundOutcome, refundQueryOutcome, withYear } from './outcomes';

const now = new Date('2024-01-02T03:10:00+08:00');
const payment: PaymentReference = {
  attemptNo: '202401020304050000000001',
  scene: 'micropay',
  amount: 1234,
  currency: 'CNY',
  createdAt: new Date('2024-01-02T03:04:05+08:00'),
  channelNo: '842401020304051234568',
};
const refund: RefundRequest = { refundNo: `${payment.attemptNo}R01`, amount: 500, reason: '退号', payment };
const says = (fields: Record<string, string>): Reply => ({ kind: 'signed', fields });
const silent: Reply = { kind: 'none', code: 'TIMEOUT', cause: 'no answer within 10 ms' };
const told = {
  respCode: '00',
  orderId: payment.attemptNo,
  txnAmt: '1234',
  currencyCode: '156',
  queryId: '842401020304051234568',
  txnTime: '20240102030405',
  traceTime: '0102030409',
};

describe('a consumption', () => {
  test.each([
    ['00', 'pending'],
    ['A6', 'pending'],
    ['03', 'unknown'],
    ['04', 'unknown'],
    ['05', 'unknown'],
    ['12', 'unknown'],
    ['64', 'failed'],
    ['88', 'failed'],
  ])('answered %s is %s: accepted is not yet paid', (respCode, kind) => {
    expect(payOutcome(says({ ...told, respCode }), payment)).toMatchObject({ kind });
  });

  test('gives the QR text the patient scans', () => {
    const native = { ...payment, scene: 'native' as const };
    const answer = says({ ...told, qrCode: 'https://qr.95516.com/1' });
    expect(payOutcome(answer, native)).toEqual({
      kind: 'pending',
      payerAction: { kind: 'qr', text: 'https://qr.95516.com/1' },
    });
    expect(payOutcome(says(told), native)).toMatchObject({ kind: 'unknown' });
  });
});

describe('a query', () => {
  test('says paid only when it and the transaction both succeeded', () => {
    expect(queryOutcome(says({ ...told, origRespCode: '00' }), payment, now)).toEqual({
      kind: 'paid',
      amount: 1234,
      currency: 'CNY',
      channelNo: told.queryId,
      paidAt: new Date('2024-01-02T03:04:09+08:00'),
    });
    expect(queryOutcome(says({ ...told, origRespCode: '05' }), payment, now)).toEqual({ kind: 'pending' });
    expect(
      queryOutcome(says({ ...told, origRespCode: '64', origRespMsg: '余额不足' }), payment, now),
    ).toEqual({
      kind: 'failed',
      code: '64',
      message: '余额不足',
    });
    expect(queryOutcome(says(told), payment, now)).toMatchObject({ kind: 'unknown' });
    expect(queryOutcome(says({ respCode: '06', respMsg: '繁忙' }), payment, now)).toMatchObject({
      kind: 'unknown',
    });
  });

  test('of an unknown payment code waits for ten minutes, of a QR for its time', () => {
    const missing = says({ respCode: '34' });
    expect(queryOutcome(missing, payment, now)).toMatchObject({ kind: 'unknown', code: 'ORDER_NOT_FOUND' });
    const later = new Date(now.getTime() + 600_000);
    expect(queryOutcome(missing, payment, later)).toEqual({ kind: 'closed', reversed: false });
    const native = { ...payment, scene: 'native' as const, expiresAt: now };
    expect(queryOutcome(missing, native, now)).toEqual({ kind: 'pending' });
    expect(queryOutcome(missing, native, new Date(now.getTime() + 61_000))).toMatchObject({ kind: 'closed' });
  });

  test.each([{ orderId: '202401020304050000000009' }, { txnAmt: '1235' }, { currencyCode: '840' }])(
    'about something else (%p) is an alarm',
    (change) => {
      expect(queryOutcome(says({ ...told, ...change, origRespCode: '00' }), payment, now)).toMatchObject({
        kind: 'unknown',
        code: 'INTEGRITY',
      });
    },
  );

  test('without an answer is unknown', () => {
    for (const outcome of [payOutcome(silent, payment), queryOutcome(silent, payment, now)]) {
      expect(outcome).toEqual({ kind: 'unknown', code: 'TIMEOUT', cause: 'no answer within 10 ms' });
    }
  });
});

describe('a refund', () => {
  const about = { ...told, orderId: refund.refundNo, txnAmt: '500' };

  test('is accepted at first and decided by its query', () => {
    expect(refundOutcome(says(about), refund)).toEqual({ kind: 'pending', channelNo: told.queryId });
    expect(refundOutcome(says({ ...about, respCode: '12' }), refund)).toMatchObject({ kind: 'unknown' });
    expect(refundOutcome(says({ ...about, respCode: '36' }), refund)).toMatchObject({ kind: 'failed' });
    expect(refundOutcome(silent, refund)).toMatchObject({ kind: 'unknown' });
    expect(refundQueryOutcome(says({ ...about, origRespCode: '00' }), refund, now)).toMatchObject({
      kind: 'refunded',
      amount: 500,
    });
    expect(refundQueryOutcome(says({ ...about, origRespCode: '04' }), refund, now)).toEqual({
      kind: 'pending',
    });
    expect(refundQueryOutcome(says({ respCode: '34' }), refund, now)).toMatchObject({
      code: 'REFUND_NOT_FOUND',
    });
    expect(refundQueryOutcome(silent, refund, now)).toMatchObject({ kind: 'unknown' });
  });

  test('of another amount is an alarm', () => {
    expect(
      refundQueryOutcome(says({ ...about, txnAmt: '501', origRespCode: '00' }), refund, now),
    ).toMatchObject({
      code: 'INTEGRITY',
    });
  });
});

test('a time without a year belongs to the year it is nearest to', () => {
  const newYear = new Date('2024-01-01T00:30:00+08:00');
  expect(withYear('1231235959', newYear)).toEqual(new Date('2023-12-31T23:59:59+08:00'));
  expect(withYear('0101000001', newYear)).toEqual(new Date('2024-01-01T00:00:01+08:00'));
  expect(withYear('0230000000', newYear)).toBeUndefined();
});
