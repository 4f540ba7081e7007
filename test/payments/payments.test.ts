import { type OrderView, payments, type RefundView } from '@hospital-pay/payments';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { newNo, signedHeaders } from '../harness/client';
import { alipayCode, type Hospital, merchantCode, startHospital, wechatCode } from '../harness/hospital';
import { until } from '../harness/waiting';

interface ErrorBody {
  error: { name: string; status: number; details: { zh: string; en: string } };
}

const system = { kind: 'system' } as const;

const databases = (process.env.TEST_DATABASES ?? 'sqlite,postgres').split(',');

describe.each(databases.map((name) => (name === 'postgres' ? ('postgres' as const) : ('sqlite' as const))))(
  'payments at a hospital on %s',
  (database) => {
    let hospital: Hospital;
    beforeAll(async () => {
      hospital = await startHospital({ database });
    }, 90_000);
    afterEach(() => hospital.sandbox.faults.clear());
    afterAll(() => hospital.stop());

    const pay = (fields: Record<string, unknown> = {}) =>
      hospital.call<OrderView & ErrorBody>('POST', '/api/v1/orders', {
        merchantOrderNo: newNo(),
        amountFen: 1234,
        subject: '门诊缴费',
        scene: 'micropay',
        ...(fields.scene === undefined || fields.scene === 'micropay' ? { authCode: alipayCode() } : {}),
        ...fields,
      });
    const read = async (orderNo: string) => payments(hospital.strapi()).orders.get({ orderNo }, system);
    const refund = (order: OrderView, amountFen: number, fields: Record<string, unknown> = {}) =>
      hospital.call<RefundView & ErrorBody>('POST', '/api/v1/refunds', {
        orderNo: order.orderNo,
        merchantRefundNo: newNo(),
        amountFen,
        reason: '退号',
        ...fields,
      });

    test.each([
      ['alipay', alipayCode],
      ['wechat', wechatCode],
    ])('a payment code finds its channel and is paid: %s', async (channel, code) => {
      const answer = await pay({ authCode: code(), terminalCode: 'W01' });
      expect(answer).toMatchObject({ status: 200, body: { status: 'paid', channel, paidFen: 1234 } });
    });

    test.each(['alipay', 'wechat'])(
      'a QR code is paid by the patient and the notification books it: %s',
      async (channel) => {
        const { body } = await pay({ scene: 'native', channel, amountFen: 1999 });
        expect(body).toMatchObject({ status: 'pending', payerAction: { kind: 'qr' } });
        const text = body.payerAction?.kind === 'qr' ? body.payerAction.text : '';
        hospital.sandbox.patient.pay(null, text);
        const paid = await until(
          () => read(body.orderNo),
          (order) => order.status === 'paid',
        );
        expect(paid).toMatchObject({ paidFen: 1999, payerAction: null });
      },
    );

    test('the same order number and body answer the first order, another body is a conflict', async () => {
      const same = { merchantOrderNo: newNo(), authCode: alipayCode() };
      const first = await pay(same);
      const again = await pay(same);
      expect(again.body.orderNo).toBe(first.body.orderNo);
      const other = await pay({ ...same, amountFen: 1235 });
      expect(other).toMatchObject({ status: 409, body: { error: { name: 'ORDER_CONFLICT' } } });
    });

    test('ten equal requests at once make one order', async () => {
      const same = { merchantOrderNo: newNo(), authCode: alipayCode() };
      const answers = await Promise.all(Array.from({ length: 10 }, () => pay(same)));
      expect(new Set(answers.map((answer) => answer.body.orderNo)).size).toBe(1);
      const paid = await until(
        () => read(answers[0]?.body.orderNo ?? ''),
        (order) => order.status === 'paid',
      );
      expect(hospital.sandbox.ledger.payments({ outTradeNo: paid.orderNo })).toHaveLength(1);
    });

    test.each([0, -1, 12.5, 2 ** 53, '12', null])('an amount of %p is refused', async (amountFen) => {
      const answer = await pay({ amountFen });
      expect(answer).toMatchObject({ status: 400, body: { error: { name: 'AMOUNT_INVALID' } } });
      expect(answer.body.error.details.zh).toContain('金额');
    });

    test.each([
      [{ authCode: '99999999999' }, 'AUTH_CODE_UNKNOWN'],
      [{ authCode: undefined }, 'AUTH_CODE_MISSING'],
      [{ channel: 'nopay' }, 'CHANNEL_UNKNOWN'],
      [{ terminalCode: 'nowhere' }, 'TERMINAL_UNKNOWN'],
      [{ surprise: 1 }, 'INPUT_INVALID'],
      [{ scene: 'jsapi' }, 'PAYER_MISSING'],
    ])('%p is answered %s', async (fields, name) => {
      expect((await pay(fields)).body.error.name).toBe(name);
    });

    test('a payment code that was used before is refused with the channel’s reason', async () => {
      const authCode = alipayCode();
      await pay({ authCode });
      const { body } = await pay({ authCode });
      expect(body).toMatchObject({ status: 'failed', error: { code: 'CHANNEL_REFUSED' } });
    });

    test('refunds in parts add up, and no more than what was paid goes back', async () => {
      const { body: order } = await pay({ amountFen: 1000 });
      expect((await refund(order, 400)).body.status).toBe('succeeded');
      expect(await read(order.orderNo)).toMatchObject({ status: 'partially_refunded', refundedFen: 400 });
      expect((await refund(order, 601)).body.error.name).toBe('REFUND_EXCEEDS_PAID');
      expect((await refund(order, 600)).body.status).toBe('succeeded');
      expect(await read(order.orderNo)).toMatchObject({ status: 'refunded', refundedFen: 1000 });
      expect((await refund(order, 1)).body.error.name).toBe('ORDER_NOT_REFUNDABLE');
    });

    test('many refunds at once never exceed what was paid', async () => {
      const { body: order } = await pay({ amountFen: 1000 });
      await Promise.all(Array.from({ length: 8 }, () => refund(order, 300)));
      const after = await read(order.orderNo);
      expect(after.refundedFen).toBe(900);
      expect(hospital.sandbox.ledger.payments({ outTradeNo: order.orderNo })[0]?.refundedFen).toBe(900);
    });

    test('the same refund number answers the first refund, another amount is a conflict', async () => {
      const { body: order } = await pay({ amountFen: 1000 });
      const merchantRefundNo = newNo();
      const first = await refund(order, 100, { merchantRefundNo });
      expect((await refund(order, 100, { merchantRefundNo })).body.refundNo).toBe(first.body.refundNo);
      expect((await refund(order, 200, { merchantRefundNo })).body.error.name).toBe('REFUND_CONFLICT');
    });

    test('a refund whose answer is lost is asked about and booked once', async () => {
      const { body: order } = await pay({ amountFen: 1000 });
      hospital.sandbox.faults.add({ channel: 'alipay', operation: 'refund', kind: 'http_5xx', times: 1 });
      const { body } = await refund(order, 300);
      expect(body.status).toBe('unknown');
      const asked = await hospital.call<RefundView>('GET', `/api/v1/refunds/${body.merchantRefundNo}`);
      expect(asked.body.status).toBe('succeeded');
      expect(hospital.sandbox.ledger.payments({ outTradeNo: order.orderNo })[0]?.refundedFen).toBe(300);
    });

    test('a payment whose answer is garbage is found by asking', async () => {
      hospital.sandbox.faults.add({ channel: 'alipay', operation: 'pay', kind: 'garbage', times: 1 });
      hospital.sandbox.faults.add({
        channel: 'alipay',
        operation: 'notify',
        kind: 'lost_notify',
        times: 100,
      });
      const { body } = await pay();
      expect(body).toMatchObject({ status: 'unknown', error: { code: 'RESULT_UNKNOWN' } });
      const paid = await until(
        () => read(body.orderNo),
        (order) => order.status === 'paid',
      );
      expect(paid.paidFen).toBe(1234);
    });

    test('a payer who hesitates is waited for', async () => {
      const { body } = await pay({ amountFen: 1202 });
      expect(body.status).toBe('pending');
      await until(
        () => read(body.orderNo),
        (order) => order.status === 'paid',
      );
    }, 40_000);

    test('a payment by code that nobody confirms is reversed when asked for', async () => {
      const { body } = await pay({ amountFen: 1203 });
      expect(body.status).toBe('pending');
      const answer = await hospital.call<OrderView>('POST', `/api/v1/orders/${body.merchantOrderNo}/reverse`);
      expect(['closed', 'reversed']).toContain(answer.body.status);
      const [payment] = hospital.sandbox.ledger.payments({ outTradeNo: body.orderNo });
      expect(payment?.state).not.toBe('paid');
    });

    test('an unpaid QR order is closed at the channel, a paid one is not', async () => {
      const { body: unpaid } = await pay({ scene: 'native', channel: 'wechat' });
      const closed = await hospital.call<OrderView>('POST', `/api/v1/orders/${unpaid.merchantOrderNo}/close`);
      expect(closed.body.status).toBe('closed');
      const { body: order } = await pay();
      const refused = await hospital.call<ErrorBody>('POST', `/api/v1/orders/${order.merchantOrderNo}/close`);
      expect(refused.body.error.name).toBe('ORDER_ALREADY_PAID');
    });

    test('only a payment by code can be reversed', async () => {
      const { body } = await pay({ scene: 'native', channel: 'alipay' });
      const answer = await hospital.call<ErrorBody>('POST', `/api/v1/orders/${body.merchantOrderNo}/reverse`);
      expect(answer.body.error.name).toBe('ORDER_NOT_REVERSIBLE');
    });

    test('a second payment of one business is refunded by itself and reported', async () => {
      const alarms: string[] = [];
      const stop = payments(hospital.strapi()).events.on('alarm', (alarm) => alarms.push(alarm.kind));
      const businessNo = newNo();
      const { body: first } = await pay({ businessNo });
      const { body: second } = await pay({ businessNo });
      const after = await until(
        () => read(second.orderNo),
        (order) => order.status === 'refunded',
      );
      expect(after.refundedFen).toBe(1234);
      expect((await read(first.orderNo)).status).toBe('paid');
      expect(alarms).toContain('duplicate_payment');
      stop();
    });

    test('money that arrives after an order was closed is given back and reported', async () => {
      const alarms: string[] = [];
      const stop = payments(hospital.strapi()).events.on('alarm', (alarm) => alarms.push(alarm.kind));
      const { body } = await pay({ scene: 'native', channel: 'wechat' });
      await hospital
        .strapi()
        .db.connection('orders')
        .where({ order_no: body.orderNo })
        .update({ status: 'closed' });
      hospital.sandbox.patient.pay(null, body.payerAction?.kind === 'qr' ? body.payerAction.text : '');
      const after = await until(
        () => read(body.orderNo),
        (order) => order.refundedFen === 1234,
      );
      expect(after).toMatchObject({ status: 'closed', paidFen: 1234 });
      expect(alarms).toContain('late_payment');
      stop();
    });

    test('a notification with another amount raises the alarm and books nothing', async () => {
      const { body } = await pay({ scene: 'native', channel: 'wechat' });
      hospital.sandbox.faults.add({
        channel: 'wechat',
        operation: 'notify',
        kind: 'tampered_notify_amount',
        times: 1,
      });
      const alarms: string[] = [];
      const stop = payments(hospital.strapi()).events.on('alarm', (alarm) => alarms.push(alarm.kind));
      hospital.sandbox.patient.pay(null, body.payerAction?.kind === 'qr' ? body.payerAction.text : '');
      await until(
        async () => alarms,
        (seen) => seen.includes('integrity'),
      );
      expect((await read(body.orderNo)).paidFen % 1234).toBe(0);
      stop();
    });

    test('screens read which verbs a channel offers', async () => {
      const admin = await hospital.staff('admin');
      const { body } = await admin<{ code: string; verbs: string[] }[]>('GET', '/api/payments/channels');
      expect(body.find((channel) => channel.code === 'alipay')?.verbs).toEqual(
        expect.arrayContaining(['refund', 'bill']),
      );
    });

    test('HIS is told and its receipt comes back', async () => {
      const { body } = await pay();
      const order = await until(
        () => read(body.orderNo),
        (found) => found.hisState === 'confirmed',
      );
      expect(order.hisOrderNo).toBeTruthy();
    });

    test('an order that HIS refuses becomes a case', async () => {
      const { body } = await pay({ businessNo: `REFUSE${newNo()}` });
      const order = await until(
        () => read(body.orderNo),
        (found) => found.hisState === 'refused',
      );
      expect(order.status).toBe('paid');
    });

    test('a disabled account takes no orders and still refunds old ones', async () => {
      const { body: order } = await pay();
      const accounts = hospital.strapi().db.query('api::channel-account.channel-account');
      await accounts.update({ where: { code: 'alipay-1' }, data: { enabled: false } });
      try {
        expect((await pay()).body.error.name).toBe('ACCOUNT_DISABLED');
        expect((await refund(order, 100)).body.status).toBe('succeeded');
      } finally {
        await accounts.update({ where: { code: 'alipay-1' }, data: { enabled: true } });
      }
    });

    test('a forged notification changes nothing', async () => {
      const { body } = await pay({ scene: 'native', channel: 'alipay' });
      const response = await fetch(`${hospital.url}/api/notify/alipay-1`, {
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: `out_trade_no=${body.orderNo}&trade_status=TRADE_SUCCESS&total_amount=12.34&sign=AAAA&sign_type=RSA2`,
      });
      expect(await response.text()).not.toBe('success');
      expect((await read(body.orderNo)).status).toBe('pending');
    });

    test('the same request twice is a replay', async () => {
      const request = { method: 'GET', path: '/api/v1/orders/none', body: '' };
      const headers = signedHeaders(hospital.application, request);
      const answers = [];
      for (let time = 0; time < 2; time++) {
        const response = await fetch(hospital.url + request.path, { headers });
        const body: ErrorBody = await response.json();
        answers.push(body.error.name);
      }
      expect(answers).toEqual(['ORDER_NOT_FOUND', 'REPLAYED']);
    });

    test.each([
      [{ timestamp: Date.now() - 6 * 60_000 }, 'TIMESTAMP_STALE'],
      [{ nonce: 'short' }, 'NONCE_INVALID'],
      [{ secret: 'another' }, 'SIGNATURE_INVALID'],
      [{ appId: 'nobody' }, 'APPLICATION_UNKNOWN'],
    ])('a request with %p is answered %s', async (changes, name) => {
      const request = { method: 'GET', path: '/api/v1/orders/none', body: '', ...changes };
      const headers = signedHeaders({ ...hospital.application, ...changes }, request);
      const body: ErrorBody = await (await fetch(hospital.url + request.path, { headers })).json();
      expect(body.error.name).toBe(name);
    });

    test('an Idempotency-Key may stand for the order number; with another body it is refused', async () => {
      const key = newNo();
      const authCode = alipayCode();
      const send = async (amountFen: number) => {
        const body = JSON.stringify({ amountFen, subject: '挂号', scene: 'micropay', authCode });
        const path = '/api/v1/orders';
        const headers = {
          ...signedHeaders(hospital.application, { method: 'POST', path, body }),
          'idempotency-key': key,
        };
        const answer: OrderView & ErrorBody = await (
          await fetch(hospital.url + path, { method: 'POST', headers, body })
        ).json();
        return answer;
      };
      const first = await send(500);
      expect(first).toMatchObject({ status: 'paid', merchantOrderNo: key });
      expect((await send(500)).orderNo).toBe(first.orderNo);
      expect((await send(600)).error.name).toBe('IDEMPOTENCY_CONFLICT');
    });

    test('a cashier charges and waits for the result; secrets of an account never come back', async () => {
      const cashier = await hospital.staff('cashier');
      const { body: order } = await cashier<OrderView>('POST', '/api/payments/cashier/orders', {
        merchantCode,
        merchantOrderNo: newNo(),
        amountFen: 1999,
        subject: '门诊缴费',
        scene: 'native',
        channel: 'alipay',
      });
      const waiting = cashier<OrderView>('GET', `/api/payments/cashier/orders/${order.orderNo}?wait=10000`);
      hospital.sandbox.patient.pay(null, order.payerAction?.kind === 'qr' ? order.payerAction.text : '');
      expect((await waiting).body.status).toBe('paid');
      const admin = await hospital.staff('admin');
      const { body: account } = await admin('GET', '/api/payments/accounts/alipay-1');
      expect(account).toMatchObject({ secretsSet: { privateKey: true } });
      expect(JSON.stringify(account)).not.toContain('PRIVATE KEY');
      expect((await admin('POST', '/api/payments/accounts/alipay-1/test')).body).toMatchObject({ ok: true });
    });

    test('the docs page and the OpenAPI document are there', async () => {
      const page = await fetch(`${hospital.url}/docs`);
      expect(await page.text()).toContain('swagger-ui');
      const document = await (await fetch(`${hospital.url}/api/v1/openapi.json`)).json();
      expect(document).toMatchObject({ openapi: '3.1.0' });
    });

    test('a payment that succeeded while we died is found after the restart', async () => {
      const { strapi } = hospital;
      const { body } = await pay({ scene: 'native', channel: 'wechat' });
      hospital.sandbox.faults.add({ kind: 'lost_notify', times: 100 });
      hospital.sandbox.patient.pay(null, body.payerAction?.kind === 'qr' ? body.payerAction.text : '');
      await strapi().db.connection('orders').where({ order_no: body.orderNo }).update({ status: 'created' });
      await hospital.restart();
      hospital.sandbox.faults.clear();
      const found = await until(
        () => read(body.orderNo),
        (order) => order.status === 'paid',
      );
      expect(found.paidFen).toBe(1234);
    }, 60_000);
  },
);
