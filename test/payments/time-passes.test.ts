import { type CreateOrder, type PaymentEvents, payments } from '@hospital-pay/payments';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { newNo } from '../harness/client';
import { createTurnableClock } from '../harness/clock';
import { alipayCode, type Hospital, merchantCode, startHospital, wechatCode } from '../harness/hospital';
import { passTime } from '../harness/waiting';

const caller = { kind: 'staff', username: 'test', merchantCodes: null } as const;
const channels = [
  ['alipay', alipayCode],
  ['wechat', wechatCode],
] as const;

/** What no person asks for and happens all the same, because time passes. */
describe.each(['sqlite', 'postgres'] as const)('time passes on %s', (database) => {
  const clock = createTurnableClock(0);
  let hospital: Hospital;
  let calls: PaymentEvents['channel.call'][] = [];
  let alarms: PaymentEvents['alarm'][] = [];

  beforeAll(async () => {
    hospital = await startHospital({ clock, database });
    const { events } = payments(hospital.strapi());
    events.on('channel.call', (call) => calls.push(call));
    events.on('alarm', (alarm) => alarms.push(alarm));
  }, 120_000);
  beforeEach(() => {
    calls = [];
    alarms = [];
  });
  afterEach(() => hospital.sandbox.faults.clear());
  afterAll(() => hospital.stop());

  const room = () => payments(hospital.strapi());
  const order = (orderNo: string) => room().orders.get({ orderNo }, caller);
  const pay = (fields: Partial<CreateOrder> = {}) =>
    room().orders.create(
      {
        merchantCode,
        merchantOrderNo: newNo(),
        amountFen: 1234,
        subject: '门诊缴费',
        scene: 'micropay',
        ...(fields.scene === undefined ? { authCode: alipayCode() } : {}),
        ...fields,
      },
      caller,
    );
  const atGateway = (orderNo: string) => hospital.sandbox.ledger.payments({ outTradeNo: orderNo })[0];
  const methods = (orderNo: string) =>
    calls.filter((call) => call.orderNo === orderNo && call.direction === 'out').map(({ method }) => method);
  const refund = (orderNo: string, amountFen: number) =>
    room().refunds.create(
      { order: { orderNo }, merchantRefundNo: newNo(), amountFen, reason: '退号' },
      caller,
    );
  const outbox = async (orderNo: string): Promise<{ status: string; attempts: number }> =>
    hospital
      .strapi()
      .db.connection('outboxes')
      .where({ order_no: orderNo, topic: 'his.confirm' })
      .first('status', 'attempts');

  test.each(channels)(
    'a payer who never answers is asked about six times, then the payment is undone: %s',
    async (_, code) => {
      const { orderNo, status } = await pay({ amountFen: 1203, authCode: code() });
      expect(['pending', 'unknown']).toContain(status);
      const undone = await passTime(
        clock,
        { seconds: 120 },
        () => order(orderNo),
        (now) => now.status === 'closed' || now.status === 'reversed',
      );
      expect(undone).toMatchObject({ paidFen: 0, error: null });
      const made = methods(orderNo);
      const firstUndo = made.indexOf('cancel_order');
      expect(made.slice(0, firstUndo).filter((method) => method === 'query_order')).toHaveLength(6);
      expect(atGateway(orderNo)?.state).not.toBe('paid');
      expect(atGateway(orderNo)?.paidAt ?? null).toBeNull();
    },
    60_000,
  );

  test.each(channels)(
    'a payment undone while the answer was lost gives the money back: %s',
    async (_, code) => {
      hospital.sandbox.faults.add({ operation: 'pay', kind: 'http_5xx', times: 1 });
      hospital.sandbox.faults.add({ operation: 'query', kind: 'http_5xx', times: 6 });
      hospital.sandbox.faults.add({ operation: 'notify', kind: 'lost_notify', times: 0 });
      const { orderNo } = await pay({ authCode: code() });
      const undone = await passTime(
        clock,
        { seconds: 300 },
        () => order(orderNo),
        (now) => ['closed', 'reversed', 'paid', 'failed'].includes(now.status),
      );
      const there = atGateway(orderNo);
      expect(undone.status).toBe('reversed');
      expect(undone.paidFen).toBe(0);
      expect(there?.state).not.toBe('paid');
    },
    60_000,
  );

  test.each(['alipay', 'wechat'])(
    'a QR code that nobody paid is closed at the channel when its time is over: %s',
    async (channel) => {
      const { orderNo } = await pay({ scene: 'native', channel, expiresIn: 300 });
      expect((await order(orderNo)).status).toBe('pending');
      await passTime(
        clock,
        { seconds: 290, stepSeconds: 20 },
        async () => methods(orderNo).filter((method) => method === 'query_order').length,
        (queries) => queries >= 4,
      );
      expect(methods(orderNo)).not.toContain('close_order');
      const closed = await passTime(
        clock,
        { seconds: 600, stepSeconds: 10 },
        () => order(orderNo),
        (now) => now.status !== 'pending',
      );
      expect(closed).toMatchObject({ status: 'closed', paidFen: 0, payerAction: null });
      // Asked, closed, asked again: only then it is over. WeChat Pay may have ended it by itself a moment before.
      const last = methods(orderNo).slice(channel === 'alipay' ? -3 : -1);
      expect(last).toEqual(
        channel === 'alipay' ? ['query_order', 'close_order', 'query_order'] : ['query_order'],
      );
      expect(atGateway(orderNo)?.state).not.toBe('paid');
    },
    60_000,
  );

  test('a QR code paid in its last moment, with the notification lost, is paid and not closed', async () => {
    const { orderNo, payerAction } = await pay({ scene: 'native', channel: 'wechat', expiresIn: 300 });
    hospital.sandbox.faults.add({ operation: 'notify', kind: 'lost_notify', times: 0 });
    clock.turn(295_000);
    hospital.sandbox.patient.pay(null, payerAction?.kind === 'qr' ? payerAction.text : '');
    const paid = await passTime(
      clock,
      { seconds: 400, stepSeconds: 5 },
      () => order(orderNo),
      (now) => now.status !== 'pending',
    );
    expect(paid).toMatchObject({ status: 'paid', paidFen: 1234 });
    expect(methods(orderNo)).not.toContain('close_order');
  }, 60_000);

  test('a QR code paid after it was closed here, with the notification lost, is found and the money given back', async () => {
    const { orderNo, payerAction } = await pay({ scene: 'native', channel: 'alipay', expiresIn: 300 });
    hospital.sandbox.faults.add({ operation: 'notify', kind: 'lost_notify', times: 0 });
    expect((await room().orders.close({ orderNo }, caller)).status).toBe('closed');
    hospital.sandbox.patient.pay(null, payerAction?.kind === 'qr' ? payerAction.text : '');
    expect(atGateway(orderNo)?.state).toBe('paid');
    const back = await passTime(
      clock,
      { seconds: 600, stepSeconds: 10 },
      () => order(orderNo),
      (now) => now.refundedFen > 0,
    );
    expect(back).toMatchObject({ status: 'closed', paidFen: 1234, refundedFen: 1234 });
    expect(alarms.map(({ kind }) => kind)).toContain('late_payment');
  }, 60_000);

  test('a refund that the channel refuses gives its reservation back and is sent again on request', async () => {
    const { orderNo } = await pay({ amountFen: 1000 });
    hospital.sandbox.faults.add({
      channel: 'alipay',
      operation: 'refund',
      kind: 'business_error',
      code: 'ACQ.SELLER_BALANCE_NOT_ENOUGH',
      message: '商户余额不足',
      times: 1,
    });
    const refused = await refund(orderNo, 700);
    expect(refused).toMatchObject({ status: 'failed' });
    expect(refused.error?.channelCode).toBe('ACQ.SELLER_BALANCE_NOT_ENOUGH');
    expect(refused.error?.zh).toMatch(/\p{Script=Han}/u);
    // Nothing is reserved any more: another refund may take it all.
    const other = await refund(orderNo, 400);
    expect(other.status).toBe('succeeded');
    await expect(room().refunds.retry({ refundNo: refused.refundNo }, caller)).rejects.toMatchObject({
      code: 'REFUND_EXCEEDS_PAID',
    });
    await expect(room().refunds.retry({ refundNo: other.refundNo }, caller)).rejects.toMatchObject({
      code: 'REFUND_NOT_RETRYABLE',
    });
    expect(atGateway(orderNo)?.refundedFen).toBe(400);
  });

  test.each(channels)(
    'a merchant without money refunds later, once, under the same number: %s',
    async (channel, code) => {
      const { orderNo } = await pay({ amountFen: 1000, authCode: code() });
      hospital.sandbox.faults.add({
        channel,
        operation: 'refund',
        kind: 'business_error',
        code: channel === 'alipay' ? 'ACQ.SELLER_BALANCE_NOT_ENOUGH' : 'NOT_ENOUGH',
        message: '商户余额不足',
        times: 1,
      });
      const first = await refund(orderNo, 600);
      expect(['failed', 'unknown']).toContain(first.status);
      if (first.status === 'failed') await room().refunds.retry({ refundNo: first.refundNo }, caller);
      const after = await passTime(
        clock,
        { seconds: 4000, stepSeconds: 30 },
        () => room().refunds.get({ refundNo: first.refundNo }, caller),
        (now) => now.status === 'succeeded',
      );
      expect(after).toMatchObject({ amountFen: 600, error: null });
      expect(atGateway(orderNo)?.refundedFen).toBe(600);
      expect(await order(orderNo)).toMatchObject({ status: 'partially_refunded', refundedFen: 600 });
    },
    60_000,
  );

  test.each(channels)(
    'a refund that never reached the channel is sent again by itself: %s',
    async (channel, code) => {
      const { orderNo } = await pay({ amountFen: 1000, authCode: code() });
      hospital.sandbox.faults.add({
        channel,
        operation: 'refund',
        kind: 'http_5xx',
        phase: 'before',
        times: 1,
      });
      const { refundNo, status } = await refund(orderNo, 300);
      expect(status).toBe('unknown');
      expect(atGateway(orderNo)?.refundedFen).toBe(0);
      await passTime(
        clock,
        { seconds: 2000, stepSeconds: 10 },
        () => room().refunds.get({ refundNo }, caller),
        (now) => now.status === 'succeeded',
      );
      expect(methods(orderNo).filter((method) => method === 'refund_order').length).toBeGreaterThanOrEqual(2);
      expect(atGateway(orderNo)?.refundedFen).toBe(300);
    },
    60_000,
  );

  test('HIS that comes back is told, once', async () => {
    hospital.sandbox.faults.add({
      channel: 'his',
      operation: 'confirm',
      kind: 'http_5xx',
      phase: 'before',
      times: 3,
    });
    const { orderNo } = await pay();
    const told = await passTime(
      clock,
      { seconds: 600, stepSeconds: 5 },
      () => order(orderNo),
      (now) => now.hisState === 'confirmed',
    );
    expect(told.hisOrderNo).toBeTruthy();
    expect(await outbox(orderNo)).toMatchObject({ status: 'done', attempts: 4 });
    expect(hospital.sandbox.his.bookings().filter((booking) => booking.orderNo === orderNo)).toHaveLength(1);
    expect(alarms.filter(({ kind }) => kind.startsWith('his_'))).toEqual([]);
  }, 60_000);

  test('HIS that booked and could not say so is asked first, and books nothing twice', async () => {
    hospital.sandbox.faults.add({ channel: 'his', operation: 'confirm', kind: 'http_5xx', times: 1 });
    const { orderNo } = await pay();
    await passTime(
      clock,
      { seconds: 600, stepSeconds: 5 },
      () => order(orderNo),
      (now) => now.hisState === 'confirmed',
    );
    expect(await outbox(orderNo)).toMatchObject({ status: 'done', attempts: 2 });
    expect(methods(orderNo).filter((method) => method.startsWith('his_'))).toEqual([
      'his_confirm',
      'his_query',
    ]);
    expect(hospital.sandbox.his.bookings().filter((booking) => booking.orderNo === orderNo)).toHaveLength(1);
  }, 60_000);

  test('HIS that never answers is given up after nine tries, loudly, and the money stays on the books', async () => {
    hospital.sandbox.faults.add({
      channel: 'his',
      operation: '*',
      kind: 'http_5xx',
      phase: 'before',
      times: 0,
    });
    const { orderNo } = await pay();
    const last = await passTime(
      clock,
      { seconds: 12_000, stepSeconds: 60 },
      () => outbox(orderNo),
      ({ status }) => status !== 'pending',
    );
    expect(last).toMatchObject({ status: 'dead', attempts: 9 });
    expect(alarms.filter(({ kind }) => kind === 'his_silent')).toMatchObject([
      { level: 'critical', orderNo },
    ]);
    // The comparison has raised its own case meanwhile: a person sees the money that HIS does not know.
    expect(alarms.map(({ kind }) => kind)).toContain('one_sided');
    expect(await order(orderNo)).toMatchObject({ status: 'paid', paidFen: 1234, hisState: 'waiting' });
  }, 60_000);

  test('a merchant that refunds what HIS refuses gives it back by itself', async () => {
    const merchants = hospital.strapi().db.query('api::merchant.merchant');
    await merchants.update({ where: { code: merchantCode }, data: { hisRefusal: 'refund' } });
    try {
      const { orderNo } = await pay({ businessNo: `REFUSE${newNo()}` });
      const back = await passTime(
        clock,
        { seconds: 120 },
        () => order(orderNo),
        (now) => now.status === 'refunded',
      );
      expect(back).toMatchObject({ paidFen: 1234, refundedFen: 1234, hisState: 'refused' });
      expect(atGateway(orderNo)?.refundedFen).toBe(1234);
      expect(alarms.filter(({ kind }) => kind === 'his_refused')).toMatchObject([
        { level: 'warning', orderNo },
      ]);
      const refunds: { source: string }[] = await hospital
        .strapi()
        .db.connection('refunds')
        .where({ order_no: orderNo })
        .select('source');
      expect(refunds).toEqual([{ source: 'his_refused' }]);
    } finally {
      await merchants.update({ where: { code: merchantCode }, data: { hisRefusal: 'case' } });
    }
  }, 60_000);
});
