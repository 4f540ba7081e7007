import type { Outcome, Scene } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import { errorExplanations } from './errors';
import {
  type OrderFacts,
  orderOutcome,
  type RefundFacts,
  refundOutcome,
  refusedOutcome,
  type Verb,
} from './outcomes';

const now = new Date('2026-11-22T10:00:00Z');
const paidAt = new Date('2026-11-22T09:59:00Z');
const young = { scene: 'micropay' as Scene, createdAt: new Date(now.getTime() - 5_000) };
const expected = { mchid: '1', appid: 'wx1', payment: { attemptNo: 'A00001', amount: 1999 } };

const order = (change: Partial<OrderFacts> = {}): OrderFacts => ({
  mchid: '1',
  appid: 'wx1',
  attemptNo: 'A00001',
  tradeState: 'SUCCESS',
  tradeStateText: '支付成功',
  channelNo: '42000001',
  amount: 1999,
  currency: 'CNY',
  paidAt,
  payer: 'openid1',
  ...change,
});

const paid: Outcome = {
  kind: 'paid',
  amount: 1999,
  currency: 'CNY',
  channelNo: '42000001',
  paidAt,
  payer: 'openid1',
};

describe('trade_state', () => {
  const table: [string, Outcome][] = [
    ['SUCCESS', paid],
    ['REFUND', paid],
    ['NOTPAY', { kind: 'pending', channelNo: '42000001' }],
    ['USERPAYING', { kind: 'pending', channelNo: '42000001' }],
    ['CLOSED', { kind: 'closed', reversed: false }],
    ['REVOKED', { kind: 'closed', reversed: true }],
    ['PAYERROR', { kind: 'failed', code: 'PAYERROR', message: '支付成功' }],
  ];
  test.each(table)('%s', (tradeState, outcome) => {
    expect(orderOutcome(order({ tradeState }), expected, now)).toEqual(outcome);
  });

  test('a state never met is unknown', () => {
    expect(orderOutcome(order({ tradeState: 'HALFPAID' }), expected, now).kind).toBe('unknown');
  });

  const mismatches: [string, Partial<OrderFacts>][] = [
    ['another amount', { amount: 1998 }],
    ['no amount', { amount: undefined }],
    ['another currency', { currency: 'HKD' }],
    ['another merchant', { mchid: '2' }],
    ['another app', { appid: 'wx2' }],
    ['another order', { attemptNo: 'A00002' }],
    ['no transaction id', { channelNo: undefined }],
  ];
  test.each(mismatches)('%s is an integrity alarm, never a success', (_name, change) => {
    expect(orderOutcome(order(change), expected, now)).toMatchObject({ kind: 'unknown', code: 'INTEGRITY' });
  });
});

describe('refund status', () => {
  const asked = { refundNo: 'R1', attemptNo: 'A00001', amount: 500, total: 1999 };
  const refund = (change: Partial<RefundFacts> = {}): RefundFacts => ({
    refundNo: 'R1',
    attemptNo: 'A00001',
    status: 'SUCCESS',
    channelRefundNo: '503',
    amount: 500,
    total: 1999,
    currency: 'CNY',
    refundedAt: paidAt,
    ...change,
  });

  test('SUCCESS is refunded with this refund, not the sum of all', () => {
    expect(refundOutcome(refund(), asked, now)).toEqual({
      kind: 'refunded',
      amount: 500,
      currency: 'CNY',
      channelNo: '503',
      refundedAt: paidAt,
    });
  });

  test('PROCESSING is pending', () => {
    expect(refundOutcome(refund({ status: 'PROCESSING' }), asked, now)).toEqual({
      kind: 'pending',
      channelNo: '503',
    });
  });

  test.each(['CLOSED', 'ABNORMAL', 'REFUNDCLOSE', 'CHANGE'])('%s is failed with its code', (status) => {
    expect(refundOutcome(refund({ status }), asked, now)).toMatchObject({ kind: 'failed', code: status });
  });

  const mismatches: [string, Partial<RefundFacts>][] = [
    ['another amount', { amount: 501 }],
    ['another order amount', { total: 2000 }],
    ['another refund', { refundNo: 'R2' }],
    ['another order', { attemptNo: 'A00002' }],
    ['another currency', { currency: 'USD' }],
  ];
  test.each(mismatches)('%s is an integrity alarm', (_name, change) => {
    expect(refundOutcome(refund(change), asked, now)).toMatchObject({ kind: 'unknown', code: 'INTEGRITY' });
  });
});

