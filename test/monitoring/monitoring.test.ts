import { access } from '@hospital-pay/access';
import { monitoring } from '@hospital-pay/monitoring';
import { type PaymentEvents, payments } from '@hospital-pay/payments';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readAnswer } from '../harness/client';
import { type Platform, startPlatform } from '../harness/platform';

type Call = PaymentEvents['channel.call'];

const call = (part: Partial<Call>): Call => ({
  method: 'create_order',
  url: 'https://gateway.example/pay',
  request: '{}',
  response: '{}',
  httpStatus: 200,
  startedAt: new Date('2026-11-22T08:48:14.123Z'),
  durationMs: 41.7,
  channel: 'wechat',
  accountCode: 'WX-MAIN',
  orderNo: '1301178801201810300718384501837',
  tradeType: 'weixin_micropay',
  direction: 'out',
  ...part,
});

describe.each(['sqlite', 'postgres'] as const)('monitoring on %s', (database) => {
  let platform: Platform;
  const emit = <Name extends keyof PaymentEvents>(name: Name, event: PaymentEvents[Name]) =>
    payments(platform.strapi()).events.emit(name, event);
  const rows = (uid: 'interface-log' | 'abnormal-request' | 'message', where: object) =>
    platform
      .strapi()
      .db.query(`api::${uid}.${uid}`)
      .findMany({ where, orderBy: { id: 'asc' } });

  beforeAll(async () => {
    platform = await startPlatform({ database, env: { METRICS_TOKEN: 'a-token-of-prometheus' } });
  }, 120_000);
  afterAll(() => platform.stop());

  test('a call becomes a row of the interface log soon after, and none is written on its way', async () => {
    emit(
      'channel.call',
      call({ orderNo: 'A1', request: '{"total_fee":1234}', response: '{"code":"SUCCESS"}' }),
    );
    expect(await rows('interface-log', { orderNo: 'A1' })).toEqual([]);
    await new Promise((resolve) => setTimeout(resolve, 900));
    const [row] = await rows('interface-log', { orderNo: 'A1' });
    expect(row).toMatchObject({
      method: 'create_order',
      tradeType: 'weixin_micropay',
      channel: 'wechat',
      accountCode: 'WX-MAIN',
      direction: 'out',
      request: '{"total_fee":1234}',
      response: '{"code":"SUCCESS"}',
      httpStatus: 200,
      durationMs: 42,
      errorCode: null,
      documentId: expect.stringMatching(/^[a-z0-9]{24}$/),
    });
    expect(new Date(row.at).toISOString()).toBe('2026-11-22T08:48:14.123Z');
    expect(await rows('abnormal-request', { orderNo: 'A1' })).toEqual([]);
  });

  test('a call with an error is also an abnormal request, in words', async () => {
    emit(
      'channel.call',
      call({
        orderNo: 'A2',
        method: 'query_order',
        channel: null,
        errorCode: 'ODD',
        errorMessage: '交易不存在',
      }),
    );
    await monitoring(platform.strapi()).flush();
    expect(await rows('abnormal-request', { orderNo: 'A2' })).toMatchObject([
      {
        errorCode: 'ODD',
        errorMessage: '订单查询失败:交易不存在',
        action: '订单查询',
        tradeType: 'weixin_micropay',
      },
    ]);
  });

  test('what a driver forgot to mask is masked before it is stored', async () => {
    const code = '130123456789012345';
    emit(
      'channel.call',
      call({
        orderNo: 'A3',
        request: `<xml><auth_code>${code}</auth_code></xml>`,
        response: `{"auth_code":"${code}","patientName":"王小明"}`,
        url: `https://gateway.example/pay?auth_code=${code}`,
        errorCode: 'AUTHCODEEXPIRE',
        errorMessage: `付款码 ${code} 已过期\u0000`,
      }),
    );
    await monitoring(platform.strapi()).flush();
    const stored = JSON.stringify([
      await rows('interface-log', { orderNo: 'A3' }),
      await rows('abnormal-request', { orderNo: 'A3' }),
    ]);
    expect(stored).toContain('AUTHCODEEXPIRE');
    expect(stored).not.toMatch(/130123456789012345|王小明/);
  });

  test('a thousand calls are all written', async () => {
    for (let index = 0; index < 1000; index += 1) emit('channel.call', call({ orderNo: 'BULK' }));
    await monitoring(platform.strapi()).flush();
    expect(
      await platform
        .strapi()
        .db.query('api::interface-log.interface-log')
        .count({ where: { orderNo: 'BULK' } }),
    ).toBe(1000);
  });

  test('an alarm is one message however often it rings', async () => {
    const alarm = {
      kind: 'amount_mismatch',
      level: 'critical' as const,
      zh: '渠道返回金额与订单不符',
      en: 'The channel answered another amount',
      orderNo: 'A4',
      dedupeKey: 'amount:A4',
    };
    for (let times = 0; times < 10; times += 1) {
      emit('alarm', alarm);
      await monitoring(platform.strapi()).flush();
    }
    expect(await rows('message', { dedupeKey: 'amount:A4' })).toMatchObject([
      {
        level: 'critical',
        title: alarm.zh,
        titleEn: alarm.en,
        orderNo: 'A4',
        readAt: null,
      },
    ]);
  });

  test('a message is read by the first who reads it', async () => {
    const { createAccount, sessions } = access(platform.strapi());
    const [message] = await rows('message', { dedupeKey: 'amount:A4' });
    const read = async (username: string, role: string) => {
      await createAccount({
        username,
        password: 'Hospital@2026',
        displayName: username,
        roles: [role],
        merchantCodes: null,
      });
      const { accessToken } = await sessions.signIn(
        { username, password: 'Hospital@2026' },
        { ip: '127.0.0.1', userAgent: '' },
      );
      const response = await fetch(`${platform.url}/api/monitoring/messages/${message.documentId}/read`, {
        method: 'POST',
        headers: { authorization: `Bearer ${accessToken}` },
      });
      return readAnswer<{ readBy?: string }>(response);
    };
    expect((await read('ops', 'ops')).body).toMatchObject({ readBy: 'ops' });
    expect((await read('finance', 'finance')).body).toMatchObject({ readBy: 'ops' });
    expect((await read('cashier', 'cashier')).status).toBe(403);
  });

  test('what is in memory at the end of the process is written, and read after the restart', async () => {
    emit('channel.call', call({ orderNo: 'LAST' }));
    await platform.restart();
    expect(await rows('interface-log', { orderNo: 'LAST' })).toHaveLength(1);
  }, 60_000);

  test('a log that cannot be written disturbs nobody', async () => {
    const connection = platform.strapi().db.connection;
    await connection.schema.renameTable('interface_logs', 'interface_logs_away');
    try {
      expect(() => emit('channel.call', call({ orderNo: 'A5' }))).not.toThrow();
      await monitoring(platform.strapi()).flush();
    } finally {
      await connection.schema.renameTable('interface_logs_away', 'interface_logs');
    }
    await monitoring(platform.strapi()).flush();
    expect(await rows('interface-log', { orderNo: 'A5' })).toHaveLength(1);
  });

  const scrape = async (token: string) => {
    const response = await fetch(`${platform.url}/metrics`, {
      headers: { authorization: `Bearer ${token}` },
    });
    return { status: response.status, text: await response.text() };
  };

  test('Prometheus reads calls, orders, money and what waits, by channel and never by order', async () => {
    const moved = { channel: 'wechat', scene: 'micropay', currency: 'CNY' } as const;
    emit('order.moved', { orderNo: 'M1', to: 'paid', paidFen: 1999, ...moved });
    emit('order.moved', { orderNo: 'M2', to: 'unknown', paidFen: 0, ...moved });
    emit('channel.call', call({ orderNo: 'M1', scene: 'micropay', durationMs: 300 }));
    const { status, text } = await scrape('a-token-of-prometheus');
    expect(status).toBe(200);
    expect(text).toContain('hospital_pay_orders_total{channel="wechat",scene="micropay",state="paid"} 1');
    expect(text).toContain('hospital_pay_orders_total{channel="wechat",scene="micropay",state="unknown"} 1');
    expect(text).toContain('hospital_pay_paid_minor_units_total{channel="wechat",currency="CNY"} 1999');
    expect(text).toMatch(
      /channel_call_seconds_bucket\{le="0.5",channel="wechat",scene="micropay",method="create_order",result="ok"\} 1/,
    );
    expect(text).toMatch(/hospital_pay_waiting\{work="outbox"\} \d/);
    expect(text).toContain('nodejs_eventloop_lag_p99_seconds');
    expect(text).toMatch(/hospital_pay_database_connections\{state="used"\} \d/);
    expect(text).not.toContain('M1');
  });

  test('a stranger is shown no metrics', async () => {
    expect(await scrape('a-guess')).toEqual({
      status: 401,
      text: expect.not.stringContaining('hospital_pay'),
    });
  });
});
