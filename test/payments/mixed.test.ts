import {
  chinaDay,
  type MixedView,
  type PaymentEvents,
  payments,
  registerChannel,
} from '@hospital-pay/payments';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newNo } from '../harness/client';
import { createTurnableClock } from '../harness/clock';
import { alipayCode, type Hospital, merchantCode, password, startHospital } from '../harness/hospital';
import { reconcile } from '../harness/runs';
import { passTime, until } from '../harness/waiting';
import { Insurer } from './insurer';

type Answered = MixedView & { error: { name: string } };
const system = { kind: 'system' } as const;

describe.each(['sqlite', 'postgres'] as const)('a mixed payment on %s', (database) => {
  const clock = createTurnableClock(0);
  const insurer = new Insurer();
  let hospital: Hospital;
  let alarms: PaymentEvents['alarm'][] = [];

  beforeAll(async () => {
    hospital = await startHospital({
      clock,
      database,
      channels: ['alipay', 'wechat', 'insurance', 'wechatinsurance'],
      async prepare(strapi) {
        registerChannel(strapi, insurer.manifest('insurer'));
        const account = { code: 'insurer-1', channel: 'insurer', merchantCode, enabled: true };
        await payments(strapi).accounts.save({ ...account, name: 'insurer', config: {} });
        const route = { name: 'insurer', merchantCode, channel: 'insurer', accountCode: 'insurer-1' };
        await strapi.db.query('api::route.route').create({ data: { ...route, priority: 1, enabled: true } });
      },
    });
    payments(hospital.strapi()).events.on('alarm', (alarm) => alarms.push(alarm));
  }, 120_000);
  beforeEach(() => {
    alarms = [];
  });
  afterEach(() => {
    hospital.sandbox.faults.clear();
    insurer.silent = {};
    insurer.refusesRefunds = false;
  });
  afterAll(() => hospital.stop());

  const create = (bearsFen: number | string, fields: Record<string, unknown> = {}) =>
    hospital.call<Answered>('POST', '/api/v1/mixed-payments', {
      merchantOrderNo: newNo(),
      totalFen: 10_000,
      subject: '门诊缴费',
      ...(fields.claim === undefined ? { channel: 'insurer' } : {}),
      details: { bearsFen },
      ...fields,
    });
  const act = (of: { merchantOrderNo: string }, verb: string, body: unknown = {}) =>
    hospital.call<Answered>('POST', `/api/v1/mixed-payments/${of.merchantOrderNo}/${verb}`, body);
  const read = (of: { mixedNo: string }) =>
    payments(hospital.strapi()).mixed.get({ mixedNo: of.mixedNo }, system);
  const becomes = (of: { mixedNo: string }, state: MixedView['state'], seconds = 0) =>
    seconds > 0
      ? passTime(
          clock,
          { seconds, stepSeconds: 10 },
          () => read(of),
          (now) => now.state === state,
        )
      : until(
          () => read(of),
          (now) => now.state === state,
        );
  const qr = { cash: { scene: 'native', channel: 'wechat' } };
  const patientPays = (view: MixedView) =>
    hospital.sandbox.patient.pay(null, view.payerAction?.kind === 'qr' ? view.payerAction.text : '');
  const row = (of: { mixedNo: string }) =>
    hospital.strapi().db.connection('mixed_payments').where({ mixed_no: of.mixedNo }).first();

  test('is quoted, settled by insurance, paid in cash, and told to HIS once as a whole', async () => {
    const { status, body: quoted } = await create(7000);
    expect({ status, state: quoted.state, split: quoted.split }).toEqual({
      status: 200,
      state: 'quoted',
      split: { fundFen: 3500, accountFen: 3500, otherFen: 0, cashFen: 3000 },
    });
    const { body: due } = await act(quoted, 'confirm', qr);
    expect(due).toMatchObject({
      state: 'paying',
      insuranceOrder: { status: 'paid', amountFen: 7000, mixedNo: quoted.mixedNo },
      cashOrder: { status: 'pending', amountFen: 3000 },
      payerAction: { kind: 'qr' },
    });
    patientPays(due);
    const paid = await until(
      () => read(quoted),
      (now) => now.hisState === 'confirmed',
    );
    expect(paid).toMatchObject({ state: 'paid', hisOrderNo: expect.any(String) });
    const told = hospital.sandbox.his.bookings().filter(({ orderNo }) => orderNo.startsWith(quoted.mixedNo));
    expect(told.map(({ orderNo, amountFen }) => ({ orderNo, amountFen }))).toEqual([
      { orderNo: quoted.mixedNo, amountFen: 10_000 },
    ]);
    expect(told[0]?.confirmation).toMatchObject({ mixed: { fundFen: 3500, cashFen: 3000 } });
    expect(paid.cashOrder).toMatchObject({ hisState: 'confirmed', hisOrderNo: paid.hisOrderNo });
  });

  const book = (of: MixedView, fields: Record<string, unknown> = {}) =>
    hospital.call('POST', '/api/v1/his-records', {
      hisSerialNo: `S${of.mixedNo}`,
      kind: 'charge',
      amountFen: of.totalFen,
      ...of.split,
      payType: '医保',
      orderNo: of.mixedNo,
      occurredAt: clock.now().toISOString(),
      ...fields,
    });
  const halves = async (of: MixedView) => {
    const rows: { order_no: string; recon_state: string; anomalies: string | string[] | null }[] =
      await hospital
        .strapi()
        .db.connection('orders')
        .where({ mixed_no: of.mixedNo })
        .orderBy('order_no', 'desc')
        .select('order_no', 'recon_state', 'anomalies');
    return rows.map(({ recon_state, anomalies }) => [
      recon_state,
      typeof anomalies === 'string' ? JSON.parse(anomalies) : (anomalies ?? []),
    ]);
  };
  const cases = async (of: MixedView): Promise<unknown[]> =>
    hospital
      .strapi()
      .db.connection('discrepancies')
      .where('order_no', 'like', `${of.mixedNo}%`)
      .where({ status: 'open' })
      .orderBy('dedupe_key')
      .select('kind', 'part', 'platform_fen', 'his_fen', 'remark');

  const upload = async (bill: string, bytes: Buffer): Promise<Response> => {
    const signIn = await fetch(`${hospital.url}/api/access/sign-in`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ username: 'finance', password }),
    });
    const { accessToken }: { accessToken: string } = await signIn.json();
    return fetch(`${hospital.url}/api/reconciliation/bills/${bill}/upload?fileName=bill.txt`, {
      method: 'POST',
      headers: { authorization: `Bearer ${accessToken}`, 'content-type': 'application/octet-stream' },
      body: new Uint8Array(bytes),
    });
  };

  test('is paid at the mobile-payment centre, and each half agrees with what HIS booked of it', async () => {
    const { totalFen, details } = hospital.sandbox.gateways.insurance.fee({
      insuredFen: 7000,
      cashFen: 3000,
    });
    const asked = { channel: 'insurance', totalFen, details, bizType: '门诊' };
    const { body: quoted } = await create(7000, asked);
    expect(quoted.split).toEqual({ fundFen: 4900, accountFen: 2100, otherFen: 0, cashFen: 3000 });
    const { body: paid } = await act(quoted, 'confirm', {
      cash: { scene: 'micropay', authCode: alipayCode() },
    });
    expect(paid).toMatchObject({
      state: 'paid',
      insuranceOrder: { channel: 'insurance', paidFen: 7000 },
      cashOrder: { channel: 'alipay', paidFen: 3000 },
    });
    expect(await book(paid)).toMatchObject({ status: 201, body: { result: 'created' } });
    await until(
      () => halves(paid),
      (now) => now.every(([state]) => state === 'normal'),
    );

    // HIS corrects itself: what was the account's is the fund's now, and the cash a fen more.
    const wrong = { amountFen: 10_001, fundFen: 5900, accountFen: 1100, cashFen: 3001 };
    expect((await book(paid, wrong)).body).toMatchObject({ result: 'updated' });
    const differing = await until(
      () => halves(paid),
      (now) => now.every(([state]) => state === 'abnormal'),
    );
    expect(differing).toEqual([
      ['abnormal', ['fund_differs', 'account_differs']],
      ['abnormal', ['charge_differs']],
    ]);
    const found = await cases(paid);
    expect(found.map((row) => JSON.parse(JSON.stringify(row)))).toEqual(
      [
        { kind: 'amount', part: null, platform_fen: 3000, his_fen: 3001 },
        { kind: 'amount', part: 'account', platform_fen: 2100, his_fen: 1100 },
        { kind: 'amount', part: 'fund', platform_fen: 4900, his_fen: 5900 },
      ].map(({ platform_fen, his_fen, ...rest }) =>
        expect.objectContaining({
          ...rest,
          platform_fen: database === 'postgres' ? String(platform_fen) : platform_fen,
          his_fen: database === 'postgres' ? String(his_fen) : his_fen,
        }),
      ),
    );
    expect(found).toContainEqual(expect.objectContaining({ remark: '医保基金: 平台与HIS金额不符' }));
    expect((await book(paid)).body).toMatchObject({ result: 'updated' });
    await until(
      () => halves(paid),
      (now) => now.every(([state]) => state === 'normal'),
    );
    expect(await cases(paid)).toEqual([]);

    const { body: refunded } = await act(paid, 'refund', { merchantRefundNo: newNo(), reason: '退号' });
    expect(refunded.state).toBe('refunded');
    await book(paid, { hisSerialNo: `R${paid.mixedNo}`, kind: 'refund' });
    await until(
      () => halves(paid),
      (now) => now.every(([state]) => state === 'normal'),
    );
  });

  test('needs no cash when insurance bears all, and no insurance order when it bears nothing', async () => {
    const { body: all } = await create(10_000);
    expect((await act(all, 'confirm')).body).toMatchObject({ state: 'paid', cashOrder: null });
    const { body: nothing } = await create(0);
    const { body: paid } = await act(nothing, 'confirm', {
      cash: { scene: 'micropay', authCode: alipayCode() },
    });
    expect(paid).toMatchObject({ state: 'paid', insuranceOrder: null, cashOrder: { amountFen: 10_000 } });
  });

  test('the same number and body answer the first one, another body is a conflict', async () => {
    const same = { merchantOrderNo: newNo() };
    const { body: first } = await create(7000, same);
    expect((await create(7000, same)).body.mixedNo).toBe(first.mixedNo);
    expect((await create(7001, same)).body.error.name).toBe('MIXED_CONFLICT');
  });

  test('a refusal of insurance is told and ends it; a split that does not add up is refused, aloud', async () => {
    expect((await create('no')).body).toMatchObject({
      state: 'refused',
      error: { channelCode: 'NOT_INSURED', channelMessage: '非参保人员' },
    });
    const { body: wrong } = await create(7000, { details: { bearsFen: 7000, errorFen: 1 } });
    expect(wrong).toMatchObject({ state: 'refused', error: { code: 'INTEGRITY' } });
    expect(alarms).toContainEqual(expect.objectContaining({ kind: 'integrity', level: 'critical' }));
  });

  test('a quote whose answer was lost is asked again under the same number', async () => {
    insurer.silent.quote = 1;
    const { body: asked } = await create(7000);
    expect(asked).toMatchObject({ state: 'quoting', error: { code: 'RESULT_UNKNOWN' } });
    expect((await act(asked, 'confirm')).body.error.name).toBe('MIXED_NOT_QUOTED');
    const again = await hospital.call<MixedView>('GET', `/api/v1/mixed-payments/${asked.merchantOrderNo}`);
    expect(again.body).toMatchObject({ state: 'quoted', error: null });
  });

  test('a settlement whose answer was lost is found, and the cash is then paid', async () => {
    insurer.silent.pay = 1;
    const { body: quoted } = await create(7000);
    expect((await act(quoted, 'confirm', qr)).body).toMatchObject({ state: 'settling', cashOrder: null });
    await becomes(quoted, 'paying', 120);
    const code = { cash: { scene: 'micropay', authCode: alipayCode() } };
    expect((await act(quoted, 'confirm', code)).body.state).toBe('paid');
  });

  test.each([
    ['nobody says how the cash is paid', {}],
    ['the patient does not pay', qr],
  ])(
    'when %s in time, insurance is given back',
    async (_, way) => {
      const before = insurer.heldFen();
      const { body: quoted } = await create(7000, { expiresIn: 120 });
      expect((await act(quoted, 'confirm', way)).body.state).toBe('paying');
      const undone = await becomes(quoted, 'undone', 400);
      expect(undone.insuranceOrder).toMatchObject({ status: 'refunded', refundedFen: 7000 });
      expect(insurer.heldFen()).toBe(before);
      expect(undone.hisState).toBe('none');
    },
    60_000,
  );

  test('a payment code that the wallet refuses undoes it at once', async () => {
    const used = alipayCode();
    await act((await create(0)).body, 'confirm', { cash: { scene: 'micropay', authCode: used } });
    const { body: quoted } = await create(7000);
    const { body } = await act(quoted, 'confirm', { cash: { scene: 'micropay', authCode: used } });
    expect(body).toMatchObject({ state: 'undone', cashOrder: { status: 'failed' } });
    expect(body.insuranceOrder?.status).toBe('refunded');
  });

  test('a quote of which nothing comes is taken back at the insurer, and asked for again when the answer is lost', async () => {
    const { body: quoted } = await create(7000);
    insurer.silent = { close: 1 };
    expect((await act(quoted, 'cancel')).body).toMatchObject({ state: 'quoted' });
    await becomes(quoted, 'closed', 400);
    expect(insurer.books.get(`${quoted.mixedNo}I`)).toMatchObject({ state: 'ended' });

    const { totalFen, details } = hospital.sandbox.gateways.insurance.fee({
      insuredFen: 7000,
      cashFen: 3000,
    });
    const { body: uploaded } = await create(7000, { channel: 'insurance', totalFen, details });
    expect((await act(uploaded, 'cancel')).body).toMatchObject({ state: 'closed' });
    const { claim_no: claimNo }: { claim_no: string } = await row(uploaded);
    expect(hospital.sandbox.gateways.insurance.isRevoked(claimNo)).toBe(true);
  });

  test('half of it does not pay the bill that the patient may still pay; the whole does', async () => {
    const merchantOrderNo = newNo();
    const businessNo = `RX${merchantOrderNo}`;
    const bill = { merchantOrderNo, businessNo, amountFen: 10_000, subject: '门诊缴费' };
    await hospital.call('POST', '/api/v1/payment-links', bill);
    const state = async () =>
      (await hospital.call<{ state: string }>('GET', `/api/v1/payment-links/${merchantOrderNo}`)).body.state;
    const { body: quoted } = await create(7000, { businessNo });
    const { body: due } = await act(quoted, 'confirm', qr);
    expect(due.insuranceOrder).toMatchObject({ status: 'paid' });
    expect(await state()).toBe('payable');
    patientPays(due);
    await becomes(quoted, 'paid');
    expect(await state()).toBe('paid');
  });

  describe('of a bill that has a payment link', () => {
    /** What became of it, or why it was refused. */
    type Begun = string | undefined;
    const bill = async () => {
      const merchantOrderNo = newNo();
      const businessNo = `RX${merchantOrderNo}`;
      const link = { merchantOrderNo, businessNo, amountFen: 10_000, subject: '门诊缴费' };
      const { body } = await hospital.call<{ url: string }>('POST', '/api/v1/payment-links', link);
      const { body: quoted } = await create(7000, { businessNo });
      const payments = `${hospital.url}/api/pay/${body.url.split('/').at(-1)}/payments`;
      return {
        quoted,
        merchantOrderNo,
        async payLink(): Promise<Begun> {
          const response = await fetch(payments, {
            method: 'POST',
            headers: { 'content-type': 'application/json' },
            body: JSON.stringify({ channel: 'alipay', scene: 'h5' }),
          });
          const answer: { state?: string; error?: { details: { code: string } } } = await response.json();
          return answer.error?.details.code ?? answer.state;
        },
        async confirm(): Promise<Begun> {
          const { body: answer } = await act(quoted, 'confirm', qr);
          return answer.error?.name ?? answer.state;
        },
      };
    };

    test('is refused while the link is being paid, and begins when that is withdrawn', async () => {
      const { payLink, confirm, merchantOrderNo } = await bill();
      expect(await payLink()).toBe('paying');
      expect(await confirm()).toBe('BUSINESS_BEING_PAID');
      await hospital.call('POST', `/api/v1/payment-links/${merchantOrderNo}/close`);
      expect(await confirm()).toBe('paying');
    });

    test('has the link refused once it has begun, until it is cancelled', async () => {
      const { payLink, confirm, quoted } = await bill();
      expect(await confirm()).toBe('paying');
      expect(await payLink()).toBe('BUSINESS_BEING_PAID');
      await act(quoted, 'cancel');
      expect(await payLink()).toBe('paying');
    });

    test('and the link begun at the same moment: one of them is refused', async () => {
      for (let time = 0; time < 5; time++) {
        const { payLink, confirm } = await bill();
        const begun = await Promise.all(time % 2 === 0 ? [payLink(), confirm()] : [confirm(), payLink()]);
        expect(begun.toSorted()).toEqual(['BUSINESS_BEING_PAID', 'paying']);
      }
    });
  });

  test('of a number may be quoted twice and begun once, until it is cancelled', async () => {
    const businessNo = `RX${newNo()}`;
    const begin = async (quoted: { merchantOrderNo: string }): Promise<string | undefined> => {
      const { body } = await act(quoted, 'confirm', qr);
      return body.error?.name ?? body.state;
    };
    const { body: one } = await create(7000, { businessNo });
    const { body: other } = await create(7000, { businessNo });
    const begun = await Promise.all([begin(one), begin(other)]);
    expect(begun.toSorted()).toEqual(['BUSINESS_BEING_PAID', 'paying']);
    const [first, second] = begun[0] === 'paying' ? [one, other] : [other, one];
    await act(first, 'cancel');
    expect(await begin(second)).toBe('paying');
  });

  test('may be cancelled until it is paid', async () => {
    const { body: quoted } = await create(7000);
    await act(quoted, 'confirm', qr);
    expect((await act(quoted, 'cancel')).body).toMatchObject({
      state: 'undone',
      cashOrder: { status: 'closed' },
      insuranceOrder: { status: 'refunded' },
    });
    const { body: early } = await create(7000);
    expect((await act(early, 'cancel')).body.state).toBe('closed');
    const { body: all } = await create(10_000);
    await act(all, 'confirm');
    expect((await act(all, 'cancel')).body.error.name).toBe('ORDER_ALREADY_PAID');
  });

  const paidOne = async () => {
    const { body: quoted } = await create(7000);
    const code = { cash: { scene: 'micropay', authCode: alipayCode() } };
    const { body } = await act(quoted, 'confirm', code);
    expect(body.state).toBe('paid');
    return body;
  };

  test('goes back whole, insurance first; its halves are not refunded alone', async () => {
    const paid = await paidOne();
    const alone = await hospital.call<Answered>('POST', '/api/v1/refunds', {
      orderNo: paid.cashOrder?.orderNo,
      merchantRefundNo: newNo(),
      amountFen: 1,
      reason: '退号',
    });
    expect(alone.body.error.name).toBe('ORDER_IS_HALF');
    const request = { merchantRefundNo: newNo(), reason: '退号' };
    const { body: refunded } = await act(paid, 'refund', request);
    expect(refunded).toMatchObject({
      state: 'refunded',
      insuranceOrder: { status: 'refunded' },
      cashOrder: { status: 'refunded' },
    });
    expect((await act(paid, 'refund', request)).body.state).toBe('refunded');
    expect((await act(paid, 'refund', { ...request, reason: '别的' })).body.error.name).toBe(
      'REFUND_CONFLICT',
    );
    const times: { order_no: string }[] = await hospital
      .strapi()
      .db.connection('refunds')
      .where('order_no', 'like', `${paid.mixedNo}%`)
      .orderBy('id')
      .select('order_no');
    expect(times.map(({ order_no }) => order_no)).toEqual([`${paid.mixedNo}I`, `${paid.mixedNo}C`]);
  });

  test('a refund that insurance refuses stops before the cash, aloud, and goes on under the same number', async () => {
    const paid = await paidOne();
    insurer.refusesRefunds = true;
    const { body: stopped } = await act(paid, 'refund', { merchantRefundNo: newNo(), reason: '退号' });
    expect(stopped).toMatchObject({
      state: 'refund_stopped',
      cashOrder: { status: 'paid', refundedFen: 0 },
      error: { channelMessage: '医保已结算' },
    });
    expect(alarms).toContainEqual(expect.objectContaining({ kind: 'mixed_stopped', level: 'critical' }));
    insurer.refusesRefunds = false;
    const finance = await hospital.staff('finance');
    const retried = await finance('POST', `/api/payments/mixed-payments/${paid.mixedNo}/retry`);
    expect(retried).toMatchObject({ status: 200, body: { state: 'refunded' } });
    const cashier = await hospital.staff('cashier');
    expect((await cashier('POST', `/api/payments/mixed-payments/${paid.mixedNo}/retry`)).status).toBe(403);
  });

  test('a refund whose answers are lost is asked about under the same numbers', async () => {
    const paid = await paidOne();
    insurer.silent.refund = 1;
    hospital.sandbox.faults.add({ channel: 'alipay', operation: 'refund', kind: 'http_5xx', times: 1 });
    const { body } = await act(paid, 'refund', { merchantRefundNo: newNo(), reason: '退号' });
    expect(body).toMatchObject({ state: 'refunding', cashOrder: { refundedFen: 0 } });
    await becomes(paid, 'refunded', 900);
    expect(insurer.books.get(`${paid.mixedNo}I`)?.refundNos).toHaveLength(1);
    expect(hospital.sandbox.ledger.payments({ outTradeNo: `${paid.mixedNo}C` })[0]?.refundedFen).toBe(3000);
  });

  const together = (fields: Record<string, unknown> = {}) =>
    create(0, {
      details: hospital.sandbox.gateways.wechatinsurance.details(),
      claim: {
        claimNo: newNo(),
        split: { fundFen: 5000, accountFen: 1500, otherFen: 500, cashFen: 3000 },
      },
      cash: { scene: 'jsapi', channel: 'wechat', payerId: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' },
      ...fields,
    });

  test('both halves are paid in one act inside WeChat, and go back one after the other', async () => {
    const { body: begun } = await together();
    expect(begun).toMatchObject({
      state: 'paying',
      payerAction: { kind: 'client', parameters: { mixTradeNo: expect.any(String) } },
      cashOrder: { status: 'pending', payerAction: null },
      insuranceOrder: { status: 'pending', amountFen: 7000, channel: 'wechatinsurance' },
    });
    const mixTradeNo =
      begun.payerAction?.kind === 'client' ? begun.payerAction.parameters.mixTradeNo : undefined;
    await hospital.sandbox.patient.pay('wechatinsurance', mixTradeNo ?? '');
    const paid = await becomes(begun, 'paid', 120);
    expect(paid.split).toEqual({ fundFen: 5000, accountFen: 1500, otherFen: 500, cashFen: 3000 });
    await act(paid, 'refund', { merchantRefundNo: newNo(), reason: '退号' });
    await becomes(paid, 'refunded', 900);
    const { body: wrong } = await together({ totalFen: 9_999 });
    expect(wrong.error.name).toBe('MIXED_SPLIT');
  }, 60_000);

  test.each(['insurance', 'cash'] as const)(
    'half a success is found and undone: %s alone',
    async (half) => {
      const { body: begun } = await together({ expiresIn: 120 });
      await hospital.sandbox.gateways.wechatinsurance.half(`${begun.mixedNo}I`, half);
      const undone = await becomes(begun, 'undone', 900);
      const kept = (order: MixedView['cashOrder']) => (order ? order.paidFen - order.refundedFen : 0);
      expect([kept(undone.insuranceOrder), kept(undone.cashOrder)]).toEqual([0, 0]);
    },
    60_000,
  );

  test('a payment that HIS refuses goes back by itself where the merchant has chosen so', async () => {
    const merchants = hospital.strapi().db.connection('merchants').where({ code: merchantCode });
    await merchants.clone().update({ his_refusal: 'refund' });
    const { body: quoted } = await create(10_000, { businessNo: `REFUSE-${newNo()}` });
    await act(quoted, 'confirm');
    const refunded = await becomes(quoted, 'refunded');
    expect(refunded).toMatchObject({ hisState: 'refused', refundReason: expect.stringContaining('HIS') });
    await merchants.update({ his_refusal: 'case' });
  });

  test('the insurer’s bill is compared part by part as well', async () => {
    const { insurance } = hospital.sandbox.gateways;
    const { totalFen, details } = insurance.fee({ insuredFen: 9000, cashFen: 0 });
    const { body: quoted } = await create(9000, { channel: 'insurance', totalFen, details });
    const { body: paid } = await act(quoted, 'confirm');
    expect(paid).toMatchObject({ state: 'paid', split: { fundFen: 6300, accountFen: 2700 } });
    await book(paid);
    const date = chinaDay(clock.now());
    clock.turn(24 * 3600_000);
    const bill = insurance.billFile?.(hospital.sandbox.credentials[0]?.insurance.orgCodg ?? '', date);
    if (!bill) throw new Error('the insurer has no bill');
    const reconciled = async (text: string) => {
      const uploaded = await upload(`insurance-1/${date}`, Buffer.from(text));
      expect(uploaded.status).toBe(201);
      await reconcile(hospital.strapi(), { date, accountCode: 'insurance-1' });
      return cases(paid);
    };
    expect(await reconciled(bill.toString())).toEqual([]);
    const found = await reconciled(bill.toString().replace('63.00\t27.00', '27.00\t63.00'));
    expect(found.map((row) => JSON.parse(JSON.stringify(row)))).toEqual([
      expect.objectContaining({ part: 'account', remark: '个人账户: 平台与渠道金额不符' }),
      expect.objectContaining({ part: 'fund', remark: '医保基金: 平台与渠道金额不符' }),
    ]);
    expect(await reconciled(bill.toString())).toEqual([]);
  }, 60_000);

  test('what identifies the patient and opens the claim is kept encrypted and shown to nobody', async () => {
    const { body } = await create(7000, { details: { bearsFen: 7000, idNo: '440300190001011234' } });
    expect(JSON.stringify(await row(body))).not.toMatch(/440300190001011234|secret-token/);
    const finance = await hospital.staff('finance');
    const listed = await finance('GET', `/api/mixed-payments?filters[mixedNo]=${body.mixedNo}`);
    expect(JSON.stringify(listed.body)).not.toMatch(/sealed|requestHash/);
  });

  test('ordinary orders never go to an insurer', async () => {
    const order = await hospital.call<Answered>('POST', '/api/v1/orders', {
      merchantOrderNo: newNo(),
      amountFen: 1,
      subject: '门诊',
      scene: 'native',
      channel: 'insurer',
    });
    expect(order.body.error.name).toBe('SCENE_NOT_OFFERED');
  });
});
