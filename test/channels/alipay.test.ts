import { createServer, type Server } from 'node:http';
import { manifest } from '@hospital-pay/channel-alipay';
import type {
  Bill,
  CallRecord,
  ChannelConfig,
  ChannelDriver,
  NotificationReading,
  PaymentReference,
  PayRequest,
  RawNotification,
} from '@hospital-pay/payments/contract';
import { channelConfigs, createSandbox, generateCredentials, type Sandbox } from '@hospital-pay/sandbox';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { keptCredentials } from '../harness/kept';

/** All verbs but the session of a wallet on the payer's device. */
type AlipayDriver = Required<Omit<ChannelDriver, 'openSession' | 'quote' | 'payer'>>;

const credentials = keptCredentials();
const others = generateCredentials();

let sandbox: Sandbox;
let served: Awaited<ReturnType<Sandbox['listen']>>;
let inbox: Server;
let notifyUrl = '';
let received: RawNotification[] = [];
let records: CallRecord[] = [];
let next = 0;

beforeAll(async () => {
  inbox = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({ headers: {}, body: Buffer.concat(chunks) });
      response.end('success');
    });
  });
  await new Promise<void>((resolve) => inbox.listen(0, '127.0.0.1', resolve));
  const address = inbox.address();
  if (address === null || typeof address === 'string') throw new Error('no port');
  notifyUrl = `http://127.0.0.1:${address.port}/api/notify/ALI01`;
});
afterAll(() => {
  inbox.closeAllConnections();
  inbox.close();
});
beforeEach(async () => {
  sandbox = createSandbox({ credentials, notifyRetryScale: 0.0001, refundSettleMs: 0 });
  served = await sandbox.listen();
  received = [];
  records = [];
});
afterEach(async () => {
  sandbox.destroy();
  await served.close();
});

function connect(mode: 'key' | 'cert' = 'key', changes: ChannelConfig = {}, timeoutMs = 3000): AlipayDriver {
  const {
    pay,
    query,
    close,
    reverse,
    refund,
    queryRefund,
    readNotification,
    bill,
    fundFlowBill,
    test: probe,
  } = manifest.connect(
    { ...channelConfigs(credentials, served.baseUrl).alipay, mode, ...changes },
    { now: () => new Date(), notifyUrl, timeoutMs, record: (call) => records.push(call) },
  );
  if (!close || !reverse || !refund || !queryRefund || !readNotification || !bill || !fundFlowBill) {
    throw new Error('Alipay lacks a verb');
  }
  return {
    pay,
    query,
    close,
    reverse,
    refund,
    queryRefund,
    readNotification,
    bill,
    fundFlowBill,
    test: probe,
  };
}

function order(amount: number, changes: Partial<PayRequest> = {}): PayRequest & PaymentReference {
  const code = sandbox.patient.issueCode('alipay');
  return {
    attemptNo: `A${Date.now()}${++next}`,
    scene: 'micropay',
    amount,
    currency: 'CNY',
    subject: '门诊缴费 a/b=c&d,e',
    expiresAt: new Date(Date.now() + 300_000),
    createdAt: new Date(),
    authCode: code,
    ...changes,
  };
}

const ledgerOf = (attemptNo: string) =>
  sandbox.ledger.payment('alipay', credentials.alipay.sellerId, attemptNo);

async function notifications(count: number): Promise<RawNotification[]> {
  const end = Date.now() + 5000;
  while (received.length < count && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 20));
  return received;
}

async function collect<Line>(bill: Bill<Line>): Promise<Line[]> {
  if (bill.kind !== 'ready') throw new Error(`the bill is ${bill.kind}`);
  const lines: Line[] = [];
  for await (const line of bill.lines()) lines.push(line);
  return lines;
}

