import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { manifest } from '@hospital-pay/channel-wechat';
import type {
  Bill,
  CallRecord,
  ChannelConfig,
  ChannelDriver,
  PaymentReference,
  PayRequest,
  RawNotification,
  Scene,
} from '@hospital-pay/payments/contract';
import { channelConfigs, createSandbox, generateCredentials, type Sandbox } from '@hospital-pay/sandbox';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { keptCredentials } from '../harness/kept';

const credentials = keptCredentials();
const mchid = credentials.wechat.mchid;

let sandbox: Sandbox;
let gateway: { baseUrl: string; close(): Promise<void> };
let listener: Server;
let notifyUrl: string;
let received: RawNotification[] = [];
let calls: CallRecord[] = [];
let serial = 0;

beforeAll(async () => {
  sandbox = createSandbox({ credentials, notifyRetryScale: 0, refundSettleMs: 1, billsForToday: true });
  gateway = await sandbox.listen();
  listener = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const headers: Record<string, string> = {};
      for (const [name, value] of Object.entries(request.headers)) headers[name] = String(value);
      const raw = { headers, body: Buffer.concat(chunks) };
      received.push(raw);
      driverOf()
        .readNotification?.(raw)
        .then((reading) => {
          const answer = reading.kind === 'rejected' ? reading.answer : reading.accepted;
          response.writeHead(answer.status, { 'Content-Type': answer.contentType }).end(answer.body);
        });
    });
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const address = listener.address();
  if (typeof address !== 'object' || address === null) throw new Error('no port');
  notifyUrl = `http://127.0.0.1:${address.port}/notify`;
});

afterAll(async () => {
  listener.closeAllConnections();
  listener.close();
  await gateway.close();
  sandbox.destroy();
});

beforeEach(() => {
  sandbox.faults.clear();
  sandbox.gateways.wechat.setVerifyMode(mchid, 'public_key');
  received = [];
  calls = [];
});

function driverOf(changes: Record<string, string | undefined> = {}, timeoutMs = 3_000): ChannelDriver {
  const { wechat } = channelConfigs(credentials, gateway.baseUrl);
  const config: ChannelConfig = { ...wechat, verifyMode: 'public_key', ...changes };
  return manifest.connect(config, {
    now: () => new Date(),
    notifyUrl,
    timeoutMs,
    record: (call) => {
      calls.push(call);
    },
  });
}

function requestOf(scene: Scene, amount: number, more: Partial<PayRequest> = {}): PayRequest {
  serial += 1;
  return {
    attemptNo: `T${Date.now()}${String(serial).padStart(4, '0')}`,
    scene,
    amount,
    currency: 'CNY',
    subject: '门诊缴费',
    expiresAt: new Date(Date.now() + 600_000),
    ...(scene === 'micropay' ? { authCode: sandbox.patient.issueCode('wechat') } : {}),
    ...more,
  };
}

/** `ageMs`: WeChat wants 15 seconds between a payment and its reversal. */
const referenceOf = (request: PayRequest, ageMs = 20_000): PaymentReference => ({
  attemptNo: request.attemptNo,
  scene: request.scene,
  amount: request.amount,
  currency: request.currency,
  createdAt: new Date(Date.now() - ageMs),
});

async function collect<Line>(bill: Bill<Line>): Promise<Line[]> {
  if (bill.kind !== 'ready') throw new Error(`bill is ${bill.kind}`);
  const lines: Line[] = [];
  for await (const line of bill.lines()) lines.push(line);
  return lines;
}

const today = () => new Date(Date.now() + 8 * 3_600_000).toISOString().slice(0, 10);

