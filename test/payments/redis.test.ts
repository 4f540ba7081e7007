import { randomBytes } from 'node:crypto';
import { type OrderView, payments, type RefundView } from '@hospital-pay/payments';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { newNo } from '../harness/client';
import { createEmptyHouse } from '../harness/empty-house';
import { alipayCode, type Hospital, startHospital, wechatCode } from '../harness/hospital';
import { type SecondProcess, startSecond } from '../harness/second';
import { until } from '../harness/waiting';
import { startPostgres } from '../services/postgres';
import { startRedis } from '../services/redis';

/** The same hospital with its jobs on bull: what waits is done by jobs that went through Redis. */
describe('payments on Redis', () => {
  let hospital: Hospital;
  let redis: Awaited<ReturnType<typeof startRedis>>;
  beforeAll(async () => {
    redis = await startRedis();
    hospital = await startHospital({ env: { REDIS_URL: redis.url } });
  }, 120_000);
  afterEach(() => hospital.sandbox.faults.clear());
  afterAll(async () => {
    await hospital.stop();
    await redis.stop();
  });

  const order = (orderNo: string) => payments(hospital.strapi()).orders.get({ orderNo }, { kind: 'system' });
  const pay = async (fields: Record<string, unknown> = {}) => {
    const answer = await hospital.call<OrderView>('POST', '/api/v1/orders', {
      merchantOrderNo: newNo(),
      amountFen: 1234,
      subject: '门诊缴费',
      scene: 'micropay',
      ...(fields.scene === undefined ? { authCode: alipayCode() } : {}),
      ...fields,
    });
    expect(answer.status).toBe(200);
    return answer.body;
  };
  const whenPaid = (orderNo: string) =>
    until(
      () => order(orderNo),
      (now) => now.status === 'paid',
      40_000,
    );

  test.each([
    ['alipay', alipayCode],
    ['wechat', wechatCode],
  ])(
    'a payer who hesitates is asked about by jobs and HIS is told: %s',
    async (_, code) => {
      const { orderNo, status } = await pay({ amountFen: 1202, authCode: code() });
      expect(['pending', 'unknown']).toContain(status);
      await whenPaid(orderNo);
      const told = await until(
        () => order(orderNo),
        (now) => now.hisState === 'confirmed',
      );
      expect(told.paidFen).toBe(1202);
      expect(hospital.sandbox.his.bookings().filter((booking) => booking.orderNo === orderNo)).toHaveLength(
        1,
      );
    },
    60_000,
  );

  test('a QR code is paid by notification, and refunded', async () => {
    const { orderNo, payerAction } = await pay({ scene: 'native', channel: 'wechat' });
    hospital.sandbox.patient.pay(null, payerAction?.kind === 'qr' ? payerAction.text : '');
    await whenPaid(orderNo);
    const refund = await hospital.call<RefundView>('POST', '/api/v1/refunds', {
      orderNo,
      merchantRefundNo: newNo(),
      amountFen: 234,
      reason: '退号',
    });
    await until(
      () => order(orderNo),
      (now) => now.refundedFen === 234,
    );
    expect(refund.body.amountFen).toBe(234);
    expect(hospital.sandbox.ledger.payments({ outTradeNo: orderNo })[0]?.refundedFen).toBe(234);
  }, 60_000);

  test('a Redis that lost everything loses no payment: the tables hold the work', async () => {
    hospital.sandbox.faults.add({ operation: 'notify', kind: 'lost_notify', times: 0 });
    const { orderNo } = await pay({ amountFen: 1202 });
    const client = new Redis(redis.url);
    await client.flushall();
    client.disconnect();
    expect((await whenPaid(orderNo)).paidFen).toBe(1202);
  }, 60_000);

  test('what was waiting goes on after a restart', async () => {
    hospital.sandbox.faults.add({ operation: 'notify', kind: 'lost_notify', times: 0 });
    const { orderNo } = await pay({ amountFen: 1202 });
    await hospital.restart();
    expect((await whenPaid(orderNo)).paidFen).toBe(1202);
  }, 90_000);
});

/** As a large hospital runs it: one process answers requests, another does the jobs. */
describe('a web process and a worker on Redis and PostgreSQL', () => {
  let web: Hospital;
  let worker: SecondProcess;
  let redis: Awaited<ReturnType<typeof startRedis>>;
  let stopDatabase: () => void = () => undefined;
  beforeAll(async () => {
    redis = await startRedis();
    const server = await startPostgres();
    stopDatabase = () => server.stop();
    const secret = randomBytes(32).toString('base64');
    const shared = {
      DATABASE_URL: await createEmptyHouse(server),
      REDIS_URL: redis.url,
      SECRETS_KEY: secret,
      JWT_SECRET: secret,
    };
    web = await startHospital({ env: { ...shared, ROLE: 'web' } });
    worker = await startSecond({ ...shared, ROLE: 'worker' });
  }, 180_000);
  afterAll(async () => {
    await worker.stop();
    await web.stop();
    await redis.stop();
    stopDatabase();
  });

  test('what the web process takes, the worker brings to its end', async () => {
    web.sandbox.faults.add({ operation: 'notify', kind: 'lost_notify', times: 0 });
    const answer = await web.call<OrderView>('POST', '/api/v1/orders', {
      merchantOrderNo: newNo(),
      amountFen: 1202,
      subject: '门诊缴费',
      scene: 'micropay',
      authCode: alipayCode(),
    });
    const { orderNo, status } = answer.body;
    expect(['pending', 'unknown']).toContain(status);
    const told = await until(
      () => payments(web.strapi()).orders.get({ orderNo }, { kind: 'system' }),
      (now) => now.hisState === 'confirmed',
      40_000,
    );
    expect(told).toMatchObject({ status: 'paid', paidFen: 1202 });
    expect(web.sandbox.his.bookings().filter((booking) => booking.orderNo === orderNo)).toHaveLength(1);
  }, 60_000);
});
