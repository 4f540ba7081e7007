import { verify } from 'node:crypto';
import { createServer } from 'node:http';
import type {
  CallRecord,
  ChannelConfig,
  ChannelDriver,
  PaymentReference,
  PayRequest,
  RefundRequest,
} from '@hospital-pay/payments/contract';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { cleanSubject } from './driver';
import { manifest } from './manifest';
import { gbk } from './testing/archive';
import {
  app,
  canonical,
  pem,
  replyText,
  rsa2,
  startGateway,
  type TestGateway,
} from './testing/gateway-server';
import { billText, packBill } from './testing/trade-bill';

let gateway: TestGateway;
let records: CallRecord[] = [];
let now = new Date('2026-11-20T02:00:00Z');

beforeAll(async () => {
  gateway = await startGateway();
});
afterAll(() => gateway.close());
afterEach(() => {
  gateway.answers.length = 0;
  gateway.calls.length = 0;
  records = [];
  now = new Date('2026-11-20T02:00:00Z');
});

const connect = (changes: ChannelConfig = {}, timeoutMs = 2000): Required<ChannelDriver> => {
  const driver = manifest.connect(
    {
      appId: '2021000000000001',
      mode: 'key',
      gateway: gateway.url,
      privateKey: pem.privateKey,
      alipayPublicKey: pem.alipayPublicKey,
      sellerId: '2088021109625633',
      ...changes,
    },
    {
      now: () => now,
      notifyUrl: 'https://pay.hospital.test/api/notify/ALI01',
      timeoutMs,
      record: (call) => records.push(call),
    },
  );
  // Alipay offers every verb.
  return driver as Required<ChannelDriver>;
};

const order: PayRequest = {
  attemptNo: 'A0001',
  scene: 'micropay',
  amount: 1999,
  currency: 'CNY',
  subject: '张三丰 挂号费/内科=1&2',
  expiresAt: new Date('2026-11-20T02:05:00Z'),
  authCode: '281234567890123456',
};
const payment: PaymentReference = {
  attemptNo: 'A0001',
  scene: 'native',
  amount: 1999,
  currency: 'CNY',
  createdAt: now,
};
const refund: RefundRequest = { refundNo: 'R0001', amount: 500, reason: '李四退号', payment };
const trade = {
  code: '10000',
  msg: 'Success',
  out_trade_no: 'A0001',
  trade_no: '2026112022001400001',
  total_amount: '19.99',
};
const answer = (...given: TestGateway['answers']) => gateway.answers.push(...given);

describe('a payment code at the counter', () => {
  test('is charged and paid', async () => {
    answer({
      ...trade,
      gmt_payment: '2026-11-20 10:00:01',
      buyer_user_id: '2088123412341234',
      buyer_logon_id: '138****0001',
    });
    expect(await connect().pay(order)).toMatchObject({
      kind: 'paid',
      amount: 1999,
      channelNo: trade.trade_no,
    });
    expect(gateway.calls[0]).toMatchObject({
      method: 'alipay.trade.pay',
      parameters: {
        timestamp: '2026-11-20 10:00:00',
        notify_url: 'https://pay.hospital.test/api/notify/ALI01',
        sign_type: 'RSA2',
        charset: 'utf-8',
        version: '1.0',
      },
      biz: {
        out_trade_no: 'A0001',
        total_amount: '19.99',
        subject: '张三丰 挂号费 内科 1 2',
        auth_code: '281234567890123456',
        scene: 'bar_code',
        product_code: 'FACE_TO_FACE_PAYMENT',
        time_expire: '2026-11-20 10:05:00',
      },
    });
  });

  test('that is a face token goes as security_code', async () => {
    answer(trade);
    await connect().pay({ ...order, authCode: `fp${'a'.repeat(33)}` });
    expect(gateway.calls[0]?.biz.scene).toBe('security_code');
  });

  test('leaves empty parameters out of what it signs', async () => {
    answer(trade);
    await connect().pay({ ...order, operatorCode: '', terminalCode: '窗口 T-01' });
    expect(Object.values(gateway.calls[0]?.parameters ?? {})).not.toContain('');
    expect(gateway.calls[0]?.biz).toMatchObject({ terminal_id: 'T-01' });
    expect(gateway.calls[0]?.biz).not.toHaveProperty('operator_id');
  });

  test('without the code is refused before anything is sent', async () => {
    const { authCode: _, ...bare } = order;
    expect(await connect().pay(bare)).toMatchObject({ kind: 'failed', code: 'AUTH_CODE_MISSING' });
    expect(gateway.calls).toHaveLength(0);
  });
});