describe.each(['v3', 'v2'])('payment codes over %s', (micropayApi) => {
  const driver = () => driverOf({ micropayApi });

  test('a payment code is charged at once, to the fen', async () => {
    const request = requestOf('micropay', 1999);
    expect(await driver().pay(request)).toMatchObject({ kind: 'paid', amount: 1999, currency: 'CNY' });
    expect(await driver().query(referenceOf(request))).toMatchObject({ kind: 'paid', amount: 1999 });
  });

  test('a patient entering the password is pending and then paid', async () => {
    const request = requestOf('micropay', 1202);
    expect((await driver().pay(request)).kind).toBe('pending');
    let outcome = await driver().query(referenceOf(request));
    for (let asked = 0; asked < 10 && outcome.kind === 'pending'; asked += 1) {
      outcome = await driver().query(referenceOf(request));
    }
    expect(outcome).toMatchObject({ kind: 'paid', amount: 1202 });
  });

  test('a used or invalid code and an empty wallet are failed', async () => {
    expect(await driver().pay(requestOf('micropay', 1204))).toMatchObject({
      kind: 'failed',
      code: 'AUTH_CODE_INVALID',
    });
    expect(await driver().pay(requestOf('micropay', 1207))).toMatchObject({ kind: 'failed' });
  });

  test('SYSTEM_ERROR is unknown, and the query tells which it was', async () => {
    const taken = requestOf('micropay', 1205);
    expect((await driver().pay(taken)).kind).toBe('unknown');
    expect(await driver().query(referenceOf(taken))).toMatchObject({ kind: 'paid', amount: 1205 });
    const lost = requestOf('micropay', 1206);
    expect((await driver().pay(lost)).kind).toBe('unknown');
    expect((await driver().query(referenceOf(lost))).kind).not.toBe('paid');
  });

  test('a reversal waits 15 seconds, then gives the money back', async () => {
    const request = requestOf('micropay', 1203);
    await driver().pay(request);
    expect(await driver().reverse?.(referenceOf(request, 14_000))).toMatchObject({
      code: 'REVERSE_TOO_EARLY',
    });
    expect(await driver().reverse?.(referenceOf(request))).toEqual({ kind: 'closed', reversed: true });
    expect(await driver().query(referenceOf(request))).toEqual({ kind: 'closed', reversed: true });
  });

  test('a refund is accepted, found by its number, and paid back once however often it is sent', async () => {
    const request = requestOf('micropay', 1999);
    await driver().pay(request);
    const refund = {
      refundNo: `R${request.attemptNo}`,
      amount: 500,
      reason: '退号',
      payment: referenceOf(request),
    };
    expect(await driver().queryRefund?.(refund)).toMatchObject({ kind: 'unknown', code: 'REFUND_NOT_FOUND' });
    expect((await driver().refund?.(refund))?.kind).toBe('pending');
    await driver().refund?.(refund);
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await driver().queryRefund?.(refund)).toMatchObject({ kind: 'refunded', amount: 500 });
    expect((await driver().query(referenceOf(request))).kind).toBe('paid');
    expect(sandbox.ledger.refund('wechat', mchid, null, refund.refundNo)?.amountFen).toBe(500);
  });

  test('an order WeChat never heard of is unknown while young and closed when old', async () => {
    const request = requestOf('micropay', 100);
    expect(await driver().query(referenceOf(request))).toMatchObject({
      kind: 'unknown',
      code: 'ORDER_NOT_FOUND',
    });
    expect(await driver().query(referenceOf(request, 180_000))).toEqual({ kind: 'closed', reversed: false });
  });

  test.each(['reply_lost', 'reset', 'http_5xx', 'garbage', 'bad_signature'] as const)(
    '%s after the money was taken is unknown, and the query finds the payment',
    async (kind) => {
      const request = requestOf('micropay', 1999);
      sandbox.faults.add({ channel: 'wechat', operation: 'pay', kind });
      expect((await driverOf({ micropayApi }, 600).pay(request)).kind).toBe('unknown');
      expect(await driver().query(referenceOf(request))).toMatchObject({ kind: 'paid', amount: 1999 });
    },
  );

  test('an answer about another amount is an integrity alarm', async () => {
    const request = requestOf('micropay', 1999);
    await driver().pay(request);
    const asked = { ...referenceOf(request), amount: 1998 };
    expect(await driver().query(asked)).toMatchObject({ kind: 'unknown', code: 'INTEGRITY' });
  });

  test('the log holds every call and no payment code', async () => {
    const request = requestOf('micropay', 1999);
    await driver().pay(request);
    expect(calls).toMatchObject([{ method: 'create_order', attemptNo: request.attemptNo, httpStatus: 200 }]);
    expect(JSON.stringify(calls)).not.toContain(request.authCode);
  });
});

