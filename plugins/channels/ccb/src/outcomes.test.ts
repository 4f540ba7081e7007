import type { PaymentReference, RefundRequest } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import type { Answer, BarcodeReply, QueryReply } from './client';
import { barcodeOutcome, barcodeQueryOutcome, queryOutcome, refundCode, refundRowOutcome } from './outcomes';

const payment: PaymentReference = {
  attemptNo: '202401020304050000000001',
  scene: 'micropay',
  amount: 1234,
  currency: 'CNY',
  createdAt: new Date('2024-01-02T03:04:05+08:00'),
  expiresAt: new Date('2024-01-02T03:19:05+08:00'),
};
const after = (seconds: number) => new Date(payment.createdAt.getTime() + seconds * 1000);
const silent: Answer<never> = { kind: 'none', code: 'TIMEOUT', cause: 'no answer within 10 ms' };

const code = (changes: Partial<BarcodeReply>): Answer<BarcodeReply> => ({
  kind: 'answer',
  body: {
    RESULT: 'Y',
    ORDERID: payment.attemptNo,
    AMOUNT: '12.34',
    WAITTIME: '',
    TRACEID: '',
    ERRCODE: '',
    ERRMSG: '',
    SIGN: '',
    ...changes,
  },
});

describe('a payment code', () => {
  test.each([
    ['Y', 'paid'],
    ['N', 'failed'],
    ['Q', 'pending'],
    ['U', 'unknown'],
    ['X', 'unknown'],
  ])('answered %s is %s', (RESULT, kind) => {
    expect(barcodeOutcome(code({ RESULT }), payment, after(1))).toMatchObject({ kind });
  });

  test('answered N to a query is failed only when its minute is over', () => {
    const no = code({ RESULT: 'N', ERRCODE: 'E1', ERRMSG: 'x' });
    expect(barcodeQueryOutcome(no, payment, after(59))).toMatchObject({ kind: 'unknown', code: 'E1' });
    expect(barcodeQueryOutcome(no, payment, after(60))).toMatchObject({ kind: 'failed', code: 'E1' });
  });

  test('paid with another amount or order is an alarm; without an answer unknown', () => {
    for (const change of [{ AMOUNT: '12.35' }, { AMOUNT: '' }, { ORDERID: 'x' }]) {
      expect(barcodeOutcome(code(change), payment, after(1))).toMatchObject({
        kind: 'unknown',
        code: 'INTEGRITY',
      });
    }
    expect(barcodeOutcome(silent, payment, after(1))).toMatchObject({ kind: 'unknown', code: 'TIMEOUT' });
  });
});

describe('a QR’s query', () => {
  const native = { ...payment, scene: 'native' as const };
  const says = (
    orders: Partial<QueryReply['QUERYORDER'][number]>[],
    RETURN_CODE = '000000',
  ): Answer<QueryReply> => ({
    kind: 'answer',
    body: {
      RETURN_CODE,
      RETURN_MSG: '',
      QUERYORDER: orders.map((order) => ({
        MERCHANTID: '',
        ORDERID: payment.attemptNo,
        ORDERDATE: '20240102030409',
        AMOUNT: '12.34',
        STATUSCODE: '1',
        STATUS: '',
        ...order,
      })),
    },
  });

  test.each([
    ['0', 'failed'],
    ['1', 'paid'],
    ['2', 'pending'],
    ['3', 'paid'],
    ['4', 'paid'],
    ['5', 'pending'],
    ['9', 'unknown'],
  ])('STATUSCODE %s is %s', (STATUSCODE, kind) => {
    expect(queryOutcome(says([{ STATUSCODE }]), native, after(1))).toMatchObject({ kind });
  });

  test('without the order waits for its time and five minutes more', () => {
    expect(queryOutcome(says([{ ORDERID: 'another' }]), native, after(900))).toEqual({ kind: 'pending' });
    expect(queryOutcome(says([]), native, after(1201))).toEqual({ kind: 'closed', reversed: false });
    expect(queryOutcome(says([], 'XYZ'), native, after(1201))).toMatchObject({
      kind: 'unknown',
      code: 'XYZ',
    });
    expect(queryOutcome(says([{ AMOUNT: '12.35' }]), native, after(1))).toMatchObject({ code: 'INTEGRITY' });
  });
});

describe('a refund', () => {
  const asked: RefundRequest = { refundNo: `${payment.attemptNo}R01`, amount: 500, reason: '退号', payment };
  const row = (changes: object) => ({
    ORDER_NUMBER: payment.attemptNo,
    REFUNDEMENT_AMOUNT: '5.00',
    STATUS: '1',
    REFUND_CODE: 'R01',
    ...changes,
  });

  test('is named within its order, in 15 places', () => {
    expect(refundCode(asked)).toBe('R01');
    expect(refundCode({ ...asked, refundNo: 'A1' })).toBe('A1');
    expect(refundCode({ ...asked, refundNo: 'another-number-of-many-places' })).toBeUndefined();
  });

  test.each([
    ['0', 'failed'],
    ['1', 'refunded'],
    ['2', 'pending'],
    ['5', 'pending'],
    ['7', 'unknown'],
  ])('STATUS %s is %s', (STATUS, kind) => {
    expect(refundRowOutcome([row({ STATUS })], asked, after(1))).toMatchObject({ kind });
  });

  test('is not mistaken for another of the same order, nor for one of another amount', () => {
    expect(refundRowOutcome([row({ REFUND_CODE: 'R02' })], asked, after(1))).toBeUndefined();
    expect(refundRowOutcome([row({ ORDER_NUMBER: 'x' })], asked, after(1))).toBeUndefined();
    expect(refundRowOutcome([row({ REFUNDEMENT_AMOUNT: '5.01' })], asked, after(1))).toMatchObject({
      code: 'INTEGRITY',
    });
  });
});
