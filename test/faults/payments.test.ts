import http, { type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { manifest as wechatManifest } from '@hospital-pay/channel-wechat';
import {
  type ChannelDriver,
  type OrderView,
  type PaymentEvents,
  payments,
  type RefundView,
} from '@hospital-pay/payments';
import { channelConfigs } from '@hospital-pay/sandbox';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { newNo, signedHeaders } from '../harness/client';
import { createTurnableClock } from '../harness/clock';
import { alipayCode, type Hospital, merchantCode, startHospital, wechatCode } from '../harness/hospital';
import { keptCredentials } from '../harness/kept';
import { until } from '../harness/waiting';
import { type Intermediary, startIntermediary } from './intermediary';

interface ErrorBody {
  error: { name: string; status: number; details: { zh: string; en: string } };
}

const system = { kind: 'system' } as const;
const hasBothLanguages = (body: ErrorBody) => {
  expect(body.error.details.zh).toMatch(/[\u4e00-\u9fff]/);
  expect(body.error.details.en).toMatch(/^[\u0020-\u007e’–]+$/);
};

const databases = (process.env.TEST_DATABASES ?? 'sqlite,postgres')
  .split(',')
  .map((name) => (name === 'postgres' ? ('postgres' as const) : ('sqlite' as const)));

describe.each(databases)('bad input and faults on %s', (database) => {
  const clock = createTurnableClock(0);
  const credentials = keptCredentials();
  let between: Intermediary;
  let hospital: Hospital;
  let gateways: { close(): Promise<void> };
  let stopListening: () => void;
  const alarms: PaymentEvents['alarm'][] = [];

  beforeAll(async () => {
    between = await startIntermediary();
    hospital = await startHospital({ database, clock, gateways: { url: between.url, credentials } });
    const served = await hospital.sandbox.listen(0);
    gateways = served;
    between.leadTo(served.port);
    stopListening = payments(hospital.strapi()).events.on('alarm', (alarm) => alarms.push(alarm));
  }, 150_000);
  afterEach(() => {
    hospital.sandbox.faults.clear();
    between.setDown(false);
  });
  afterAll(async () => {
    stopListening?.();
    await hospital?.stop();
    await gateways?.close();
    between?.close();
  });

  const pay = (fields: Record<string, unknown> = {}) =>
    hospital.call<OrderView & ErrorBody>('POST', '/api/v1/orders', {
      merchantOrderNo: newNo(),
      amountFen: 1234,
      subject: '门诊缴费',
      scene: 'micropay',
      ...(fields.scene === undefined || fields.scene === 'micropay' ? { authCode: alipayCode() } : {}),
      ...fields,
    });
  const refund = (orderNo: string, fields: Record<string, unknown> = {}) =>
    hospital.call<RefundView & ErrorBody>('POST', '/api/v1/refunds', {
      orderNo,
      merchantRefundNo: newNo(),
      amountFen: 100,
      reason: '退号',
      ...fields,
    });
  const read = (orderNo: string) => payments(hospital.strapi()).orders.get({ orderNo }, system);
  const takenAtGateway = (orderNo: string) =>
    hospital.sandbox.ledger.payments({ outTradeNo: orderNo }).map((payment) => ({
      state: payment.state,
      amountFen: payment.amountFen,
      refundedFen: payment.refundedFen,
    }));
  const countOf = async (table: string, where: Record<string, string>) => {
    const [row]: { rows: number | string }[] = await hospital
      .strapi()
      .db.connection(table)
      .where(where)
      .count({ rows: '*' });
    return Number(row?.rows);
  };

  describe('what is asked wrongly', () => {
    test.each([0, -100, 0.5, 2 ** 53, '100', null])(
      'a refund of %p is refused and nothing goes back',
      async (amountFen) => {
        const { body: order } = await pay();
        const { status, body } = await refund(order.orderNo, { amountFen });
        expect({ status, name: body.error.name }).toEqual({ status: 400, name: 'AMOUNT_INVALID' });
        hasBothLanguages(body);
        expect(takenAtGateway(order.orderNo)).toMatchObject([{ amountFen: 1234, refundedFen: 0 }]);
      },
    );

    test('text that is no JSON, and a body that is no object, are answered in both languages', async () => {
      for (const body of ['{"amountFen":', '[]', '"x"', 'null']) {
        const headers = signedHeaders(hospital.application, { method: 'POST', path: '/api/v1/orders', body });
        const response = await fetch(`${hospital.url}/api/v1/orders`, { method: 'POST', headers, body });
        const answer: ErrorBody = await response.json();
        expect({ body, status: response.status }).toEqual({ body, status: 400 });
        hasBothLanguages(answer);
      }
    });

    test('a merchant that does not exist is said to be unknown', async () => {
      const cashier = await hospital.staff('cashier');
      const { status, body } = await cashier<ErrorBody>('POST', '/api/payments/cashier/orders', {
        merchantCode: 'NOBODY',
        merchantOrderNo: newNo(),
        amountFen: 100,
        subject: '挂号',
        scene: 'micropay',
        authCode: alipayCode(),
      });
      expect({ status, name: body.error.name }).toEqual({ status: 404, name: 'MERCHANT_UNKNOWN' });
      hasBothLanguages(body);
    });

    test.each(['28', 'abc', '28123456789012345x', '99123456789012345678', ' '])(
      'a payment code %p makes no order',
      async (authCode) => {
        const merchantOrderNo = newNo();
        const { status, body } = await pay({ merchantOrderNo, authCode });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(['AUTH_CODE_UNKNOWN', 'AUTH_CODE_MISSING', 'INPUT_INVALID']).toContain(body.error.name);
        hasBothLanguages(body);
        expect(await countOf('orders', { merchant_order_no: merchantOrderNo })).toBe(0);
      },
    );

    test.each([alipayCode, wechatCode])(
      'a payment code takes money once, whoever repeats it',
      async (code) => {
        const authCode = code();
        const answers = await Promise.all([pay({ authCode }), pay({ authCode }), pay({ authCode })]);
        expect(answers.filter(({ body }) => body.status === 'paid')).toHaveLength(1);
        for (const { body } of answers.filter((answer) => answer.body.status !== 'paid')) {
          expect(body).toMatchObject({ status: 'failed', error: { code: 'CHANNEL_REFUSED' } });
          expect(body.error).toMatchObject({
            zh: expect.stringMatching(/[\u4e00-\u9fff]/),
            en: expect.any(String),
          });
        }
        const taken = answers.flatMap(({ body }) => takenAtGateway(body.orderNo));
        expect(taken.filter(({ state }) => state === 'paid')).toHaveLength(1);
      },
    );

    test('ten bodies under one order number at once: one is the order, the others are conflicts or its repeats', async () => {
      const merchantOrderNo = newNo();
      const answers = await Promise.all(
        Array.from({ length: 10 }, (_, index) => pay({ merchantOrderNo, amountFen: 1000 + index * 100 })),
      );
      const orders = answers.filter(({ status }) => status === 200);
      expect(orders).toHaveLength(1);
      const conflicts = answers.filter(({ body }) => body.error?.name === 'ORDER_CONFLICT');
      expect(conflicts).toHaveLength(9);
      expect(await countOf('orders', { merchant_order_no: merchantOrderNo })).toBe(1);
      expect(takenAtGateway(orders[0]?.body.orderNo ?? '')).toMatchObject([{ state: 'paid' }]);
    });

    test('an order that was never paid, and one that does not exist, are not refunded', async () => {
      const { body: order } = await pay({ scene: 'native', channel: 'wechat' });
      expect((await refund(order.orderNo)).body.error.name).toBe('ORDER_NOT_REFUNDABLE');
      const unknown = await refund('none');
      expect(unknown).toMatchObject({ status: 404, body: { error: { name: 'ORDER_NOT_FOUND' } } });
      hasBothLanguages(unknown.body);
    });

    test('refunds at once that together exceed what was paid: as many as fit, the same at the gateway', async () => {
      const { body: order } = await pay({ amountFen: 1000, authCode: wechatCode() });
      const answers = await Promise.all(
        [700, 700, 700].map((amountFen) => refund(order.orderNo, { amountFen })),
      );
      const refused = answers.filter(({ status }) => status === 409);
      expect(refused).toHaveLength(2);
      for (const { body } of refused) expect(body.error.name).toBe('REFUND_EXCEEDS_PAID');
      await until(
        () => read(order.orderNo),
        (now) => now.refundedFen === 700,
      );
      expect(takenAtGateway(order.orderNo)).toMatchObject([{ amountFen: 1000, refundedFen: 700 }]);
    });

    test('the same refund number ten times at once gives back once', async () => {
      const { body: order } = await pay({ amountFen: 1000 });
      const merchantRefundNo = newNo();
      const answers = await Promise.all(
        Array.from({ length: 10 }, () => refund(order.orderNo, { merchantRefundNo })),
      );
      expect(new Set(answers.map(({ body }) => body.refundNo)).size).toBe(1);
      expect(takenAtGateway(order.orderNo)).toMatchObject([{ refundedFen: 100 }]);
    });
  });

  describe('who asks', () => {
    const created: Record<string, { appId: string; secret: string }> = {};
    beforeAll(async () => {
      const { applications } = payments(hospital.strapi());
      const common = { name: '终端', merchantCode };
      created.elsewhere = await applications.create({
        ...common,
        appId: newNo(),
        scopes: ['orders:read'],
        ipAllowList: ['10.1.0.0/16', '2001:db8::/32'],
      });
      created.reader = await applications.create({
        ...common,
        appId: newNo(),
        scopes: ['orders:read'],
        ipAllowList: ['127.0.0.0/8', '::1'],
      });
    });
    const ask = async (
      app: { appId: string; secret: string },
      changes: { headers?: Record<string, string>; body?: string; method?: string; path?: string } = {},
    ) => {
      const signed = JSON.stringify({ amountFen: 1 });
      const method = changes.method ?? 'POST';
      const path = '/api/v1/orders';
      const headers = signedHeaders(app, { method: 'POST', path, body: signed });
      const response = await fetch(hospital.url + (changes.path ?? path), {
        method,
        headers: { ...headers, ...changes.headers },
        body: changes.body ?? signed,
      });
      const body: ErrorBody = await response.json();
      hasBothLanguages(body);
      return { status: response.status, name: body.error.name };
    };
    const app = (name: string) => created[name] ?? { appId: '', secret: '' };

    test('from an address that is not on the list', async () => {
      expect(await ask(app('elsewhere'))).toEqual({ status: 403, name: 'ADDRESS_REFUSED' });
    });
    test('without the scope', async () => {
      expect(await ask(app('reader'))).toEqual({ status: 403, name: 'SCOPE_MISSING' });
    });
    test('with a body or a path other than the signed one', async () => {
      const altered = await ask(hospital.application, { body: JSON.stringify({ amountFen: 2 }) });
      expect(altered).toEqual({ status: 401, name: 'SIGNATURE_INVALID' });
      const elsewhere = await ask(hospital.application, { path: '/api/v1/orders?x=1' });
      expect(elsewhere).toEqual({ status: 401, name: 'SIGNATURE_INVALID' });
    });
    test('with a signature of another length, or of no kind', async () => {
      for (const signature of ['00', 'zz'.repeat(32), 'ä']) {
        const answer = await ask(hospital.application, {
          headers: { 'x-signature': encodeURIComponent(signature) },
        });
        expect(answer).toEqual({ status: 401, name: 'SIGNATURE_INVALID' });
      }
    });
    test('with an application that was disabled', async () => {
      const rows = hospital.strapi().db.query('api::application.application');
      await rows.update({ where: { appId: app('reader').appId }, data: { enabled: false } });
      expect(await ask(app('reader'))).toEqual({ status: 403, name: 'APPLICATION_DISABLED' });
    });
    test('the same signed request ten times at once: one passes', async () => {
      const path = '/api/v1/orders/none';
      const headers = signedHeaders(hospital.application, { method: 'GET', path, body: '' });
      const names = await Promise.all(
        Array.from({ length: 10 }, async () => {
          const answer: ErrorBody = await (await fetch(hospital.url + path, { headers })).json();
          return answer.error.name;
        }),
      );
      expect(names.filter((name) => name === 'ORDER_NOT_FOUND')).toHaveLength(1);
      expect(names.filter((name) => name === 'REPLAYED')).toHaveLength(9);
    });
  });

  describe('gateways that fail', () => {
    const channels = [
      ['alipay', alipayCode],
      ['wechat', wechatCode],
    ] as const;

    test.each(channels)(
      '%s down: the order is unknown, and ends without money when it can be asked',
      async (channel, code) => {
        between.setDown(true);
        const { body } = await pay({ authCode: code() });
        expect(body).toMatchObject({ status: 'unknown', error: { code: 'RESULT_UNKNOWN' } });
        expect(body.error).toMatchObject({ zh: expect.stringMatching(/[\u4e00-\u9fff]/) });
        expect(takenAtGateway(body.orderNo)).toEqual([]);
        const asked = await hospital.call<OrderView>('GET', `/api/v1/orders/${body.merchantOrderNo}`);
        expect(asked.body.status).toBe('unknown');
        between.setDown(false);
        // While the request could still be under way, WeChat Pay not knowing the order proves nothing.
        clock.turn(channel === 'wechat' ? 120_000 : 0);
        await hospital.call('POST', `/api/v1/orders/${body.merchantOrderNo}/reverse`);
        const ended = await until(
          () => read(body.orderNo),
          (order) => !['created', 'pending', 'unknown'].includes(order.status),
        );
        expect(['closed', 'reversed', 'failed']).toContain(ended.status);
        expect(takenAtGateway(body.orderNo).filter(({ state }) => state === 'paid')).toEqual([]);
      },
      60_000,
    );

    const spoilt = ['http_5xx', 'garbage', 'reset', 'bad_signature'] as const;
    test.each(channels.flatMap(([channel, code]) => spoilt.map((kind) => ({ channel, code, kind }))))(
      '$channel takes the money and answers with $kind: asked again, booked once',
      async ({ channel, code, kind }) => {
        hospital.sandbox.faults.add({ channel, operation: 'pay', kind, times: 1 });
        hospital.sandbox.faults.add({ channel, operation: 'notify', kind: 'lost_notify', times: 0 });
        const { body } = await pay({ authCode: code() });
        expect(body).toMatchObject({ status: 'unknown', error: { code: 'RESULT_UNKNOWN' } });
        const asked = await hospital.call<OrderView>('GET', `/api/v1/orders/${body.merchantOrderNo}`);
        expect(asked.body).toMatchObject({ status: 'paid', paidFen: 1234 });
        expect(takenAtGateway(body.orderNo)).toMatchObject([{ state: 'paid', amountFen: 1234 }]);
      },
      30_000,
    );

    test.each(channels.flatMap(([channel, code]) => spoilt.map((kind) => ({ channel, code, kind }))))(
      '$channel refunds and answers with $kind: given back once',
      async ({ channel, code, kind }) => {
        const { body: order } = await pay({ authCode: code() });
        hospital.sandbox.faults.add({ channel, operation: 'refund', kind, times: 1 });
        hospital.sandbox.faults.add({ channel, operation: 'notify', kind: 'lost_notify', times: 0 });
        const { body } = await refund(order.orderNo);
        expect(['unknown', 'processing']).toContain(body.status);
        const asked = await until(
          async () =>
            (await hospital.call<RefundView>('GET', `/api/v1/refunds/${body.merchantRefundNo}`)).body,
          ({ status }) => status === 'succeeded',
        );
        expect(asked.amountFen).toBe(100);
        expect(await read(order.orderNo)).toMatchObject({ status: 'partially_refunded', refundedFen: 100 });
        expect(takenAtGateway(order.orderNo)).toMatchObject([{ refundedFen: 100 }]);
      },
      40_000,
    );

    test('a gateway slower than we wait: unknown within the limit, then booked', async () => {
      hospital.sandbox.faults.add({
        channel: 'alipay',
        operation: 'pay',
        kind: 'delay',
        delayMs: 11_000,
        times: 1,
      });
      hospital.sandbox.faults.add({ channel: 'alipay', operation: 'notify', kind: 'lost_notify', times: 0 });
      const started = Date.now();
      const { body } = await pay();
      expect(Date.now() - started).toBeLessThan(15_000);
      expect(body.status).toBe('unknown');
      const asked = await hospital.call<OrderView>('GET', `/api/v1/orders/${body.merchantOrderNo}`);
      expect(asked.body.status).toBe('paid');
    }, 40_000);
  });

  describe('notifications', () => {
    const notifyUrl = () => `${hospital.url}/api/notify/wechat-1`;
    const unpaidQr = async (channel: 'alipay' | 'wechat') => {
      const { body } = await pay({ scene: 'native', channel });
      return { orderNo: body.orderNo, text: body.payerAction?.kind === 'qr' ? body.payerAction.text : '' };
    };

    test.each(['alipay', 'wechat'] as const)(
      'ten times the same from %s books once and tells HIS once',
      async (channel) => {
        hospital.sandbox.faults.add({
          channel,
          operation: 'notify',
          kind: 'duplicate_notify',
          copies: 10,
          times: 1,
        });
        const { orderNo, text } = await unpaidQr(channel);
        hospital.sandbox.patient.pay(null, text);
        await until(
          () => read(orderNo),
          ({ status }) => status === 'paid',
        );
        await hospital.sandbox.notifications.settled();
        const [sent] = hospital.sandbox.notifications.list({ orderNo });
        expect(sent?.attempts.every(({ acknowledged }) => acknowledged)).toBe(true);
        expect(sent?.attempts).toHaveLength(10);
        expect(await countOf('notifications', { attempt_no: orderNo })).toBe(1);
        expect(await countOf('outboxes', { order_no: orderNo })).toBe(1);
        expect(await read(orderNo)).toMatchObject({ paidFen: 1234, refundedFen: 0 });
      },
      30_000,
    );

    test.each(['alipay', 'wechat'] as const)(
      'another amount under a valid signature of %s is an alarm, not a payment',
      async (channel) => {
        hospital.sandbox.faults.add({
          channel,
          operation: 'notify',
          kind: 'tampered_notify_amount',
          times: 1,
        });
        const { orderNo, text } = await unpaidQr(channel);
        hospital.sandbox.patient.pay(null, text);
        await until(
          async () => alarms.filter((alarm) => alarm.orderNo === orderNo),
          (found) => found.length > 0,
        );
        const order = await read(orderNo);
        expect(order).toMatchObject({ status: 'unknown', paidFen: 0, error: { code: 'INTEGRITY' } });
        expect(alarms.find((alarm) => alarm.orderNo === orderNo)).toMatchObject({
          kind: 'integrity',
          level: 'critical',
        });
        expect(await countOf('outboxes', { order_no: orderNo })).toBe(0);
        // The channel itself is asked and tells the truth.
        const merchantOrderNo = order.merchantOrderNo;
        const asked = await hospital.call<OrderView>('GET', `/api/v1/orders/${merchantOrderNo}`);
        expect(asked.body).toMatchObject({ status: 'paid', paidFen: 1234 });
      },
      30_000,
    );

    test('a SIGNTEST probe is refused', async () => {
      const { status } = await hospital.sandbox.gateways.wechat.probe(notifyUrl());
      expect(status).toBeGreaterThanOrEqual(400);
    });

    test.each(['alipay', 'wechat'])(
      'about an order of %s that is not ours: acknowledged, kept, and an alarm',
      async (channel) => {
        const driver = await payments(hospital.strapi()).accounts.driver(`${channel}-1`);
        const attemptNo = newNo();
        const pending = await driver.pay({
          attemptNo,
          scene: 'native',
          amount: 500,
          currency: 'CNY',
          subject: '别处的订单',
          expiresAt: new Date(clock.now().getTime() + 600_000),
        });
        const action = pending.kind === 'pending' ? pending.payerAction : undefined;
        hospital.sandbox.patient.pay(null, action?.kind === 'qr' ? action.text : '');
        await until(
          async () => hospital.sandbox.notifications.list({ orderNo: attemptNo })[0]?.state,
          (state) => state === 'acknowledged',
        );
        expect(await countOf('notifications', { attempt_no: attemptNo })).toBe(1);
        expect(alarms).toContainEqual(
          expect.objectContaining({
            kind: 'foreign_notification',
            level: 'critical',
            zh: expect.stringContaining(attemptNo),
          }),
        );
        expect(await countOf('orders', { order_no: attemptNo })).toBe(0);
      },
      30_000,
    );

    test('about a refund number that was never made: acknowledged, kept, and an alarm', async () => {
      const { body: order } = await pay({ authCode: wechatCode() });
      const driver = await payments(hospital.strapi()).accounts.driver('wechat-1');
      const refundNo = `${order.orderNo}R99`;
      await driver.refund?.({
        refundNo,
        amount: 100,
        reason: '控制台退款',
        payment: {
          attemptNo: order.orderNo,
          scene: 'micropay',
          amount: 1234,
          currency: 'CNY',
          createdAt: new Date(order.createdTime),
        },
      });
      await until(
        async () => alarms.filter((alarm) => alarm.zh.includes(refundNo)),
        (found) => found.length > 0,
      );
      await until(
        async () =>
          hospital.sandbox.notifications
            .list({ orderNo: order.orderNo })
            .filter(({ about }) => about === 'refund')[0]?.state,
        (state) => state === 'acknowledged',
      );
      expect(await countOf('notifications', { refund_no: refundNo })).toBe(1);
      expect(await read(order.orderNo)).toMatchObject({ status: 'paid', refundedFen: 0 });
    }, 30_000);

    test('to an account that does not exist is answered 404', async () => {
      const response = await fetch(`${hospital.url}/api/notify/nobody`, { method: 'POST', body: 'x=1' });
      expect(response.status).toBe(404);
    });

    test('changed on its way, without its headers, or ten minutes old: refused, and nothing moves', async () => {
      const { body: order } = await pay({ scene: 'native', channel: 'wechat' });
      const caught = await catchNotification();
      const post = async (headers: IncomingHttpHeaders, body: string) => {
        const sent = Object.entries(headers).filter(([name]) => /^(wechatpay-|content-type)/.test(name));
        const response = await fetch(notifyUrl(), {
          method: 'POST',
          headers: Object.fromEntries(sent.map(([name, value]) => [name, String(value)])),
          body,
        });
        return response.status;
      };
      expect(await post(caught.headers, caught.body.replace('支付成功', '支付失败'))).toBe(401);
      expect(await post({ 'content-type': 'application/json' }, caught.body)).toBe(401);
      expect(await post(caught.headers, '')).toBe(401);
      clock.turn(10 * 60_000);
      try {
        expect(await post(caught.headers, caught.body)).toBe(401);
      } finally {
        clock.turn(-10 * 60_000);
      }
      expect(await countOf('notifications', { attempt_no: caught.attemptNo })).toBe(0);
      expect((await read(order.orderNo)).status).toBe('pending');
    }, 30_000);

    /** A genuine notification, caught before it reaches the platform. */
    async function catchNotification(): Promise<{
      attemptNo: string;
      headers: IncomingHttpHeaders;
      body: string;
    }> {
      const attemptNo = newNo();
      let arrived: (notification: { headers: IncomingHttpHeaders; body: string }) => void;
      const arrival = new Promise<{ headers: IncomingHttpHeaders; body: string }>((resolve) => {
        arrived = resolve;
      });
      const server = http.createServer((request, response) => {
        const chunks: Buffer[] = [];
        request.on('data', (chunk: Buffer) => chunks.push(chunk));
        request.on('end', () => {
          arrived({ headers: request.headers, body: Buffer.concat(chunks).toString() });
          response.end();
        });
      });
      await new Promise<void>((resolve) => {
        server.listen(0, '127.0.0.1', resolve);
      });
      const { port }: Pick<AddressInfo, 'port'> = Object(server.address());
      const driver: ChannelDriver = wechatManifest.connect(
        { ...channelConfigs(credentials, between.url).wechat },
        {
          now: () => clock.now(),
          notifyUrl: `http://127.0.0.1:${port}/`,
          timeoutMs: 5000,
          record: () => undefined,
        },
      );
      const pending = await driver.pay({
        attemptNo,
        scene: 'native',
        amount: 500,
        currency: 'CNY',
        subject: '门诊缴费',
        expiresAt: new Date(clock.now().getTime() + 600_000),
      });
      const action = pending.kind === 'pending' ? pending.payerAction : undefined;
      hospital.sandbox.patient.pay(null, action?.kind === 'qr' ? action.text : '');
      const notification = await arrival;
      server.close();
      server.closeAllConnections();
      return { attemptNo, ...notification };
    }
  });
});