describe('the other scenes', () => {
  test('a QR is paid, and order numbers with | and * travel in paths', async () => {
    const request = requestOf('native', 1234);
    request.attemptNo = `${request.attemptNo}|*`;
    const outcome = await driverOf().pay(request);
    expect(outcome).toMatchObject({ kind: 'pending', payerAction: { kind: 'qr' } });
    expect((await driverOf().query(referenceOf(request))).kind).toBe('pending');
    await sandbox.patient.pay('wechat', request.attemptNo);
    expect(await driverOf().query(referenceOf(request))).toMatchObject({ kind: 'paid', amount: 1234 });
    expect(await driverOf().close?.(referenceOf(request))).toMatchObject({
      kind: 'unknown',
      code: 'ORDERPAID',
    });
  });

  test('JSAPI and app give the parameters of the wallet, H5 a link that leads back', async () => {
    expect(await driverOf().pay(requestOf('jsapi', 100, { payerId: 'openid-1' }))).toMatchObject({
      payerAction: {
        kind: 'client',
        parameters: { signType: 'RSA', package: expect.stringMatching(/^prepay_id=wx/) },
      },
    });
    expect(await driverOf().pay(requestOf('app', 100))).toMatchObject({
      payerAction: { kind: 'client', parameters: { package: 'Sign=WXPay', partnerid: mchid } },
    });
    expect(await driverOf().pay(requestOf('h5', 100, { returnUrl: 'https://h.cn/back?a=1' }))).toMatchObject({
      payerAction: {
        kind: 'redirect',
        url: expect.stringContaining('&redirect_url=https%3A%2F%2Fh.cn%2Fback%3Fa%3D1'),
      },
    });
  });

  test('JSAPI without an openid and impossible order numbers are refused before anything is sent', async () => {
    expect(await driverOf().pay(requestOf('jsapi', 100))).toMatchObject({
      kind: 'failed',
      code: 'OPENID_MISSING',
    });
    for (const attemptNo of ['A1', 'A'.repeat(33), 'A0000/1']) {
      expect(await driverOf().pay(requestOf('native', 100, { attemptNo }))).toMatchObject({
        code: 'PARAM_ERROR',
      });
    }
    for (const amount of [0, -1, 1.5, 2 ** 53]) {
      expect(await driverOf().pay(requestOf('native', amount))).toMatchObject({ kind: 'failed' });
    }
    expect(calls).toEqual([]);
  });

  test('a description is cut to 127 characters', async () => {
    const request = requestOf('native', 100, { subject: '缴'.repeat(200) });
    expect((await driverOf().pay(request)).kind).toBe('pending');
  });

  test('an unpaid order is closed with 204; a QR order is not reversed', async () => {
    const request = requestOf('native', 1234);
    await driverOf().pay(request);
    expect(await driverOf().reverse?.(referenceOf(request))).toMatchObject({ code: 'REVERSE_UNSUPPORTED' });
    expect(await driverOf().close?.(referenceOf(request))).toEqual({ kind: 'closed', reversed: false });
    expect(await driverOf().query(referenceOf(request))).toEqual({ kind: 'closed', reversed: false });
    expect(calls.find((call) => call.method === 'close_order')?.httpStatus).toBe(204);
  });

  test('a refund that turns abnormal is failed, an empty merchant balance is tried again', async () => {
    const request = requestOf('native', 1999);
    await driverOf().pay(request);
    await sandbox.patient.pay('wechat', request.attemptNo);
    const refund = {
      refundNo: `R${request.attemptNo}`,
      amount: 1999,
      reason: '退费',
      payment: referenceOf(request),
    };
    sandbox.faults.add({
      channel: 'wechat',
      operation: 'refund',
      kind: 'business_error',
      code: 'NOT_ENOUGH',
    });
    expect(await driverOf().refund?.(refund)).toMatchObject({ kind: 'unknown', code: 'NOT_ENOUGH' });
    sandbox.faults.add({
      channel: 'wechat',
      operation: 'refund',
      kind: 'refund_then_fails',
      outcome: 'abnormal',
    });
    expect((await driverOf().refund?.(refund))?.kind).toBe('pending');
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await driverOf().queryRefund?.(refund)).toMatchObject({ kind: 'failed', code: 'ABNORMAL' });
  });
});