describe('error codes', () => {
  const say = (verb: Verb, code: string, status = 400, requestId?: string) =>
    refusedOutcome(verb, { kind: 'error', code, message: 'm', status, requestId }, young, now);

  const payTable: [string, Outcome['kind']][] = [
    ['PARAM_ERROR', 'failed'],
    ['INVALID_REQUEST', 'failed'],
    ['APPID_MCHID_NOT_MATCH', 'failed'],
    ['MCH_NOT_EXISTS', 'failed'],
    ['AUTH_CODE_INVALID', 'failed'],
    ['AUTHCODEEXPIRE', 'failed'],
    ['AUTH_CODE_ERROR', 'failed'],
    ['SIGN_ERROR', 'failed'],
    ['NO_AUTH', 'failed'],
    ['RULE_LIMIT', 'failed'],
    ['NOT_ENOUGH', 'failed'],
    ['NOTENOUGH', 'failed'],
    ['NOTSUPORTCARD', 'failed'],
    ['BUYER_MISMATCH', 'failed'],
    ['TRADE_ERROR', 'failed'],
    ['USER_ACCOUNT_ABNORMAL', 'failed'],
    ['REQUEST_BLOCKED', 'failed'],
    ['USERPAYING', 'pending'],
    ['ORDERPAID', 'unknown'],
    ['OUT_TRADE_NO_USED', 'unknown'],
    ['ORDER_CLOSED', 'closed'],
    ['ORDERREVERSED', 'closed'],
    ['FREQUENCY_LIMITED', 'unknown'],
    ['RATELIMIT_EXCEEDED', 'unknown'],
    ['SYSTEM_ERROR', 'unknown'],
    ['BANK_ERROR', 'unknown'],
    ['SYSTEMERROR', 'unknown'],
    ['BANKERROR', 'unknown'],
    ['A_CODE_NEVER_MET', 'unknown'],
  ];
  test.each(payTable)('paying: %s is %s', (code, kind) => {
    expect(say('pay', code).kind).toBe(kind);
  });

  test('ORDERPAID keeps its code so that the core queries', () => {
    expect(say('pay', 'ORDERPAID')).toMatchObject({ kind: 'unknown', code: 'ORDERPAID' });
    expect(say('close', 'ORDERPAID')).toMatchObject({ kind: 'unknown', code: 'ORDERPAID' });
  });

  test('a 5xx is unknown even with a code that would be final', () => {
    expect(say('pay', 'AUTH_CODE_INVALID', 500).kind).toBe('unknown');
  });

  test('a refund that the balance cannot cover is to be sent again', () => {
    expect(say('refund', 'NOT_ENOUGH', 403)).toMatchObject({ kind: 'unknown', code: 'NOT_ENOUGH' });
    expect(say('refund', 'NOTENOUGH', 200)).toMatchObject({ kind: 'unknown', code: 'NOT_ENOUGH' });
  });

  test('a refund query that finds nothing says so in a way the core re-sends on', () => {
    expect(say('queryRefund', 'RESOURCE_NOT_EXISTS', 404)).toMatchObject({
      kind: 'unknown',
      code: 'REFUND_NOT_FOUND',
    });
    expect(say('queryRefund', 'REFUNDNOTEXIST', 200)).toMatchObject({
      kind: 'unknown',
      code: 'REFUND_NOT_FOUND',
    });
  });

  test('refunding a payment over a year old is failed', () => {
    expect(say('refund', 'TRADE_OVERDUE')).toMatchObject({ kind: 'failed', code: 'TRADE_OVERDUE' });
  });

  test('BIZERR_NEED_RETRY on a refund is unknown', () => {
    expect(say('refund', 'BIZERR_NEED_RETRY').kind).toBe('unknown');
  });

  test('an order not found is unknown while it may still arrive and closed when its life is over', () => {
    const missing = { kind: 'error', code: 'ORDER_NOT_EXIST', message: 'm', status: 404 } as const;
    expect(refusedOutcome('query', missing, young, now)).toMatchObject({
      kind: 'unknown',
      code: 'ORDER_NOT_FOUND',
    });
    const old = (scene: Scene, minutes: number) => ({
      scene,
      createdAt: new Date(now.getTime() - minutes * 60_000),
    });
    expect(refusedOutcome('query', missing, old('micropay', 3), now)).toEqual({
      kind: 'closed',
      reversed: false,
    });
    expect(refusedOutcome('query', missing, old('native', 119), now).kind).toBe('unknown');
    expect(refusedOutcome('query', missing, old('native', 121), now)).toEqual({
      kind: 'closed',
      reversed: false,
    });
  });

  test('an order not found is closed only after its own expiry, whether that is near or far', () => {
    const missing = { kind: 'error', code: 'ORDER_NOT_EXIST', message: 'm', status: 404 } as const;
    const order = (ageMinutes: number, lifeMinutes: number) => {
      const createdAt = new Date(now.getTime() - ageMinutes * 60_000);
      const expiresAt = new Date(createdAt.getTime() + lifeMinutes * 60_000);
      return { scene: 'native' as const, createdAt, expiresAt };
    };
    const kind = (ageMinutes: number, lifeMinutes: number) =>
      refusedOutcome('query', missing, order(ageMinutes, lifeMinutes), now).kind;
    expect([kind(14, 15), kind(17, 15), kind(130, 180), kind(182, 180)]).toEqual([
      'unknown',
      'closed',
      'unknown',
      'closed',
    ]);
  });

  test('the Request-ID tells what INVALID_REQUEST means', () => {
    expect(say('pay', 'INVALID_REQUEST', 400, '08F7-268498689')).toMatchObject({
      kind: 'unknown',
      code: 'ORDERPAID',
    });
    expect(say('pay', 'INVALID_REQUEST', 400, '08F7-268498688')).toMatchObject({ code: 'OUT_TRADE_NO_USED' });
    expect(say('pay', 'INVALID_REQUEST', 400, '08F7-1').kind).toBe('failed');
  });

  test('no answer at all is unknown, whatever was asked', () => {
    for (const verb of ['pay', 'query', 'close', 'reverse', 'refund', 'queryRefund'] as const) {
      const outcome = refusedOutcome(verb, { kind: 'unusable', code: 'TIMEOUT', cause: 'c' }, young, now);
      expect(outcome).toEqual({ kind: 'unknown', code: 'TIMEOUT', cause: 'c' });
    }
  });

  test('every code of the tables is explained in both languages', () => {
    const codes = [
      ...payTable.map(([code]) => code).filter((code) => code !== 'A_CODE_NEVER_MET'),
      'INTEGRITY',
    ];
    for (const code of codes) {
      expect(errorExplanations[code]?.zh).toBeTruthy();
      expect(errorExplanations[code]?.en).toBeTruthy();
    }
  });
});