describe.each(['key', 'cert'] as const)('in %s mode', (mode) => {
  test('the credentials test succeeds', async () => {
    expect(await connect(mode).test()).toEqual({ ok: true });
  });

  test('a payment code is charged, found paid, and refunded in parts', async () => {
    const driver = connect(mode);
    const request = order(1230);
    expect(await driver.pay(request)).toMatchObject({ kind: 'paid', amount: 1230, currency: 'CNY' });
    expect(await driver.query(request)).toMatchObject({ kind: 'paid', amount: 1230 });
    const part = { refundNo: `${request.attemptNo}R1`, amount: 500, reason: '退号', payment: request };
    const rest = { ...part, refundNo: `${request.attemptNo}R2`, amount: 730 };
    expect(await driver.refund(part)).toMatchObject({ kind: 'refunded', amount: 500 });
    expect(await driver.refund(rest)).toMatchObject({ kind: 'refunded', amount: 730 });
    expect(await driver.queryRefund(rest)).toMatchObject({ kind: 'refunded', amount: 730 });
    expect(await driver.query(request)).toMatchObject({ kind: expect.stringMatching(/closed|paid/) });
    expect(ledgerOf(request.attemptNo)?.refundedFen).toBe(1230);
  });

  test('a reply that is signed wrongly is no answer', async () => {
    sandbox.faults.add({ channel: 'alipay', operation: 'pay', kind: 'bad_signature' });
    expect(await connect(mode).pay(order(1230))).toMatchObject({ kind: 'unknown', code: 'BAD_SIGNATURE' });
  });
});

describe('credentials that do not fit', () => {
  test('a private key of another application is refused by the gateway, unsigned', async () => {
    const driver = connect('key', { privateKey: channelConfigs(others, served.baseUrl).alipay.privateKey });
    expect(await driver.test()).toMatchObject({ ok: false, code: 'isv.invalid-signature' });
    expect((await driver.pay(order(1230))).kind).toBe('unknown');
  });

  test('another Alipay key makes every answer unverifiable', async () => {
    const driver = connect('key', {
      alipayPublicKey: channelConfigs(others, served.baseUrl).alipay.alipayPublicKey,
    });
    expect(await driver.test()).toMatchObject({ ok: false, code: 'BAD_SIGNATURE' });
    expect((await driver.pay(order(1230))).kind).toBe('unknown');
  });

  test('a certificate that belongs to another key is told when connecting', () => {
    const { appCert } = channelConfigs(others, served.baseUrl).alipay;
    expect(() => connect('cert', { appCert })).toThrow(
      expect.objectContaining({ code: 'ALIPAY_CERT_NOT_OURS' }),
    );
  });

  test('an unknown application is refused before its signature is looked at', async () => {
    expect(await connect('key', { appId: '2021999999999999' }).test()).toMatchObject({
      ok: false,
      code: 'isv.invalid-app-id',
    });
  });
});

describe('what the patient does with the payment code', () => {
  test.each([
    [1201, 'paid', 'paid', true],
    [1202, 'pending', 'pending', true],
    [1203, 'pending', 'pending', false],
    [1204, 'failed', 'unknown', false],
    [1205, 'unknown', 'paid', true],
    [1206, 'unknown', 'pending', false],
    [1207, 'failed', 'closed', false],
  ])('%i fen: %s at first, then %s', async (amount, first, then) => {
    const driver = connect();
    const request = order(amount);
    expect((await driver.pay(request)).kind).toBe(first);
    expect((await driver.query(request)).kind).toBe(then);
  });

  test('a patient who takes his time is found paid after some queries', async () => {
    const driver = connect();
    const request = order(1202);
    await driver.pay(request);
    const seen: string[] = [];
    for (let round = 0; round < 4; round++) seen.push((await driver.query(request)).kind);
    expect(seen.at(-1)).toBe('paid');
  });

  test('a code that was used is refused the second time', async () => {
    const driver = connect();
    const first = order(1230);
    await driver.pay(first);
    expect(await driver.pay(order(1230, { authCode: first.authCode ?? '' }))).toMatchObject({
      kind: 'failed',
      code: 'ACQ.PAYMENT_AUTH_CODE_INVALID',
    });
  });

  test('a payment sent again under its own number is asked about, not charged twice', async () => {
    const driver = connect();
    const request = order(1230);
    await driver.pay(request);
    expect(await driver.pay(request)).toMatchObject({ kind: 'unknown', code: 'ACQ.TRADE_HAS_SUCCESS' });
    expect(await driver.query(request)).toMatchObject({ kind: 'paid', amount: 1230 });
  });
});