describe('notifications', () => {
  async function paidOverQr(): Promise<PayRequest> {
    const request = requestOf('native', 1999);
    await driverOf().pay(request);
    await sandbox.patient.pay('wechat', request.attemptNo);
    return request;
  }

  test.each(['public_key', 'certificate'] as const)(
    'a payment in %s mode is read and acknowledged',
    async (mode) => {
      sandbox.gateways.wechat.setVerifyMode(mchid, mode);
      const request = await paidOverQr();
      const raw = received.at(-1);
      if (!raw) throw new Error('nothing received');
      const driver = driverOf({ verifyMode: mode });
      expect(await driver.readNotification?.(raw)).toMatchObject({
        kind: 'event',
        event: { kind: 'payment', attemptNo: request.attemptNo, outcome: { kind: 'paid', amount: 1999 } },
        accepted: { status: 200 },
        retry: { status: 500, body: expect.stringContaining('"FAIL"') },
      });
    },
  );

  test('a refund is read from refund_status', async () => {
    const request = await paidOverQr();
    received = [];
    const refund = {
      refundNo: `R${request.attemptNo}`,
      amount: 500,
      reason: '退费',
      payment: referenceOf(request),
    };
    await driverOf().refund?.(refund);
    for (let waited = 0; waited < 50 && received.length === 0; waited += 1) {
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    const raw = received.at(-1);
    if (!raw) throw new Error('nothing received');
    expect(await driverOf().readNotification?.(raw)).toMatchObject({
      event: { kind: 'refund', refundNo: refund.refundNo, outcome: { kind: 'refunded', amount: 500 } },
    });
  });

  test('a SIGNTEST probe is answered 4xx', async () => {
    expect((await sandbox.gateways.wechat.probe(notifyUrl)).status).toBe(401);
  });

  test('a changed body, a stale timestamp and a missing header are rejected', async () => {
    await paidOverQr();
    const raw = received.at(-1);
    if (!raw) throw new Error('nothing received');
    const changed = { ...raw, body: Buffer.from(raw.body.toString().replace('TRANSACTION', 'REFUND')) };
    expect(await driverOf().readNotification?.(changed)).toMatchObject({
      kind: 'rejected',
      code: 'BAD_SIGNATURE',
    });
    const stale = {
      ...raw,
      headers: { ...raw.headers, 'wechatpay-timestamp': String(Math.floor(Date.now() / 1000) - 301) },
    };
    expect(await driverOf().readNotification?.(stale)).toMatchObject({
      kind: 'rejected',
      code: 'STALE_TIMESTAMP',
    });
    const { 'wechatpay-signature': _gone, ...headers } = raw.headers;
    expect(await driverOf().readNotification?.({ ...raw, headers })).toMatchObject({
      code: 'HEADERS_MISSING',
    });
  });

  test('an altered amount under a valid signature reaches the core as it is, to be compared there', async () => {
    sandbox.faults.add({ channel: 'wechat', operation: 'notify', kind: 'tampered_notify_amount' });
    await paidOverQr();
    const raw = received.at(-1);
    if (!raw) throw new Error('nothing received');
    expect(await driverOf().readNotification?.(raw)).toMatchObject({
      event: { outcome: { kind: 'paid', amount: 2099 } },
    });
  });
});

describe('keys', () => {
  test('both modes work, and certificates are downloaded once when none is given', async () => {
    expect(await driverOf().test()).toEqual({ ok: true });
    sandbox.gateways.wechat.setVerifyMode(mchid, 'certificate');
    const driver = driverOf({ verifyMode: 'certificate', platformCertificate: '' });
    calls = [];
    expect((await driver.pay(requestOf('native', 100))).kind).toBe('pending');
    expect((await driver.pay(requestOf('native', 100))).kind).toBe('pending');
    expect(calls.filter((call) => call.method === 'get_certificates')).toHaveLength(1);
    expect(JSON.stringify(calls)).not.toContain('BEGIN CERTIFICATE');
  });

  test('a serial never seen makes the certificates be fetched once, and only once a minute', async () => {
    sandbox.gateways.wechat.setVerifyMode(mchid, 'certificate');
    const other = generateCredentials();
    const driver = driverOf({
      verifyMode: 'certificate',
      platformCertificate: other.wechat.platformCertificate,
      publicKey: '',
      publicKeyId: '',
    });
    expect((await driver.pay(requestOf('native', 100))).kind).toBe('pending');
    const foreign = {
      headers: {
        'wechatpay-serial': 'AB12',
        'wechatpay-timestamp': String(Math.floor(Date.now() / 1000)),
        'wechatpay-nonce': 'n',
        'wechatpay-signature': 'x',
      },
      body: Buffer.from('{}'),
    };
    expect(await driver.readNotification?.(foreign)).toMatchObject({ code: 'UNKNOWN_SERIAL' });
    expect(await driver.readNotification?.(foreign)).toMatchObject({ code: 'UNKNOWN_SERIAL' });
    expect(calls.filter((call) => call.method === 'get_certificates')).toHaveLength(1);
  });

  test('wrong credentials are told by test() in words', async () => {
    expect(await driverOf({ merchantSerial: 'ABCDEF0123' }).test()).toMatchObject({ ok: false });
    expect(await driverOf({ micropayApi: 'v2', apiV2Key: 'k'.repeat(32) }).test()).toMatchObject({
      ok: false,
      code: 'V2_REFUSED',
    });
    const noCertificate = driverOf({ verifyMode: 'certificate', platformCertificate: '' });
    expect(await noCertificate.test()).toMatchObject({ ok: false, code: 'NO_PLATFORM_CERTIFICATE' });
    sandbox.gateways.wechat.setVerifyMode(mchid, 'certificate');
    const wrongKey = driverOf({
      verifyMode: 'certificate',
      platformCertificate: '',
      apiV3Key: 'z'.repeat(32),
    });
    expect(await wrongKey.test()).toMatchObject({ ok: false, code: 'UNVERIFIED' });
  });

  test('a gateway that is down is unknown, and told by test()', async () => {
    const driver = driverOf({ baseUrl: 'http://127.0.0.1:1' });
    expect(await driver.pay(requestOf('native', 100))).toMatchObject({ kind: 'unknown', code: 'NETWORK' });
    expect(await driver.test()).toMatchObject({ ok: false, code: 'NETWORK' });
  });
});

describe('bills', () => {
  test('the day of this file is read to the fen in both bills', async () => {
    const trade = await driverOf().bill?.(today());
    if (trade?.kind !== 'ready') throw new Error('no bill');
    const lines = await collect(trade);
    expect(trade.file.name).toMatch(/\.csv\.gz$/);
    const paid = sandbox.ledger
      .payments({ gateway: 'wechat', merchant: mchid })
      .filter((row) => row.paidAt !== null);
    const payments = lines.filter((line) => line.kind === 'payment');
    expect(payments.map((line) => [line.orderNo, line.amountFen]).sort()).toEqual(
      paid.map((row) => [row.outTradeNo, row.amountFen]).sort(),
    );
    expect(lines.some((line) => line.kind === 'refund' && line.refundNo !== undefined)).toBe(true);
    expect(trade.totals?.payments).toBe(payments.length);

    const flow = await driverOf().fundFlowBill?.(today());
    if (flow?.kind !== 'ready') throw new Error('no fund-flow bill');
    const moves = await collect(flow);
    expect(moves.length).toBeGreaterThanOrEqual(lines.length);
  });

  test('a day without trades is empty, a day to come is not ready', async () => {
    expect(
      await driverOf().bill?.(new Date(Date.now() - 30 * 86_400_000).toISOString().slice(0, 10)),
    ).toEqual({ kind: 'empty' });
    const ahead = new Date(Date.now() + 3 * 86_400_000).toISOString().slice(0, 10);
    expect(await driverOf().bill?.(ahead)).toMatchObject({ kind: 'not-ready' });
  });

  test('STATEMENT_CREATING is not ready for 30 minutes, any other refusal is an error', async () => {
    sandbox.faults.add({
      channel: 'wechat',
      operation: 'bill',
      kind: 'business_error',
      code: 'STATEMENT_CREATING',
    });
    expect(await driverOf().bill?.(today())).toEqual({ kind: 'not-ready', retryAfterMinutes: 30 });
    sandbox.faults.add({ channel: 'wechat', operation: 'bill', kind: 'business_error', code: 'NO_AUTH' });
    await expect(driverOf().bill?.(today())).rejects.toMatchObject({ code: 'UNAVAILABLE' });
  });

  test('a file that is not what was hashed is refused', async () => {
    sandbox.faults.add({ channel: 'wechat', operation: 'bill_file', kind: 'garbage' });
    await expect(driverOf().bill?.(today())).rejects.toMatchObject({ name: 'BillError' });
  });
});
