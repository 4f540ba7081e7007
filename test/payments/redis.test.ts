import { type OrderView, payments, type RefundView } from '@hospital-pay/payments';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { Redis } from 'ioredis';
import { alipayCode, type Hospital, startHospital, wechatCode } from '../harness/hospital';
import { startRedis } from '../services/redis';
import { newNo, until } from './waiting';

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
