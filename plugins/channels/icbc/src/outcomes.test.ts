import type { PaymentReference, RefundRequest, Scene } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import { type Reply, replyBody } from './client';
import {
  closeOutcome,
  micropayOutcome,
  queryOutcome,
  refundOutcome,
  refundQueryOutcome,
  reverseRefusal,
} from './outcomes';

const now = new Date('2024-01-02T03:10:00+08:00');
const payment = (scene: Scene): PaymentReference => ({
  attemptNo: '202401020304050000000001',
  scene,
  amount: 1234,
  currency: 'CNY',
  createdAt: new Date('2024-01-02T03:04:05+08:00'),
});
const says = (body: Record<string, unknown>): Reply => ({
  kind: 'signed',
  body: replyBody.parse({ return_code: 0, ...body }),
});
const told = {
  out_trade_no: '202401020304050000000001',
  order_id: '020001020001000712401020000001',
  total_amt: '1234',
  pay_time: '20240102030409',
};
const silent: Reply = { kind: 'none', code: 'TIMEOUT', cause: 'no answer within 10 ms' };

describe('pay_status means the opposite in the two families', () => {
  test.each([
    ['micropay', '-1', 'failed'],
    ['micropay', '0', 'pending'],
    ['micropay', '1', 'paid'],
    ['micropay', '2', 'failed'],
    ['micropay', '3', 'closed'],
    ['micropay', '4', 'pending'],
    ['native', '5', 'paid'],
    ['native', '6', 'paid'],
    ['native', '7', 'paid'],
    ['native', '8', 'unknown'],
    ['jsapi', '0', 'paid'],
    ['jsapi', '1', 'failed'],
    ['app', '2', 'pending'],
    ['app', '3', 'unknown'],
  ] as const)('%s %s is %s', (scene, pay_status, kind) => {
    expect(queryOutcome(says({ ...told, pay_status }), payment(scene), now)).toMatchObject({ kind });
  });
});

describe('a query', () => {
  test('gives amount, number and time', () => {
    expect(queryOutcome(says({ ...told, pay_status: 1 }), payment('micropay'), now)).toEqual({
      kind: 'paid',
      amount: 1234,
      currency: 'CNY',
      channelNo: told.order_id,
      paidAt: new Date('2024-01-02T03:04:09+08:00'),
    });
  });

  test.each([{ out_trade_no: 'x' }, { total_amt: '1235' }])(
    'about something else (%p) is an alarm',
    (change) => {
      const answer = says({ ...told, pay_status: '1', ...change });
      expect(queryOutcome(answer, payment('native'), now)).toMatchObject({ code: 'INTEGRITY' });
      expect(micropayOutcome(answer, payment('micropay'), now)).toMatchObject({ code: 'INTEGRITY' });
    },
  );

  test('of a QR nobody paid in its time says closed, five minutes later', () => {
    const asked = { ...payment('native'), expiresAt: now };
    const waiting = says({ ...told, pay_status: '0' });
    expect(queryOutcome(waiting, asked, now)).toMatchObject({ kind: 'pending' });
    const later = new Date(now.getTime() + 300_001);
    expect(queryOutcome(waiting, asked, later)).toEqual({ kind: 'closed', reversed: false });
    expect(queryOutcome(waiting, { ...asked, scene: 'jsapi' }, later)).toMatchObject({ kind: 'paid' });
  });

  test('refused or unanswered is unknown', () => {
    for (const reply of [
      silent,
      says({ return_code: '500018', return_msg: '超时' }),
      says({ pay_status: undefined }),
    ]) {
      expect(queryOutcome(reply, payment('micropay'), now)).toMatchObject({ kind: 'unknown' });
    }
  });
});

describe('other answers', () => {
  test('only a wrong parameter or signature is a certain no', () => {
    const answered = (return_code: string) =>
      micropayOutcome(says({ return_code, return_msg: 'x' }), payment('micropay'), now).kind;
    expect(['400011', '400017', '00005031', '500018'].map(answered)).toEqual([
      'failed',
      'failed',
      'unknown',
      'unknown',
    ]);
  });

  test('a reversal without an answer is unknown, a close answered paid is no close', () => {
    expect(reverseRefusal(says({}))).toBeUndefined();
    expect(reverseRefusal(silent)).toMatchObject({ kind: 'unknown' });
    expect(closeOutcome(says({ pay_status: '1' }))).toEqual({ kind: 'closed', reversed: false });
    expect(closeOutcome(says({ pay_status: '0' }))).toMatchObject({ kind: 'unknown', code: 'ORDER_PAID' });
  });
});

describe('a refund', () => {
  const asked = (scene: Scene): RefundRequest => ({
    refundNo: '202401020304050000000001R01',
    amount: 500,
    reason: '退号',
    payment: payment(scene),
  });

  test('of the QR family is done when ICBC states the amount, and an alarm when it states another', () => {
    expect(refundOutcome(says({ reject_amt: '500' }), asked('native'), now)).toMatchObject({
      kind: 'refunded',
      amount: 500,
    });
    expect(refundOutcome(says({}), asked('native'), now)).toMatchObject({ kind: 'pending' });
    expect(refundQueryOutcome(says({ reject_amt: 501 }), asked('native'), now)).toMatchObject({
      code: 'INTEGRITY',
    });
    expect(refundOutcome(silent, asked('native'), now)).toMatchObject({ kind: 'unknown' });
  });

  test('of the aggregate family is accepted, and its query decides', () => {
    expect(refundOutcome(says({ intrx_serial_no: '1' }), asked('jsapi'), now)).toMatchObject({
      kind: 'pending',
    });
    const answered = (pay_status: string) =>
      refundQueryOutcome(says({ pay_status, reject_amt: '500' }), asked('jsapi'), now).kind;
    expect(['0', '1', '2'].map(answered)).toEqual(['refunded', 'failed', 'pending']);
  });

  test('that ICBC does not know is never sent again by itself', () => {
    const outcome = refundQueryOutcome(says({ return_code: '400016' }), asked('native'), now);
    expect(outcome).toMatchObject({ kind: 'unknown', code: '400016' });
  });
});
