import { further, manifest as wechat } from '@hospital-pay/channel-wechat';
import type {
  ChannelConfig,
  ChannelDriver,
  ChannelManifest,
  PayRequest,
  SettledClaim,
} from '@hospital-pay/payments/contract';
import { channelConfigs, createSandbox, generateCredentials, type Sandbox } from '@hospital-pay/sandbox';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';

const [insurance] = further;

/** Both parts of a mixed payment at WeChat, each by its own channel, as the platform makes them. */
describe('a payment by insurance and cash in WeChat', () => {
  let sandbox: Sandbox;
  let cashier: ChannelDriver;
  let insurer: ChannelDriver;
  let stop: () => Promise<void>;
  let serial = 0;

  beforeAll(async () => {
    const credentials = generateCredentials({ wechat: { verifyMode: 'certificate' } });
    sandbox = createSandbox({ credentials, notifyRetryScale: 0, refundSettleMs: 1 });
    const served = await sandbox.listen();
    stop = served.close;
    const configs = channelConfigs(credentials, served.baseUrl);
    const connect = (manifest: ChannelManifest | undefined, config: ChannelConfig) => {
      if (manifest === undefined) throw new Error('no such channel');
      return manifest.connect(
        // Certificates are fetched: also the one that names are encrypted with.
        { ...config, platformCertificate: '' },
        {
          now: () => new Date(),
          notifyUrl: 'http://127.0.0.1:9/notify',
          timeoutMs: 10_000,
          record: () => {},
        },
      );
    };
    cashier = connect(wechat, { ...configs.wechat });
    insurer = connect(insurance, { ...configs.wechatinsurance });
  });

  afterAll(async () => {
    await stop();
    sandbox.destroy();
  });

  async function begun(relative = false) {
    serial += 1;
    const shared = {
      scene: 'jsapi' as const,
      currency: 'CNY' as const,
      subject: '门诊费',
      createdAt: new Date(),
      expiresAt: new Date(Date.now() + 600_000),
      payerId: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o',
    };
    const cash: PayRequest = { ...shared, attemptNo: `WCASH${serial}`, amount: 42_000 };
    const prepaid = await cashier.pay(cash);
    if (prepaid.kind !== 'pending' || prepaid.payerAction === undefined) throw new Error('no prepay id');
    const claim: SettledClaim = {
      claimNo: `ORD53010020260301${serial}`,
      split: { fundFen: 100_000, accountFen: 45_000, otherFen: 5_000, cashFen: 42_000 },
      details: {
        ...sandbox.gateways.wechatinsurance.details(),
        ...(relative ? { relative: { name: '王小明', id_no: '110105491231002' } } : {}),
        cash_add_detail: [{ cash_add_fee: 2_000, cash_add_type: 'FREIGHT' }],
        cash_reduce_detail: [{ cash_reduce_fee: 10_000, cash_reduce_type: 'HOSPITAL_REDUCE' }],
      },
      cash: { attemptNo: cash.attemptNo, payerAction: prepaid.payerAction },
    };
    const insured: PayRequest = { ...shared, attemptNo: `WINS${serial}`, amount: 150_000, claim };
    const asked = await insurer.pay(insured);
    if (asked.kind !== 'pending' || asked.payerAction?.kind !== 'client') {
      throw new Error(`asked: ${JSON.stringify(asked)}`);
    }
    const stands = async () => [
      (await insurer.query({ ...insured, createdAt: shared.createdAt })).kind,
      (await cashier.query({ ...cash, createdAt: shared.createdAt })).kind,
    ];
    return { cash, insured, asked, action: asked.payerAction, stands, createdAt: shared.createdAt };
  }

  test('is one act: the page gets the mixed order’s number and the cash order’s signature', async () => {
    const { insured, cash, asked, action, stands } = await begun();
    expect(action.parameters).toMatchObject({
      mixTradeNo: asked.kind === 'pending' ? asked.channelNo : '',
      package: expect.stringMatching(/^prepay_id=/),
      signType: 'RSA',
      paySign: expect.any(String),
    });
    await sandbox.patient.pay('wechatinsurance', action.parameters.mixTradeNo ?? '');
    expect(await stands()).toEqual(['paid', 'paid']);
    const [row] = sandbox.ledger.payments({ gateway: 'wechatinsurance', outTradeNo: insured.attemptNo });
    expect(row).toMatchObject({ amountFen: 150_000, state: 'paid' });
    expect(sandbox.ledger.payments({ outTradeNo: cash.attemptNo })).toMatchObject([{ amountFen: 42_000 }]);
  });

  test('that a relative pays names both people', async () => {
    const { stands } = await begun(true);
    expect(await stands()).toEqual(['pending', 'pending']);
  });

  test('half of it is seen as half: insurance settled and the cash not, or the other way round', async () => {
    const first = await begun();
    await sandbox.gateways.wechatinsurance.half(first.insured.attemptNo, 'insurance');
    expect(await first.stands()).toEqual(['paid', 'pending']);
    const second = await begun();
    await sandbox.gateways.wechatinsurance.half(second.insured.attemptNo, 'cash');
    expect(await second.stands()).toEqual(['failed', 'paid']);
  });

  test('is over when the cash order is closed', async () => {
    const { cash, createdAt, stands } = await begun();
    await cashier.close?.({ ...cash, createdAt });
    expect(await stands()).toEqual(['failed', 'closed']);
  });

  test('is given back in two steps under one number: WeChat hears of insurance, and returns the cash', async () => {
    const { insured, cash, createdAt, action } = await begun();
    await sandbox.patient.pay('wechatinsurance', action.parameters.mixTradeNo ?? '');
    const paid = await insurer.query({ ...insured, createdAt });
    const channelNo = paid.kind === 'paid' ? paid.channelNo : '';
    const cashRefundNo = `${cash.attemptNo}R1`;
    const refund = {
      refundNo: `${insured.attemptNo}R1`,
      cashRefundNo,
      amount: 150_000,
      reason: '退费',
      payment: { ...insured, createdAt, channelNo },
    };
    expect(await insurer.queryRefund?.(refund)).toMatchObject({ kind: 'unknown', code: 'REFUND_NOT_FOUND' });
    expect(await insurer.refund?.({ ...refund, amount: 1_000 })).toMatchObject({ code: 'PARTIAL_REFUND' });
    expect(await insurer.refund?.(refund)).toMatchObject({ kind: 'refunded', amount: 150_000 });
    expect(await insurer.queryRefund?.(refund)).toMatchObject({ kind: 'refunded' });
    expect(sandbox.ledger.refunds({ gateway: 'wechatinsurance' })).toMatchObject([
      { refundNo: cashRefundNo },
    ]);
    const back = { refundNo: cashRefundNo, amount: 42_000, reason: '退费', payment: { ...cash, createdAt } };
    expect(['pending', 'refunded']).toContain((await cashier.refund?.(back))?.kind);
  });

  test('with amounts that cannot add up, or without its cash order, is refused before anything is sent', async () => {
    const { insured } = await begun();
    const { claim } = insured;
    if (claim === undefined) throw new Error('no claim');
    const { cash: _, ...cashless } = claim;
    const ask = (changed: SettledClaim) => insurer.pay({ ...insured, attemptNo: 'WNEVER', claim: changed });
    expect(await ask(cashless)).toMatchObject({ kind: 'failed', code: 'CASH_PAYMENT_MISSING' });
    expect(await ask({ ...claim, split: { ...claim.split, fundFen: 1 } })).toMatchObject({ code: 'AMOUNTS' });
    const added = { ...claim.details, cash_add_detail: [{ cash_add_fee: 99_000, cash_add_type: 'FREIGHT' }] };
    expect(await ask({ ...claim, details: added })).toMatchObject({ code: 'AMOUNTS' });
    expect(await ask({ ...claim, details: { ...claim.details, serial_no: '' } })).toMatchObject({
      code: 'DETAILS',
    });
    expect(sandbox.ledger.payments({ outTradeNo: 'WNEVER' })).toEqual([]);
  });
});