describe('the clock', () => {
  const zone = process.env.TZ;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  test.each(['UTC', 'America/New_York', 'Asia/Shanghai'])(
    'is written in China time under TZ=%s',
    async (tz) => {
      process.env.TZ = tz;
      answer(trade);
      const driver = connect();
      await driver.pay({ ...order, scene: 'native' });
      await driver.pay({ ...order, scene: 'h5' }).then((outcome) => {
        const url =
          outcome.kind === 'pending' && outcome.payerAction?.kind === 'redirect'
            ? outcome.payerAction.url
            : '';
        expect(new URL(url).searchParams.get('timestamp')).toBe('2026-11-20 10:00:00');
      });
      expect(gateway.calls[0]?.parameters.timestamp).toBe('2026-11-20 10:00:00');
    },
  );
});

describe('the other scenes', () => {
  test('native gives a QR, for the product of the contract', async () => {
    answer({
      code: '10000',
      msg: 'Success',
      out_trade_no: 'A0001',
      qr_code: 'https://qr.alipay.com/bax00001',
    });
    expect(
      await connect({ nativeProduct: 'FACE_TO_FACE_PAYMENT' }).pay({ ...order, scene: 'native' }),
    ).toEqual({
      kind: 'pending',
      payerAction: { kind: 'qr', text: 'https://qr.alipay.com/bax00001' },
    });
    expect(gateway.calls[0]).toMatchObject({
      method: 'alipay.trade.precreate',
      biz: { product_code: 'FACE_TO_FACE_PAYMENT' },
    });
  });

  test.each([
    ['2088123412341234', 'buyer_id'],
    ['074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5', 'buyer_open_id'],
  ])('jsapi names the buyer %s as %s', async (payerId, field) => {
    answer({ code: '10000', msg: 'Success', out_trade_no: 'A0001', trade_no: '2026' });
    const outcome = await connect({ opAppId: '2021000000000009' }).pay({ ...order, scene: 'jsapi', payerId });
    expect(outcome).toMatchObject({ kind: 'pending', payerAction: { parameters: { tradeNO: '2026' } } });
    expect(gateway.calls[0]?.biz).toMatchObject({
      [field]: payerId,
      op_app_id: '2021000000000009',
      product_code: 'JSAPI_PAY',
    });
  });

  test('jsapi without a buyer is refused', async () => {
    expect(await connect().pay({ ...order, scene: 'jsapi' })).toMatchObject({
      kind: 'failed',
      code: 'PAYER_ID_MISSING',
    });
  });

  test('h5 gives a signed address, and sends nothing', async () => {
    const outcome = await connect().pay({
      ...order,
      scene: 'h5',
      returnUrl: 'https://hospital.test/done?a=1',
    });
    const url = new URL(
      outcome.kind === 'pending' && outcome.payerAction?.kind === 'redirect' ? outcome.payerAction.url : '',
    );
    const parameters = Object.fromEntries(url.searchParams);
    expect(parameters).toMatchObject({
      method: 'alipay.trade.wap.pay',
      return_url: 'https://hospital.test/done?a=1',
    });
    expect(JSON.parse(parameters.biz_content ?? '')).toMatchObject({
      product_code: 'QUICK_WAP_WAY',
      quit_url: 'https://hospital.test/done?a=1',
      total_amount: '19.99',
    });
    expect(
      verify(
        'RSA-SHA256',
        Buffer.from(canonical(parameters)),
        app.publicKey,
        Buffer.from(parameters.sign ?? '', 'base64'),
      ),
    ).toBe(true);
    expect(gateway.calls).toHaveLength(0);
    expect(records).toEqual([
      expect.objectContaining({ method: 'create_order', attemptNo: 'A0001', scene: 'h5' }),
    ]);
  });

  test('app gives a signed order text', async () => {
    const outcome = await connect().pay({ ...order, scene: 'app' });
    const text =
      outcome.kind === 'pending' && outcome.payerAction?.kind === 'client'
        ? outcome.payerAction.parameters.orderString
        : '';
    const parameters = Object.fromEntries(new URLSearchParams(text));
    expect(parameters).toMatchObject({
      method: 'alipay.trade.app.pay',
      notify_url: 'https://pay.hospital.test/api/notify/ALI01',
    });
    expect(
      verify(
        'RSA-SHA256',
        Buffer.from(canonical(parameters)),
        app.publicKey,
        Buffer.from(parameters.sign ?? '', 'base64'),
      ),
    ).toBe(true);
  });

  test('another currency is refused', async () => {
    expect(await connect().pay({ ...order, currency: 'JPY' })).toMatchObject({
      kind: 'failed',
      code: 'CURRENCY',
    });
  });
});

