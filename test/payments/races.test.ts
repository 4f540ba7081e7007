import { type OrderView, payments } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newNo } from '../harness/client';
import { type Hospital, startHospital, wechatCode } from '../harness/hospital';
import { until } from '../harness/waiting';

const system = { kind: 'system' } as const;

/** What random histories seldom meet. */
describe.each(['sqlite', 'postgres'] as const)('races and strangers on %s', (database) => {
  let hospital: Hospital;
  beforeAll(async () => {
    hospital = await startHospital({ database });
  }, 90_000);
  afterAll(() => hospital.stop());

  const room = () => payments(hospital.strapi());
  const create = (fields: Partial<Parameters<ReturnType<typeof room>['orders']['create']>[0]>) =>
    room().orders.create(
      {
        merchantCode: 'H001',
        merchantOrderNo: newNo(),
        amountFen: 2500,
        subject: '门诊缴费',
        scene: 'native',
        ...fields,
      },
      system,
    );

  test('of orders of one business that are paid at the same instant, one stays paid', async () => {
    const pairs = await Promise.all(
      Array.from({ length: 8 }, async () => {
        const businessNo = newNo();
        const channels = ['alipay', 'wechat', 'wechat'];
        return Promise.all(channels.map((channel) => create({ businessNo, channel })));
      }),
    );
    await Promise.all(pairs.flat().map((order) => hospital.sandbox.patient.pay(null, order.orderNo)));
    for (const orders of pairs) {
      const settled = await until(
        () => Promise.all(orders.map(({ orderNo }) => room().orders.get({ orderNo }, system))),
        (now) => now.filter((order) => order.status === 'refunded').length >= orders.length - 1,
      );
      const statuses = settled.map((order: OrderView) => order.status).sort();
      expect(statuses).toEqual(['paid', 'refunded', 'refunded']);
    }
  }, 60_000);

  test('a refund made at the gateway under a number that is not ours is acknowledged, kept and raised', async () => {
    const order = await create({ scene: 'micropay', authCode: wechatCode() });
    const driver = await room().accounts.driver('wechat-1');
    const refundNo = `${order.orderNo}R77`;
    const alarms: string[] = [];
    const stop = room().events.on('alarm', ({ kind, dedupeKey }) => {
      // Orders of the test before may be reported one-sided meanwhile.
      if (kind === 'foreign_notification') alarms.push(dedupeKey);
    });
    await driver.refund?.({
      refundNo,
      amount: 100,
      reason: '商户平台退款',
      payment: {
        attemptNo: order.orderNo,
        scene: 'micropay',
        amount: order.amountFen,
        currency: 'CNY',
        createdAt: new Date(),
      },
    });
    const [sent] = await until(
      async () =>
        hospital.sandbox.notifications
          .list({ orderNo: order.orderNo })
          .filter((notification) => notification.about === 'refund'),
      (list) => list[0]?.state === 'acknowledged',
    );
    stop();
    expect(sent?.attempts).toHaveLength(1);
    expect(alarms).toEqual([`foreign:wechat-1:${refundNo}`]);
    const kept: unknown[] = await hospital
      .strapi()
      .db.connection('notifications')
      .where({ refund_no: refundNo })
      .whereNotNull('handled_at');
    expect(kept).toHaveLength(1);
  }, 40_000);
});
