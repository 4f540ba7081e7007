import { type MixedView, payments } from '@hospital-pay/payments';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { newNo } from '../harness/client';
import { createTurnableClock } from '../harness/clock';
import { type Hospital, startHospital } from '../harness/hospital';
import { passTime, until } from '../harness/waiting';

const system = { kind: 'system' } as const;
type Answered = MixedView & { error: { name: string } };

/** Mixed payments over the channels themselves and their gateways, as far as the insurers' ledgers. */
describe('a mixed payment at a real insurer’s gateway', () => {
  const clock = createTurnableClock(0);
  let hospital: Hospital;

  beforeAll(async () => {
    hospital = await startHospital({ clock, channels: ['wechat', 'insurance', 'wechatinsurance'] });
  }, 120_000);
  afterEach(() => hospital.sandbox.faults.clear());
  afterAll(() => hospital.stop());

  const act = (of: { merchantOrderNo: string }, verb: string, body: unknown = {}) =>
    hospital.call<Answered>('POST', `/api/v1/mixed-payments/${of.merchantOrderNo}/${verb}`, body);
  const read = (of: { mixedNo: string }) =>
    payments(hospital.strapi()).mixed.get({ mixedNo: of.mixedNo }, system);
  const becomes = (of: { mixedNo: string }, state: MixedView['state'], seconds = 900) =>
    passTime(
      clock,
      { seconds, stepSeconds: 10 },
      () => read(of),
      (now) => now.state === state,
    );
  const settlement = (of: MixedView) =>
    hospital.sandbox.ledger.payments({
      gateway: 'insurance',
      outTradeNo: of.insuranceOrder?.orderNo ?? '',
    })[0];
  const mixed = (of: MixedView) =>
    hospital.sandbox.ledger.payments({
      gateway: 'wechatinsurance',
      outTradeNo: of.insuranceOrder?.orderNo ?? '',
    })[0];

  describe('of the mobile-payment centre', () => {
    const create = async () => {
      const fee = hospital.sandbox.gateways.insurance.fee({
        insuredFen: 7_000,
        cashFen: 3_000,
        fate: 'pays',
      });
      const { body } = await hospital.call<Answered>('POST', '/api/v1/mixed-payments', {
        merchantOrderNo: newNo(),
        subject: '门诊缴费',
        channel: 'insurance',
        ...fee,
      });
      return body;
    };
    const inCash = { cash: { scene: 'native', channel: 'wechat' } };

    async function paid(): Promise<MixedView> {
      const quoted = await create();
      const { body: due } = await act(quoted, 'confirm', inCash);
      await hospital.sandbox.patient.pay('wechat', due.cashOrder?.orderNo ?? '');
      return until(
        () => read(quoted),
        (now) => now.state === 'paid',
      );
    }

    test('is quoted, settled, and the rest is paid by a wallet', async () => {
      const quoted = await create();
      expect(quoted).toMatchObject({
        state: 'quoted',
        split: { fundFen: 4_900, accountFen: 2_100, otherFen: 0, cashFen: 3_000 },
      });
      const { body: due } = await act(quoted, 'confirm', inCash);
      expect(due).toMatchObject({ state: 'paying', insuranceOrder: { status: 'paid', amountFen: 7_000 } });
      expect(settlement(due)).toMatchObject({ state: 'paid', amountFen: 7_000 });
      await hospital.sandbox.patient.pay('wechat', due.cashOrder?.orderNo ?? '');
      await until(
        () => read(quoted),
        (now) => now.state === 'paid',
      );
    });

    test('is settled once when the answer is lost', async () => {
      const quoted = await create();
      hospital.sandbox.faults.add({ channel: 'insurance', operation: 'create', kind: 'http_5xx' });
      await act(quoted, 'confirm', inCash);
      const due = await becomes(quoted, 'paying', 120);
      expect(due.insuranceOrder).toMatchObject({ status: 'paid' });
      expect(settlement(due)).toMatchObject({ state: 'paid' });
      await act(quoted, 'cancel');
      const undone = await becomes(quoted, 'undone');
      expect(settlement(undone)).toMatchObject({ refundedFen: 7_000 });
    });

    test('goes back: insurance by its claim, then the cash', async () => {
      const whole = await paid();
      await act(whole, 'refund', { merchantRefundNo: newNo(), reason: '退号' });
      const back = await becomes(whole, 'refunded');
      expect(settlement(back)).toMatchObject({ refundedFen: 7_000 });
      expect(hospital.sandbox.ledger.payments({ outTradeNo: back.cashOrder?.orderNo ?? '' })).toMatchObject([
        { refundedFen: 3_000 },
      ]);
    });
  });

  describe('inside WeChat', () => {
    const create = async (expiresIn?: number) => {
      const { body } = await hospital.call<Answered>('POST', '/api/v1/mixed-payments', {
        merchantOrderNo: newNo(),
        subject: '门诊缴费',
        channel: 'wechatinsurance',
        totalFen: 10_000,
        details: hospital.sandbox.gateways.wechatinsurance.details(),
        claim: {
          claimNo: newNo(),
          split: { fundFen: 5_000, accountFen: 1_500, otherFen: 500, cashFen: 3_000 },
        },
        cash: { scene: 'jsapi', channel: 'wechat', payerId: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
        ...(expiresIn === undefined ? {} : { expiresIn }),
      });
      return body;
    };

    test('is one act of the patient’s, and goes back under one number', async () => {
      const begun = await create();
      const { payerAction } = begun;
      expect(payerAction).toMatchObject({
        kind: 'client',
        parameters: { mixTradeNo: mixed(begun)?.tradeNo, package: expect.stringMatching(/^prepay_id=/) },
      });
      await hospital.sandbox.patient.pay('wechatinsurance', mixed(begun)?.tradeNo ?? '');
      const whole = await until(
        () => read(begun),
        (now) => now.state === 'paid',
      );
      expect(whole.split).toEqual({ fundFen: 5_000, accountFen: 1_500, otherFen: 500, cashFen: 3_000 });
      await act(whole, 'refund', { merchantRefundNo: newNo(), reason: '退号' });
      await becomes(whole, 'refunded');
      const refunds = hospital.sandbox.ledger
        .refunds()
        .filter(({ outTradeNo }) => outTradeNo.startsWith(whole.mixedNo));
      expect(refunds.map(({ gateway, amountFen }) => [gateway, amountFen])).toEqual(
        expect.arrayContaining([
          ['wechatinsurance', 7_000],
          ['wechat', 3_000],
        ]),
      );
      expect(new Set(refunds.map(({ refundNo }) => refundNo)).size).toBe(1);
    });

    test.each(['insurance', 'cash'] as const)('half of it (%s) is found and undone', async (half) => {
      const begun = await create(120);
      await hospital.sandbox.gateways.wechatinsurance.half(begun.insuranceOrder?.orderNo ?? '', half);
      const undone = await becomes(begun, 'undone', 1_800);
      const [cash] = hospital.sandbox.ledger.payments({ outTradeNo: undone.cashOrder?.orderNo ?? '' });
      const held = [mixed(undone), cash].map((row) =>
        row?.paidAt === null || row === undefined ? 0 : row.amountFen - row.refundedFen,
      );
      expect(held).toEqual([0, 0]);
    });
  });

  test('what identifies the patient stands in no log', async () => {
    const rows: object[] = await hospital.strapi().db.connection('interface_logs').select('*');
    expect(rows.length).toBeGreaterThan(0);
    expect(JSON.stringify(rows)).not.toMatch(/44030019000101123X|王建国/);
  });
});
