import type { SettledClaim } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import { mixedOrderBody, mixedOutcome, refusedMixed } from './outcomes';

const now = new Date('2026-03-01T10:00:00+08:00');
const claim: SettledClaim = {
  claimNo: 'ORD1',
  split: { fundFen: 100_000, accountFen: 45_000, otherFen: 5_000, cashFen: 42_000 },
  details: {},
  cash: { attemptNo: 'C1', payerAction: { kind: 'client', parameters: {} } },
};
const asked = { orderNo: 'C1', amount: 150_000, claim, expiresAt: new Date('2026-03-01T09:00:00+08:00') };
const told = {
  mix_trade_no: 'M1',
  mix_pay_status: 'MIX_PAY_CREATED',
  self_pay_status: 'SELF_PAY_CREATED',
  med_ins_pay_status: 'MED_INS_PAY_CREATED',
  out_trade_no: 'C1',
  appid: 'wx1',
  total_fee: 202_000,
  med_ins_gov_fee: 100_000,
  med_ins_self_fee: 45_000,
  med_ins_other_fee: 5_000,
  med_ins_cash_fee: 50_000,
  wechat_pay_cash_fee: 42_000,
  cash_add_detail: [{ cash_add_fee: 2_000, cash_add_type: 'FREIGHT' }],
  cash_reduce_detail: [{ cash_reduce_fee: 10_000, cash_reduce_type: 'DEFAULT_REDUCE_TYPE' }],
};
const outcome = (changes: Record<string, unknown>, at = now) =>
  mixedOutcome(mixedOrderBody.parse({ ...told, ...changes }), { appid: 'wx1', payment: asked }, at);

describe('the insurer’s part of a mixed order', () => {
  test.each([
    ['MED_INS_PAY_CREATED', 'pending'],
    ['MED_INS_PAY_SUCCESS', 'paid'],
    ['MED_INS_PAY_REFUND', 'closed'],
    ['MED_INS_PAY_FAIL', 'failed'],
    ['NO_MED_INS_PAY', 'unknown'],
    ['MED_INS_PAY_REVERSING', 'unknown'],
  ])('%s is %s', (med_ins_pay_status, kind) => {
    expect(outcome({ med_ins_pay_status }).kind).toBe(kind);
  });

  test('is paid when it is settled, though the cash is not; and the other way round it is not', () => {
    const settled = { med_ins_pay_status: 'MED_INS_PAY_SUCCESS', paid_time: '2026-03-01T08:59:00+08:00' };
    expect(outcome(settled)).toEqual({
      kind: 'paid',
      amount: 150_000,
      currency: 'CNY',
      channelNo: 'M1',
      paidAt: new Date('2026-03-01T08:59:00+08:00'),
      split: claim.split,
    });
    expect(
      outcome({ ...settled, self_pay_status: 'SELF_PAY_FAIL', mix_pay_status: 'MIX_PAY_FAIL' }).kind,
    ).toBe('paid');
    expect(
      outcome({
        self_pay_status: 'SELF_PAY_SUCCESS',
        mix_pay_status: 'MIX_PAY_FAIL',
        med_ins_pay_status: 'MED_INS_PAY_FAIL',
        med_ins_fail_reason: '预结算金额不匹配',
      }),
    ).toEqual({ kind: 'failed', code: 'MED_INS_PAY_FAIL', message: '预结算金额不匹配' });
  });

  test('of another order, app or sum, or with amounts that do not add up, is an integrity problem', () => {
    for (const changes of [
      { out_trade_no: 'C2' },
      { appid: 'wx2' },
      { total_fee: 202_001 },
      { med_ins_gov_fee: 100_001, total_fee: 202_001 },
      { med_ins_cash_fee: 50_001, wechat_pay_cash_fee: 42_001, total_fee: 202_001 },
      { cash_reduce_detail: [] },
    ]) {
      expect(outcome({ med_ins_pay_status: 'MED_INS_PAY_SUCCESS', ...changes })).toMatchObject({
        kind: 'unknown',
        code: 'INTEGRITY',
      });
    }
  });

  test('that nobody paid is closed once its cash order’s prepay id is dead', () => {
    expect(outcome({}).kind).toBe('pending');
    expect(outcome({}, new Date('2026-03-01T11:00:01+08:00'))).toEqual({ kind: 'closed', reversed: false });
  });

  test('that was refused is explained by the number of the request', () => {
    const payment = { scene: 'jsapi' as const, createdAt: now };
    const refusal = { kind: 'error' as const, code: 'RULE_LIMIT', message: '校验不通过', status: 403 };
    expect(refusedMixed('pay', { ...refusal, requestId: '08F-268545963' }, payment, now)).toEqual({
      kind: 'failed',
      code: '268545963',
      message: '校验不通过',
    });
    expect(refusedMixed('pay', { ...refusal, requestId: '08F-1' }, payment, now)).toMatchObject({
      code: 'RULE_LIMIT',
    });
    expect(
      refusedMixed('pay', { ...refusal, code: 'ALREADY_EXISTS', requestId: '08F-268512536' }, payment, now),
    ).toMatchObject({ kind: 'unknown' });
  });
});