describe('the gateway fails after it took the money', () => {
  test.each(['reply_lost', 'reset', 'http_5xx', 'garbage', 'bad_signature'] as const)(
    '%s: unknown, then found paid, and taken once',
    async (kind) => {
      sandbox.faults.add({ channel: 'alipay', operation: 'pay', kind, phase: 'after' });
      const driver = connect('key', {}, 500);
      const request = order(1230);
      expect((await driver.pay(request)).kind).toBe('unknown');
      expect(await driver.query(request)).toMatchObject({ kind: 'paid', amount: 1230 });
      expect(records.filter((call) => call.method === 'create_order')).toHaveLength(1);
    },
  );

  test.each(['reply_lost', 'reset', 'http_5xx', 'garbage', 'bad_signature'] as const)(
    'a refund after %s is repeated under its number and paid back once',
    async (kind) => {
      const driver = connect('key', {}, 500);
      const request = order(1230);
      await driver.pay(request);
      const refund = { refundNo: `${request.attemptNo}R1`, amount: 500, reason: '退号', payment: request };
      sandbox.faults.add({ channel: 'alipay', operation: 'refund', kind, phase: 'after' });
      expect((await driver.refund(refund)).kind).toBe('unknown');
      // The repeat is answered with fund_change=N.
      expect((await driver.refund(refund)).kind).toBe('pending');
      expect(await driver.queryRefund(refund)).toMatchObject({ kind: 'refunded', amount: 500 });
      expect(ledgerOf(request.attemptNo)?.refundedFen).toBe(500);
    },
  );
});

describe('a QR', () => {
  const precreate = async (driver: ChannelDriver, amount: number) => {
    const request = order(amount, { scene: 'native' });
    const outcome = await driver.pay(request);
    if (outcome.kind !== 'pending' || outcome.payerAction?.kind !== 'qr') throw new Error('no QR');
    return { request, text: outcome.payerAction.text };
  };

  test('is pending before it is scanned, and paid after', async () => {
    const driver = connect();
    const { request, text } = await precreate(driver, 1999);
    expect(await driver.query(request)).toEqual({ kind: 'pending' });
    await sandbox.patient.pay('alipay', text);
    expect(await driver.query(request)).toMatchObject({ kind: 'paid', amount: 1999 });
  });

  test('that nobody scanned is closed', async () => {
    const driver = connect();
    const { request } = await precreate(driver, 1999);
    expect(await driver.close(request)).toEqual({ kind: 'closed', reversed: false });
  });

  test('that was scanned is closed, and found closed unpaid', async () => {
    const driver = connect();
    const { request, text } = await precreate(driver, 1999);
    sandbox.patient.scan('alipay', text);
    expect(await driver.close(request)).toEqual({ kind: 'closed', reversed: false });
    expect(await driver.query(request)).toEqual({ kind: 'closed', reversed: false });
  });

  test('that was paid cannot be closed, and is asked about', async () => {
    const driver = connect();
    const { request, text } = await precreate(driver, 1999);
    await sandbox.patient.pay('alipay', text);
    expect(await driver.close(request)).toMatchObject({ kind: 'unknown', code: 'ACQ.TRADE_STATUS_ERROR' });
    expect(await driver.query(request)).toMatchObject({ kind: 'paid' });
  });
});

describe('reversing', () => {
  test('gives back what was taken, and the query tells it from never paid', async () => {
    const driver = connect();
    const request = order(1205);
    expect((await driver.pay(request)).kind).toBe('unknown');
    expect(await driver.reverse(request)).toEqual({ kind: 'closed', reversed: true });
    expect(await driver.query(request)).toEqual({ kind: 'closed', reversed: true });
  });

  test('closes what was not', async () => {
    const driver = connect();
    const request = order(1203);
    await driver.pay(request);
    expect(await driver.reverse(request)).toEqual({ kind: 'closed', reversed: false });
  });

  test('of what never arrived closes it', async () => {
    expect(await connect().reverse(order(1230))).toEqual({ kind: 'closed', reversed: false });
  });
});

