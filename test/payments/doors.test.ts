import { monitoring } from '@hospital-pay/monitoring';
import { type OrderView, payments } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Answer, newNo, readAnswer, signedHeaders } from '../harness/client';
import { alipayCode, type Hospital, merchantCode, startHospital } from '../harness/hospital';
import { until } from '../harness/waiting';

interface Failure {
  error: { name: string; status: number; details: { zh: string; en: string } };
}

/** Who and what is turned away before any money moves, and in which words. */
describe('the doors of payments', () => {
  let hospital: Hospital;
  beforeAll(async () => {
    hospital = await startHospital();
  }, 120_000);
  afterAll(() => hospital.stop());

  const table = (type: string) => hospital.strapi().db.query(`api::${type}.${type}`);
  const ledgerSize = () => hospital.sandbox.ledger.payments().length;
  const newOrder = (fields: Record<string, unknown> = {}) => ({
    merchantOrderNo: newNo(),
    amountFen: 1234,
    subject: '门诊缴费',
    scene: 'micropay',
    authCode: alipayCode(),
    ...fields,
  });
  const pay = (fields: Record<string, unknown> = {}) =>
    hospital.call<OrderView & Failure>('POST', '/api/v1/orders', newOrder(fields));
  const shows = ({ status, body }: Answer<Failure>, expected: number, name: string) => {
    expect([status, body.error.name]).toEqual([expected, name]);
    expect(body.error.details.zh).toMatch(/\p{Script=Han}/u);
    expect(body.error.details.en).toMatch(/[a-z]/);
  };
  async function application(fields: { scopes?: string[]; ipAllowList?: string[] }) {
    const appId = `app-${newNo()}`;
    const admin = await hospital.staff('admin');
    const { status, body } = await admin<{ appId: string; secret: string }>(
      'POST',
      '/api/payments/applications',
      { appId, name: '自助机', merchantCode, scopes: ['orders:read', 'orders:write'], ...fields },
    );
    expect(status).toBe(200);
    return async (method: string, path: string, sent?: unknown, headers: Record<string, string> = {}) => {
      const text = sent === undefined ? '' : JSON.stringify(sent);
      const all = { ...signedHeaders(body, { method, path, body: text }), ...headers };
      const request = method === 'GET' ? { method, headers: all } : { method, headers: all, body: text };
      return readAnswer<OrderView & Failure>(await fetch(hospital.url + path, request));
    };
  }

  test.each([[['10.0.0.0/8']], [['192.168.1.7', '2001:db8::/32']]])(
    'an application of %p is turned away elsewhere, whatever address it claims',
    async (ipAllowList) => {
      const call = await application({ ipAllowList });
      const before = ledgerSize();
      shows(await call('POST', '/api/v1/orders', newOrder()), 403, 'ADDRESS_REFUSED');
      const claimed = { 'x-forwarded-for': '10.1.2.3', 'x-real-ip': '192.168.1.7' };
      shows(await call('POST', '/api/v1/orders', newOrder(), claimed), 403, 'ADDRESS_REFUSED');
      expect(ledgerSize()).toBe(before);
    },
  );

  test.each([[['127.0.0.0/8']], [['127.0.0.1']], [[]]])(
    'an application of %p is let in from here',
    async (ipAllowList) => {
      const call = await application({ ipAllowList });
      expect((await call('POST', '/api/v1/orders', newOrder())).body.status).toBe('paid');
    },
  );

  test('an application does only what it was given', async () => {
    const reader = await application({ scopes: ['orders:read'] });
    const order = await pay();
    const path = `/api/v1/orders/${order.body.merchantOrderNo}`;
    expect((await reader('GET', path)).status).toBe(200);
    const before = ledgerSize();
    shows(await reader('POST', '/api/v1/orders', newOrder()), 403, 'SCOPE_MISSING');
    shows(await reader('POST', `${path}/reverse`), 403, 'SCOPE_MISSING');
    shows(await reader('POST', `${path}/close`), 403, 'SCOPE_MISSING');
    const refund = {
      orderNo: order.body.orderNo,
      merchantRefundNo: newNo(),
      amountFen: 1,
      reason: 'x',
    };
    shows(await reader('POST', '/api/v1/refunds', refund), 403, 'SCOPE_MISSING');
    shows(await reader('GET', '/api/v1/refunds/none'), 403, 'SCOPE_MISSING');
    shows(await reader('POST', '/api/v1/his-records', {}), 403, 'SCOPE_MISSING');
    expect(ledgerSize()).toBe(before);
    expect(hospital.sandbox.ledger.payments({ outTradeNo: order.body.orderNo })[0]?.refundedFen).toBe(0);
  });

  /** The row as it was is put back, whatever the test says. */
  async function meanwhile(
    type: string,
    where: object,
    data: Record<string, unknown>,
    work: () => Promise<void>,
  ): Promise<void> {
    const rows = await table(type).findMany({ where });
    await table(type).updateMany({ where, data });
    try {
      await work();
    } finally {
      for (const row of rows) {
        const before = Object.fromEntries(Object.keys(data).map((name) => [name, row[name]]));
        await table(type).update({ where: { id: row.id }, data: before });
      }
    }
  }

  test('a disabled merchant takes no new order; what it took is refunded and asked about', async () => {
    const order = await pay();
    await meanwhile('merchant', { code: merchantCode }, { enabled: false }, async () => {
      shows(await pay(), 403, 'MERCHANT_DISABLED');
      const read = await hospital.call<OrderView>('GET', `/api/v1/orders/${order.body.merchantOrderNo}`);
      expect(read.body.status).toBe('paid');
      const refund = await hospital.call('POST', '/api/v1/refunds', {
        orderNo: order.body.orderNo,
        merchantRefundNo: newNo(),
        amountFen: 100,
        reason: '退号',
      });
      expect(refund.body.status).toBe('succeeded');
    });
    expect((await pay()).body.status).toBe('paid');
  });

  test("a disabled terminal, and another merchant's, take no order", async () => {
    await meanwhile('terminal', { code: 'W01' }, { enabled: false }, async () => {
      shows(await pay({ terminalCode: 'W01' }), 422, 'TERMINAL_DISABLED');
    });
    await meanwhile('terminal', { code: 'W01' }, { merchantCode: 'H999' }, async () => {
      shows(await pay({ terminalCode: 'W01' }), 422, 'TERMINAL_UNKNOWN');
    });
    expect((await pay({ terminalCode: 'W01' })).body.status).toBe('paid');
  });

  test('a scene that the channel does not offer is refused before anything is called', async () => {
    const { channels } = payments(hospital.strapi());
    const scenes = ['micropay', 'native', 'jsapi', 'h5', 'app'] as const;
    for (const { code, scenes: offered } of channels()) {
      for (const scene of scenes.filter((name) => !offered.includes(name))) {
        const answer = await pay({ scene, channel: code, authCode: undefined, payerId: 'p' });
        shows(answer, 422, 'SCENE_NOT_OFFERED');
      }
    }
  });

  test('without a route that fits there is no order, and it says so', async () => {
    const before = ledgerSize();
    await meanwhile('route', { channel: 'alipay' }, { enabled: false }, async () => {
      shows(await pay(), 422, 'NO_ROUTE');
      shows(await pay({ scene: 'native', channel: 'alipay', authCode: undefined }), 422, 'NO_ROUTE');
    });
    await meanwhile('route', { channel: 'alipay' }, { scene: 'native' }, async () => {
      shows(await pay(), 422, 'NO_ROUTE');
    });
    await meanwhile('route', { channel: 'alipay' }, { terminalCode: 'W01' }, async () => {
      shows(await pay(), 422, 'NO_ROUTE');
      expect((await pay({ terminalCode: 'W01' })).body.status).toBe('paid');
    });
    expect(ledgerSize()).toBe(before + 1);
  });

  test('a genuine notification of an order that is not ours is taken once and raises a message', async () => {
    const { body: order } = await pay({ scene: 'native', channel: 'alipay', authCode: undefined });
    const db = hospital.strapi().db.connection;
    const foreign = `X${newNo()}`;
    // As if the merchant's number were used by another system of the hospital: the account is right, the order is not.
    await db('orders').where({ order_no: order.orderNo }).update({ order_no: foreign });
    hospital.sandbox.patient.pay(null, order.payerAction?.kind === 'qr' ? order.payerAction.text : '');
    const message = await until(
      async () => {
        await monitoring(hospital.strapi()).flush();
        return table('message').findMany({ where: { kind: 'foreign_notification' } });
      },
      (found) => found.length > 0,
    );
    expect(message).toHaveLength(1);
    expect(message[0]).toMatchObject({ level: 'critical', title: expect.stringContaining(order.orderNo) });
    const stored = await table('notification').findMany({ where: { attemptNo: order.orderNo } });
    expect(stored).toHaveLength(1);
    expect(stored[0].handledAt).not.toBeNull();
    expect(stored[0].times).toBe(1);
    const row = await db('orders').where({ order_no: foreign }).first('status', 'paid_fen');
    expect(row).toMatchObject({ status: 'pending' });
    expect(Number(row.paid_fen)).toBe(0);
  });
});