describe('every other verb goes to its method, under our number', () => {
  test.each<[string, (driver: Required<ChannelDriver>) => Promise<unknown>, string, object]>([
    ['query_order', (driver) => driver.query(payment), 'alipay.trade.query', {}],
    ['close_order', (driver) => driver.close(payment), 'alipay.trade.close', {}],
    ['cancel_order', (driver) => driver.reverse(payment), 'alipay.trade.cancel', {}],
    [
      'refund_order',
      (driver) => driver.refund(refund),
      'alipay.trade.refund',
      { refund_amount: '5.00', out_request_no: 'R0001' },
    ],
    [
      'query_refund',
      (driver) => driver.queryRefund(refund),
      'alipay.trade.fastpay.refund.query',
      { out_request_no: 'R0001' },
    ],
  ])('%s', async (record, act, method, biz) => {
    answer({ code: '10000', msg: 'Success' });
    await act(connect());
    expect(gateway.calls).toHaveLength(1);
    expect(gateway.calls[0]).toMatchObject({ method, biz: { out_trade_no: 'A0001', ...biz } });
    expect(records).toEqual([
      expect.objectContaining({ method: record, attemptNo: 'A0001', httpStatus: 200, url: gateway.url }),
    ]);
  });

  test('a refund is the same on every try', async () => {
    answer({ code: '20000', msg: 'Service Currently Unavailable', sub_code: 'aop.ACQ.SYSTEM_ERROR' });
    const driver = connect();
    await driver.refund(refund);
    await driver.refund(refund);
    expect(gateway.calls[0]?.biz).toEqual(gateway.calls[1]?.biz);
  });

  test('a refund sends no undocumented field', async () => {
    answer({ code: '10000', msg: 'Success' });
    await connect().refund(refund);
    expect(Object.keys(gateway.calls[0]?.biz ?? {}).sort()).toEqual([
      'out_request_no',
      'out_trade_no',
      'refund_amount',
      'refund_reason',
    ]);
  });
});