describe('inside Alipay, in a browser, in an app', () => {
  test('a mini program gets a trade number, and is paid', async () => {
    const driver = connect();
    const request = order(1999, { scene: 'jsapi', payerId: '2088102534368455' });
    const outcome = await driver.pay(request);
    const tradeNo =
      outcome.kind === 'pending' && outcome.payerAction?.kind === 'client'
        ? outcome.payerAction.parameters.tradeNO
        : undefined;
    await sandbox.patient.pay('alipay', tradeNo ?? '');
    expect(await driver.query(request)).toMatchObject({ kind: 'paid', amount: 1999, channelNo: tradeNo });
  });

  test('a browser is sent to a page the gateway accepts', async () => {
    const driver = connect();
    const request = order(1999, { scene: 'h5', returnUrl: 'https://hospital.test/done?order=1&x=%20y' });
    const outcome = await driver.pay(request);
    const url =
      outcome.kind === 'pending' && outcome.payerAction?.kind === 'redirect' ? outcome.payerAction.url : '';
    const answer = await fetch(url, { redirect: 'manual' });
    expect(answer.status).toBe(302);
    await sandbox.patient.pay('alipay', request.attemptNo);
    expect(await driver.query(request)).toMatchObject({ kind: 'paid', amount: 1999 });
  });

  test('an app gets an order text that Alipay opens', async () => {
    const driver = connect();
    const request = order(1999, { scene: 'app' });
    const outcome = await driver.pay(request);
    const text =
      outcome.kind === 'pending' && outcome.payerAction?.kind === 'client'
        ? outcome.payerAction.parameters.orderString
        : undefined;
    expect(sandbox.gateways.alipay.openOrderString(text ?? '')).toMatchObject({
      outTradeNo: request.attemptNo,
      amountFen: 1999,
    });
  });
});

describe('a notification', () => {
  const paidOnce = async (driver: AlipayDriver) => {
    const request = order(1999, { scene: 'native' });
    await driver.pay(request);
    await sandbox.patient.pay('alipay', request.attemptNo);
    return request;
  };
  const idOf = (reading: NotificationReading) =>
    reading.kind === 'event' ? reading.notificationId : undefined;

  test('is verified and read', async () => {
    const driver = connect();
    const request = await paidOnce(driver);
    const [raw] = await notifications(1);
    expect(raw && (await driver.readNotification(raw))).toMatchObject({
      kind: 'event',
      event: { kind: 'payment', attemptNo: request.attemptNo, outcome: { kind: 'paid', amount: 1999 } },
      accepted: { status: 200, body: 'success' },
    });
  });

  test('that comes several times has one id', async () => {
    sandbox.faults.add({ channel: 'alipay', kind: 'duplicate_notify', operation: 'notify', copies: 3 });
    const driver = connect();
    await paidOnce(driver);
    const ids = await Promise.all(
      (await notifications(3)).map(async (raw) => idOf(await driver.readNotification(raw))),
    );
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(1);
  });

  test('of another amount, well signed, states that amount for the core to judge', async () => {
    sandbox.faults.add({ channel: 'alipay', kind: 'tampered_notify_amount', operation: 'notify' });
    const driver = connect();
    await paidOnce(driver);
    const [raw] = await notifications(1);
    expect(raw && (await driver.readNotification(raw))).toMatchObject({
      event: { outcome: { kind: 'paid', amount: 2099 } },
    });
  });

  test('of another hospital is rejected', async () => {
    await paidOnce(connect());
    const [raw] = await notifications(1);
    const other = connect('key', { ...channelConfigs(others, served.baseUrl).alipay, mode: 'key' });
    expect(raw && (await other.readNotification(raw))).toMatchObject({
      kind: 'rejected',
      answer: { body: 'failure' },
    });
  });
});

