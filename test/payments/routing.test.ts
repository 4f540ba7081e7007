import { type OrderView, payments, type RefundView, type RoutingView } from '@hospital-pay/payments';
import { channelConfigs } from '@hospital-pay/sandbox';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { newNo } from '../harness/client';
import { alipayCode, type Hospital, merchantCode, startHospital } from '../harness/hospital';
import { until } from '../harness/waiting';
import { freePort } from '../services/ports';

/** The hospital has a second Alipay account, and its first one can be cut off. */
describe('where an order goes', () => {
  let hospital: Hospital;
  beforeAll(async () => {
    hospital = await startHospital();
    const { accounts } = payments(hospital.strapi());
    await accounts.save({
      code: 'alipay-2',
      name: '备用',
      channel: 'alipay',
      merchantCode,
      enabled: true,
      config: configOf(hospital),
    });
    const admin = await hospital.staff('admin');
    const route = {
      name: '备用',
      merchantCode,
      channel: 'alipay',
      accountCode: 'alipay-2',
      priority: 200,
      enabled: true,
    };
    expect((await admin('POST', '/api/routes', { data: route })).status).toBe(201);
  }, 120_000);
  afterAll(() => hospital?.stop());

  const pay = async (fields: Record<string, unknown> = {}) => {
    const { body } = await hospital.call<OrderView>('POST', '/api/v1/orders', { ...order(), ...fields });
    return body;
  };
  const order = () => ({
    merchantOrderNo: newNo(),
    amountFen: 1234,
    subject: '门诊缴费',
    scene: 'micropay',
    authCode: alipayCode(),
  });
  const accountOf = async ({ orderNo }: OrderView): Promise<string | undefined> => {
    const row: { account_code: string } | undefined = await hospital
      .strapi()
      .db.connection('orders')
      .where({ order_no: orderNo })
      .first();
    return row?.account_code;
  };
  const question = { merchantCode, scene: 'micropay', amountFen: 1234, authCode: alipayCode() };

  test('the admin is told what would happen to an order, and nothing happens', async () => {
    const admin = await hospital.staff('admin');
    const before = hospital.sandbox.ledger.payments().length;
    const { status, body } = await admin<RoutingView>('POST', '/api/payments/routes/explain', question);
    expect(status).toBe(200);
    expect(body.routes.map(({ accountCode, verdict, circuit }) => [accountCode, verdict, circuit])).toEqual([
      ['alipay-1', 'chosen', 'closed'],
      ['wechat-1', 'other_channel', 'closed'],
      ['alipay-2', 'lower_priority', 'closed'],
    ]);
    expect(hospital.sandbox.ledger.payments()).toHaveLength(before);
  });

  test('a question about nobody’s payment code is answered with its error', async () => {
    const admin = await hospital.staff('admin');
    const { status, body } = await admin('POST', '/api/payments/routes/explain', {
      ...question,
      authCode: '99999999',
    });
    expect([status, body]).toMatchObject([422, { error: { name: 'AUTH_CODE_UNKNOWN' } }]);
  });

  test('a span of time that is none is refused when the route is saved', async () => {
    const admin = await hospital.staff('admin');
    const route = {
      name: '夜间',
      merchantCode,
      channel: 'alipay',
      accountCode: 'alipay-2',
      timeFrom: '25:00',
    };
    expect((await admin('POST', '/api/routes', { data: route })).status).toBe(400);
  });

  test('a channel switched off in the admin takes no new order, while its old ones go on', async () => {
    const admin = await hospital.staff('admin');
    const finance = await hospital.staff('finance');
    const paid = await pay();
    const waiting = await pay({ scene: 'native', channel: 'alipay', authCode: undefined });
    const turn = (caller: typeof admin, enabled: boolean) =>
      caller('PUT', '/api/payments/channels/alipay', { enabled });
    const shown = async () => {
      const { body } = await admin<{ code: string; enabled: boolean; accounts: number }[]>(
        'GET',
        '/api/payments/channels',
      );
      return body.find(({ code }) => code === 'alipay');
    };
    expect(await shown()).toMatchObject({ enabled: true, accounts: 2 });
    expect((await turn(finance, false)).status).toBe(403);
    expect((await turn(admin, false)).status).toBe(200);
    try {
      expect(await shown()).toMatchObject({ enabled: false });
      const refused = await hospital.call('POST', '/api/v1/orders', order());
      expect([refused.status, refused.body]).toMatchObject([422, { error: { name: 'CHANNEL_DISABLED' } }]);
      const { body } = await admin<RoutingView>('POST', '/api/payments/routes/explain', question);
      expect(body.routes.map(({ verdict }) => verdict)).toEqual([
        'channel_disabled',
        'other_channel',
        'channel_disabled',
      ]);
      // Any channel would do: the one that is on takes it.
      expect((await pay({ scene: 'native', authCode: undefined })).channel).toBe('wechat');

      const refund = { merchantOrderNo: paid.merchantOrderNo, merchantRefundNo: newNo(), amountFen: 34 };
      const refunded = await hospital.call<RefundView>('POST', '/api/v1/refunds', {
        ...refund,
        reason: '退费',
      });
      expect(refunded.body.status).toBe('succeeded');
      const text = waiting.payerAction?.kind === 'qr' ? waiting.payerAction.text : '';
      hospital.sandbox.patient.pay(null, text);
      await hospital.sandbox.notifications.settled();
      const path = `/api/v1/orders/${waiting.merchantOrderNo}`;
      await until(
        async () => (await hospital.call<OrderView>('GET', path)).body,
        ({ status }) => status === 'paid',
      );
    } finally {
      await turn(admin, true);
    }
    expect((await pay()).status).toBe('paid');
    const trail = await hospital
      .strapi()
      .db.query('api::audit-entry.audit-entry')
      .findMany({ where: { subject: 'channel', subjectKey: 'alipay' }, orderBy: 'id' });
    expect(trail).toMatchObject([
      { actor: 'admin', action: 'update', before: { enabled: true }, after: { enabled: false } },
      { actor: 'admin', action: 'update', before: { enabled: false }, after: { enabled: true } },
    ]);
  });

  test('when an account has stopped answering its orders go to the next, and each order tells why', async () => {
    const { accounts } = payments(hospital.strapi());
    const cutOff = { ...configOf(hospital), gateway: `http://127.0.0.1:${await freePort()}/gateway.do` };
    const first = { code: 'alipay-1', name: 'alipay', channel: 'alipay', merchantCode, enabled: true };
    await accounts.save({ ...first, config: cutOff });
    const silent = [];
    for (let count = 0; count < 5; count++) silent.push(await pay());
    expect(silent.map(({ status }) => status)).toEqual(Array(5).fill('unknown'));

    const next = await pay();
    expect(next.status).toBe('paid');
    expect(await accountOf(next)).toBe('alipay-2');
    const finance = await hospital.staff('finance');
    const { body } = await finance<{ routing: RoutingView }>(
      'GET',
      `/api/payments/orders/${next.orderNo}/routing`,
    );
    expect(body.routing.routes.map(({ accountCode, verdict }) => [accountCode, verdict])).toEqual([
      ['alipay-1', 'circuit_open'],
      ['wechat-1', 'other_channel'],
      ['alipay-2', 'chosen'],
    ]);
    // What was begun at the silent account stays there: only its answer decides.
    expect(await Promise.all(silent.map(accountOf))).toEqual(Array(5).fill('alipay-1'));
    const alarms = await hospital.strapi().db.connection('outboxes').where({ topic: 'alarm' });
    expect(alarms.filter((alarm) => String(alarm.dedupe_key).startsWith('circuit:alipay-1'))).toHaveLength(1);
  });
});

/** What the first account is configured with, secrets included. */
function configOf({ sandbox }: Hospital) {
  const [credentials] = sandbox.credentials;
  if (!credentials) throw new Error('no credentials');
  return { ...channelConfigs(credentials, sandbox.baseUrl()).alipay };
}