describe('a faulty gateway leaves the result unknown', () => {
  const pay = (timeoutMs?: number) => connect({}, timeoutMs).pay(order);
  const success = { ...trade, gmt_payment: '2026-11-20 10:00:01' };

  test('when it does not answer in time', async () => {
    answer(() => undefined);
    expect(await pay(100)).toMatchObject({ kind: 'unknown', code: 'TIMEOUT' });
    expect(records[0]).toMatchObject({ errorCode: 'TIMEOUT' });
  });

  test('when the connection is reset, and the payment is not silently sent again', async () => {
    answer((response) => response.destroy());
    expect(await pay()).toMatchObject({ kind: 'unknown', code: 'NETWORK' });
    expect(gateway.calls).toHaveLength(1);
  });

  test('when the answer stops half way', async () => {
    answer((response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"alipay_trade_pay_response":{"code":"10000"');
      setTimeout(() => response.destroy(), 20);
    });
    expect(await pay()).toMatchObject({ kind: 'unknown' });
  });

  test('when it is down', async () => {
    expect(await connect({ gateway: 'http://127.0.0.1:1/gateway.do' }).pay(order)).toMatchObject({
      kind: 'unknown',
      code: 'NETWORK',
    });
  });

  test.each([500, 502, 503, 504])('when it answers HTTP %i', async (status) => {
    answer((response) => response.writeHead(status).end('<html>Bad Gateway</html>'));
    expect(await pay()).toMatchObject({ kind: 'unknown', code: `HTTP_${status}` });
    expect(records[0]).toMatchObject({ httpStatus: status, errorCode: `HTTP_${status}` });
  });

  test('when it answers a GBK page, whose title is kept', async () => {
    answer((response) => response.end(gbk('<html><head><title>支付宝 - 系统繁忙</title></head></html>')));
    expect(await pay()).toMatchObject({
      kind: 'unknown',
      code: 'MALFORMED',
      cause: expect.stringContaining('系统繁忙'),
    });
  });

  test.each([
    '',
    'null',
    '[]',
    'OK',
    '{"alipay_trade_query_response":{"code":"10000"}}',
    '{"alipay_trade_pay_response":"x"}',
    '{"alipay_trade_pay_response":{}}',
  ])('when it answers %j', async (text) => {
    answer((response) => response.end(text));
    expect(await pay()).toMatchObject({ kind: 'unknown', code: 'MALFORMED' });
  });

  test("when the signature is another key's", async () => {
    answer((response) => response.end(replyText('alipay.trade.pay', success, app.privateKey)));
    expect(await pay()).toMatchObject({ kind: 'unknown', code: 'BAD_SIGNATURE' });
  });

  test('when the amount was altered on the way', async () => {
    answer((response) => response.end(replyText('alipay.trade.pay', success).replace('19.99', '19.98')));
    expect(await pay()).toMatchObject({ kind: 'unknown', code: 'BAD_SIGNATURE' });
  });

  test('when a success carries no signature', async () => {
    answer((response) => response.end(JSON.stringify({ alipay_trade_pay_response: success })));
    expect((await pay()).kind).toBe('unknown');
  });

  test('when a gateway error carries no signature, and its code is kept', async () => {
    const error = {
      code: '40002',
      msg: 'Invalid Arguments',
      sub_code: 'isv.invalid-app-id',
      sub_msg: '无效的AppID参数',
    };
    answer((response) => response.end(JSON.stringify({ alipay_trade_pay_response: error })));
    expect(await pay()).toMatchObject({ kind: 'unknown', code: 'isv.invalid-app-id' });
    expect(records[0]).toMatchObject({ errorCode: 'isv.invalid-app-id', errorMessage: '无效的AppID参数' });
  });

  test('when a verified answer names another amount, as an alarm', async () => {
    answer({ ...success, total_amount: '0.01' });
    expect(await pay()).toMatchObject({
      kind: 'unknown',
      code: 'INTEGRITY',
      cause: expect.stringContaining('amount mismatch'),
    });
  });
});

test('a signed reply with escaped slashes, other keys and blanks verifies over its raw text', async () => {
  answer((response) => {
    const content =
      '{ "code":"10000","msg":"Success", "out_trade_no":"A0001","qr_code":"https:\\/\\/qr.alipay.com\\/bax1", "x":{"sign":"}"} }';
    response.end(`{"alipay_trade_precreate_response":${content},"sign":"${rsa2(content)}"}`);
  });
  expect(await connect().pay({ ...order, scene: 'native' })).toMatchObject({
    payerAction: { text: 'https://qr.alipay.com/bax1' },
  });
});

describe('the interface log', () => {
  test('keeps neither payment code, payer, names nor signatures', async () => {
    answer({
      ...trade,
      gmt_payment: '2026-11-20 10:00:01',
      buyer_user_id: '2088123412341234',
      buyer_logon_id: '13800000001',
      subject: order.subject,
    });
    await connect().pay(order);
    answer({ ...trade, fund_change: 'Y', refund_fee: '5.00' });
    await connect().refund(refund);
    const kept = JSON.stringify(records);
    for (const secret of [
      '281234567890123456',
      '2088123412341234',
      '13800000001',
      '张三丰',
      '三丰',
      '李四',
      '"sign',
      gateway.calls[0]?.parameters.sign ?? '?',
      pem.privateKey.slice(60, 100),
    ]) {
      expect(kept).not.toContain(secret);
    }
    expect(records[0]?.request).toContain('28******3456');
  });

  test('tells when it began and how long it took', async () => {
    answer(trade);
    await connect().query(payment);
    expect(records[0]).toMatchObject({ startedAt: now, scene: 'native', durationMs: expect.any(Number) });
    expect(records[0]).not.toHaveProperty('errorCode');
  });

  test('counts waiting for the payer as no error', async () => {
    answer({ ...trade, code: '10003', msg: 'order success pay inprocess' });
    await connect().pay(order);
    expect(records[0]).not.toHaveProperty('errorCode');
  });
});

describe('testing the credentials', () => {
  test('succeeds when Alipay signs that there is no such trade', async () => {
    answer({ code: '40004', msg: 'Business Failed', sub_code: 'ACQ.TRADE_NOT_EXIST', sub_msg: '交易不存在' });
    expect(await connect().test()).toEqual({ ok: true });
    expect(records[0]?.method).toBe('test');
  });
  test("tells that Alipay's key is the wrong one", async () => {
    answer((response) =>
      response.end(
        replyText('alipay.trade.query', { code: '40004', sub_code: 'ACQ.TRADE_NOT_EXIST' }, app.privateKey),
      ),
    );
    expect(await connect().test()).toMatchObject({ ok: false, code: 'BAD_SIGNATURE' });
  });
  test('tells that the gateway refuses us', async () => {
    answer((response) =>
      response.end(
        '{"alipay_trade_query_response":{"code":"40002","sub_code":"isv.invalid-signature","sub_msg":"验签出错"}}',
      ),
    );
    expect(await connect().test()).toEqual({ ok: false, code: 'isv.invalid-signature', message: '验签出错' });
  });
  test('tells that the product is not signed', async () => {
    answer({
      code: '40006',
      msg: 'Insufficient Permissions',
      sub_code: 'isv.insufficient-isv-permissions',
      sub_msg: 'ISV权限不足',
    });
    expect(await connect().test()).toMatchObject({ ok: false, code: 'isv.insufficient-isv-permissions' });
  });
});

describe('the bill of a day', () => {
  const date = '2026-11-19';
  const no = (sub_code: string) => ({ code: '40004', msg: 'Business Failed', sub_code, sub_msg: '说明' });
  const files = createServer((request, response) => {
    const name = new URL(request.url ?? '', 'http://files').pathname;
    if (name === '/good.zip')
      response.end(
        packBill(
          billText({
            date,
            rows: [
              {
                kind: 'payment',
                orderNo: 'A0001',
                channelNo: '2026111922001400001',
                amountFen: 1999,
                feeFen: 12,
                at: `${date} 09:00:00`,
              },
            ],
          }),
        ),
      );
    else if (name === '/dead') response.end('<html>链接已失效</html>');
    else if (name === '/nothing') response.end();
    else if (name === '/error') response.writeHead(500).end();
  });
  let base = '';
  beforeAll(async () => {
    await new Promise<void>((resolve) => files.listen(0, '127.0.0.1', resolve));
    const address = files.address();
    base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}`;
  });
  afterAll(() => {
    files.closeAllConnections();
    files.close();
  });
  const link = (name: string) => ({
    code: '10000',
    msg: 'Success',
    bill_download_url: `${base}/${name}?fileId=secret`,
  });

  test('is asked for, downloaded at once, and read', async () => {
    answer(link('good.zip'));
    const bill = await connect().bill(date);
    expect(gateway.calls[0]).toMatchObject({
      method: 'alipay.data.dataservice.bill.downloadurl.query',
      biz: { bill_type: 'trade', bill_date: date, secure: 'true' },
    });
    const lines = [];
    if (bill.kind === 'ready') for await (const line of bill.lines()) lines.push(line);
    expect(lines).toEqual([expect.objectContaining({ orderNo: 'A0001', amountFen: 1999 })]);
    expect(records.map((record) => record.method)).toEqual(['download_bill', 'download_bill']);
    expect(JSON.stringify(records)).not.toContain('fileId=secret');
  });

  test('of the fund flow is the one of signcustomer', async () => {
    answer(no('NO_BILL_DATA'));
    expect(await connect().fundFlowBill(date)).toEqual({ kind: 'empty' });
    expect(gateway.calls[0]?.biz.bill_type).toBe('signcustomer');
  });

  test.each(['BILL_NOT_EXIST', 'INVAILID_ARGUMENTS'])(
    'of today is not ready before tomorrow, 09:00 (%s)',
    async (code) => {
      answer(no(code));
      expect(await connect().bill('2026-11-20')).toEqual({ kind: 'not-ready', retryAfterMinutes: 23 * 60 });
    },
  );

  test('of tomorrow is not even asked for', async () => {
    expect(await connect().bill('2026-11-21')).toMatchObject({ kind: 'not-ready' });
    expect(gateway.calls).toHaveLength(0);
  });

  test.each([
    [
      '08:00 of the next day',
      '2026-11-20T00:00:00Z',
      'BILL_NOT_EXIST',
      { kind: 'not-ready', retryAfterMinutes: 60 },
    ],
    [
      '08:00 of the next day',
      '2026-11-20T00:00:00Z',
      'NO_BILL_DATA',
      { kind: 'not-ready', retryAfterMinutes: 60 },
    ],
    [
      '10:00 of the next day',
      '2026-11-20T02:00:00Z',
      'BILL_NOT_EXIST',
      { kind: 'not-ready', retryAfterMinutes: 30 },
    ],
    ['10:00 of the next day', '2026-11-20T02:00:00Z', 'NO_BILL_DATA', { kind: 'empty' }],
    ['10:00 of the second day', '2026-11-21T02:00:00Z', 'BILL_NOT_EXIST', { kind: 'empty' }],
    [
      '10:00 of the next day',
      '2026-11-20T02:00:00Z',
      'SYSTEM_RATE_LIMIT',
      { kind: 'not-ready', retryAfterMinutes: 5 },
    ],
    [
      '10:00 of the next day',
      '2026-11-20T02:00:00Z',
      'UNKNOW_ERROR',
      { kind: 'not-ready', retryAfterMinutes: 10 },
    ],
  ])('at %s (%s), answered with %s', async (_, at, code, expected) => {
    now = new Date(at);
    answer(no(code));
    expect(await connect().bill(date)).toEqual(expected);
  });

  test.each([
    ['a link that has died', () => link('dead'), 'UNAVAILABLE'],
    ['an empty file', () => link('nothing'), 'TRUNCATED'],
    ['HTTP 500', () => link('error'), 'UNAVAILABLE'],
    ['nothing in time', () => link('silence'), 'UNAVAILABLE'],
    ['a refusal', () => no('INVAILID_ARGUMENTS'), 'UNAVAILABLE'],
  ])('that gives %s is not booked', async (_, given, code) => {
    answer(given());
    await expect(connect({}, 300).bill(date)).rejects.toMatchObject({ name: 'BillError', code });
  });

  test('of something that is no day is a mistake of the caller', async () => {
    await expect(connect().bill('2026-13-01')).rejects.toThrow(RangeError);
  });
});

describe('a title', () => {
  test.each([
    ['挂号费/内科=1&2', '挂号费 内科 1 2'],
    ['a,b\r\nc\td', 'a，b c d'],
    ['///', '医院缴费'],
    ['费'.repeat(300), '费'.repeat(256)],
  ])('%j is sent as %j', (given, sent) => expect(cleanSubject(given)).toBe(sent));
});

test.each([
  ['250000000000000000', true],
  ['2800000000000000', true],
  ['300000000000000000000000', true],
  [`fp${'A1'.repeat(16)}x`, true],
  ['240000000000000000', false],
  ['310000000000000000', false],
  ['134567890123456789', false],
  ['281234567890123', false],
  ['2812345678901234567890123', false],
  ['28123456789012345x', false],
  ['fp123', false],
])("the payment code %s is Alipay's: %s", (code, ours) => expect(manifest.authCode?.test(code)).toBe(ours));

test('a broken key is told when connecting', () => {
  expect(() => connect({ privateKey: 'broken' })).toThrow(/private key cannot be read/);
});