describe('the bills of a day', () => {
  const day = '2026-11-01';
  const at = (time: string) => Date.parse(`${day}T${time}+08:00`);
  beforeEach(() => {
    sandbox.ledger.seed([
      {
        gateway: 'alipay',
        outTradeNo: 'P1',
        amountFen: 1999,
        paidAt: at('00:00:00'),
        subject: '挂号费,内科',
      },
      {
        gateway: 'alipay',
        outTradeNo: 'P2',
        amountFen: 100_000,
        paidAt: at('12:00:00'),
        refunds: [{ refundNo: 'P2R1', amountFen: 1, at: at('13:00:00') }],
      },
      {
        gateway: 'alipay',
        outTradeNo: 'P3',
        amountFen: 3,
        paidAt: at('23:59:59'),
        refunds: [{ refundNo: 'P3R1', amountFen: 3, at: at('23:59:59') }],
      },
    ]);
  });

  test('agree with the gateway to the fen', async () => {
    const bill = await connect().bill(day);
    expect(bill).toMatchObject({
      kind: 'ready',
      totals: { payments: 3, paymentFen: 102_002, refunds: 2, refundFen: 4 },
    });
    const lines = await collect(bill);
    expect(
      lines.map((line) => [line.kind, line.orderNo, line.refundNo, line.amountFen, line.settledOn]).sort(),
    ).toEqual([
      ['payment', 'P1', undefined, 1999, day],
      ['payment', 'P2', undefined, 100_000, day],
      ['payment', 'P3', undefined, 3, day],
      ['refund', 'P2', 'P2R1', 1, day],
      ['refund', 'P3', 'P3R1', 3, day],
    ]);
    expect(lines.filter((line) => line.kind === 'payment').every((line) => line.feeFen >= 0)).toBe(true);
    expect(lines.filter((line) => line.kind === 'refund').every((line) => line.feeFen <= 0)).toBe(true);
    expect(lines.find((line) => line.orderNo === 'P2' && line.kind === 'payment')?.feeFen).toBeGreaterThan(0);
  });

  test('show the fund flow with the same net', async () => {
    const flow = await collect(await connect().fundFlowBill(day));
    const fees = (await collect(await connect().bill(day))).reduce((sum, line) => sum + line.feeFen, 0);
    expect(flow.reduce((sum, line) => sum + line.amountFen, 0)).toBe(102_002 - 4 - fees);
  });

  test('lack what the gateway dropped and show what we never saw', async () => {
    sandbox.ledger.dropFromBill('P1');
    sandbox.ledger.injectForeignPayment({ gateway: 'alipay', amountFen: 777, paidAt: at('10:00:00') });
    const amounts = (await collect(await connect().bill(day)))
      .filter(({ kind }) => kind === 'payment')
      .map((line) => line.amountFen);
    expect(amounts.sort((a, b) => a - b)).toEqual([3, 777, 100_000]);
  });

  test('of a day without business are empty', async () => {
    expect(await connect().bill('2026-10-31')).toEqual({ kind: 'empty' });
    expect(await connect().fundFlowBill('2026-10-31')).toEqual({ kind: 'empty' });
  });

  test('of today are not ready', async () => {
    const today = new Intl.DateTimeFormat('en-CA', { timeZone: 'Asia/Shanghai' }).format(new Date());
    expect(await connect().bill(today)).toMatchObject({
      kind: 'not-ready',
      retryAfterMinutes: expect.any(Number),
    });
  });

  test.each(['reset', 'http_5xx', 'reply_lost'] as const)(
    'are not booked when the download ends in %s',
    async (kind) => {
      sandbox.faults.add({ channel: 'alipay', operation: 'bill_file', kind });
      await expect(connect('key', {}, 500).bill(day)).rejects.toMatchObject({
        name: 'BillError',
        code: 'UNAVAILABLE',
      });
    },
  );

  test('of fifty thousand payments are read whole', async () => {
    const many = Array.from({ length: 50_000 }, (_, index) => ({
      gateway: 'alipay' as const,
      outTradeNo: `M${index}`,
      amountFen: 1 + (index % 9999),
      paidAt: at('08:00:00') + index * 100,
    }));
    sandbox.ledger.seed(many);
    const bill = await connect('key', {}, 30_000).bill(day);
    let sum = 0;
    let count = 0;
    if (bill.kind === 'ready') {
      for await (const line of bill.lines()) {
        if (line.kind !== 'payment') continue;
        sum += line.amountFen;
        count++;
      }
    }
    expect([count, sum]).toEqual([50_003, 102_002 + many.reduce((total, row) => total + row.amountFen, 0)]);
  }, 60_000);
});

test('every call is one row of the interface log, and no row shows a payment code', async () => {
  const driver = connect();
  const request = order(1230);
  await driver.pay(request);
  await driver.query(request);
  await driver.close(request);
  await driver.reverse(request);
  expect(records.map((call) => call.method)).toEqual([
    'create_order',
    'query_order',
    'close_order',
    'cancel_order',
  ]);
  expect(JSON.stringify(records)).not.toContain(request.authCode);
  expect(records[2]).toMatchObject({ errorCode: 'ACQ.TRADE_STATUS_ERROR', errorMessage: expect.any(String) });
});
