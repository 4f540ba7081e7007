import { manifest } from '@hospital-pay/channel-linepay';
import type {
  BillReader,
  ChannelDriver,
  PaymentReference,
  PayRequest,
} from '@hospital-pay/payments/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Desk, linesOf, openDesk } from './desk';

const { openBill }: { openBill: BillReader } = require(manifest.billReader ?? '');

let desk: Desk;
let driver: ChannelDriver;
beforeAll(async () => {
  desk = await openDesk(manifest, 'linepay');
  driver = desk.connect();
});
afterAll(() => desk.close());
beforeEach(() => desk.sandbox.faults.clear());

const ledgerOf = ({ attemptNo }: PaymentReference) =>
  desk.sandbox.ledger.payments({ outTradeNo: attemptNo })[0];
const agree = (payment: PaymentReference) => desk.sandbox.patient.pay('linepay', payment.attemptNo);
const scan = (amount: number): PayRequest & PaymentReference =>
  desk.order(amount, { scene: 'micropay', authCode: desk.sandbox.patient.issueCode('linepay', 'pays') });

async function requested(amount: number): Promise<PaymentReference> {
  const request = desk.order(amount, { scene: 'h5', returnUrl: 'https://hospital.example/back' });
  const outcome = await driver.pay(request);
  if (outcome.kind !== 'pending' || outcome.channelNo === undefined) throw new Error(outcome.kind);
  expect(outcome.payerAction).toMatchObject({ kind: 'redirect' });
  return { ...request, channelNo: outcome.channelNo };
}

async function paid(amount: number): Promise<PaymentReference> {
  const payment = await requested(amount);
  await agree(payment);
  const outcome = await driver.query(payment);
  if (outcome.kind !== 'paid') throw new Error(outcome.kind);
  return payment;
}

describe('a payment in the browser', () => {
  test('moves money when it is confirmed, which the query does once the payer has agreed', async () => {
    const payment = await requested(1980);
    expect(payment.channelNo).toMatch(/^\d{19}$/);
    expect(await driver.query(payment)).toEqual({ kind: 'pending' });
    await agree(payment);
    expect(ledgerOf(payment)?.paidAt).toBeNull();
    expect(await driver.query(payment)).toMatchObject({
      kind: 'paid',
      amount: 1980,
      currency: 'TWD',
      channelNo: payment.channelNo,
    });
    expect(ledgerOf(payment)?.state).toBe('paid');
    expect(await driver.query(payment)).toMatchObject({ kind: 'paid', amount: 1980 });
  });

  test.each(['reset', 'http_5xx', 'garbage'] as const)(
    'a confirmation whose answer ends in %s is unknown, and found done by asking',
    async (kind) => {
      const payment = await requested(500);
      await agree(payment);
      desk.sandbox.faults.add({ channel: 'linepay', operation: 'confirm', kind });
      expect((await driver.query(payment)).kind).toBe('unknown');
      expect(await driver.query(payment)).toMatchObject({ kind: 'paid', amount: 500 });
    },
  );

  test('a request nobody agreed to ends by itself', async () => {
    const payment = await requested(500);
    const row = ledgerOf(payment);
    if (row) row.expiresAt = Date.now() - 1;
    expect(await driver.query(payment)).toEqual({ kind: 'closed', reversed: false });
  });

  test('an answer about another amount is never a success', async () => {
    const payment = await paid(700);
    expect(await driver.query({ ...payment, amount: 701 })).toMatchObject({
      kind: 'unknown',
      code: 'INTEGRITY',
    });
  });
});

describe('a payment code', () => {
  test('is charged, and found complete', async () => {
    const request = scan(300);
    expect(await driver.pay(request)).toMatchObject({ kind: 'paid', amount: 300, currency: 'TWD' });
    expect(await driver.query(request)).toMatchObject({ kind: 'paid', amount: 300 });
  });

  test.each([
    ['paying_then_pays', 'unknown', 'pending'],
    ['auth_code_invalid', 'failed', 'unknown'],
    ['system_error_paid', 'unknown', 'paid'],
    ['insufficient_funds', 'failed', 'failed'],
  ] as const)('%s is %s, and asked about %s', async (fate, first, then) => {
    const request = desk.order(300, {
      scene: 'micropay',
      authCode: desk.sandbox.patient.issueCode('linepay', fate),
    });
    expect((await driver.pay(request)).kind).toBe(first);
    expect((await driver.query(request)).kind).toBe(then);
  });
});

describe('refunds carry no number of ours', () => {
  test('one that is there already is not sent again; two of one amount are two', async () => {
    const byCode = scan(1000);
    await driver.pay(byCode);
    for (const payment of [await paid(1000), byCode]) {
      const refund = { refundNo: 'R1', amount: 300, reason: 'x', payment };
      const first = await driver.refund?.(refund);
      if (first?.kind !== 'refunded') throw new Error(first?.kind);
      expect(await driver.refund?.(refund)).toMatchObject({ channelNo: first.channelNo });
      const second = { ...refund, refundNo: 'R2', booked: [first.channelNo] };
      expect(await driver.queryRefund?.(second)).toMatchObject({ kind: 'unknown', code: 'REFUND_NOT_FOUND' });
      expect(await driver.refund?.(second)).toMatchObject({ kind: 'refunded', amount: 300 });
      expect(ledgerOf(payment)?.refundedFen).toBe(600);
    }
  });

  test.each(['reset', 'http_5xx', 'garbage'] as const)(
    '%s leaves a refund unknown, and it is found',
    async (kind) => {
      const payment = await paid(1000);
      const refund = { refundNo: 'R1', amount: 400, reason: 'x', payment };
      desk.sandbox.faults.add({ channel: 'linepay', operation: 'refund', kind });
      expect((await driver.refund?.(refund))?.kind).toBe('unknown');
      expect(await driver.queryRefund?.(refund)).toMatchObject({ kind: 'refunded', amount: 400 });
      expect(ledgerOf(payment)?.refundedFen).toBe(400);
    },
  );
});

test('baht keep their two decimals, from the order to the bill', async () => {
  const thai = await openDesk(manifest, 'linepay', undefined, { linepay: { region: 'TH' } });
  const till = thai.connect();
  const authCode = thai.sandbox.patient.issueCode('linepay', 'pays');
  const request = thai.order(1999, { scene: 'micropay', currency: 'THB', authCode });
  expect(await till.pay(request)).toMatchObject({ kind: 'paid', amount: 1999, currency: 'THB' });
  expect(thai.records.at(-1)?.request).toContain('"amount":19.99');
  expect((await till.pay({ ...request, currency: 'TWD' })).kind).toBe('failed');
  await thai.close();
});

test('a bill is read by its headings, in the region’s currency and zone', async () => {
  await paid(5555);
  const date = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Taipei' }).format(new Date());
  const bytes = desk.sandbox.gateways.linepay.billFile(desk.credentials.linepay.channelId, date);
  const lines = await linesOf(await openBill(bytes, { date, config: desk.config }));
  const { payments, refunds } = desk.sandbox.ledger.billRows(
    'linepay',
    desk.credentials.linepay.channelId,
    date,
  );
  const money = (kind: string) => lines.filter((line) => line.kind === kind).map((line) => line.amountFen);
  expect(money('payment')).toEqual(payments.map((row) => row.amountFen));
  expect(money('refund')).toEqual(refunds.map((row) => row.amountFen));
});

test('Japan has ended: nothing is sent, old bills are read', async () => {
  const sent = desk.records.length;
  const ended = desk.connect({ region: 'JP' });
  expect(await ended.pay(desk.order(100, { currency: 'JPY' }))).toMatchObject({ code: 'CHANNEL_ENDED' });
  expect(await ended.test()).toMatchObject({ ok: false, code: 'CHANNEL_ENDED' });
  expect(ended.refund).toBeUndefined();
  expect(desk.records).toHaveLength(sent);
  const old = Buffer.from(
    'Order ID,Transaction ID,Amount,Transaction date\nO1,T1,"1,980",2024-12-01 09:00:00\n',
  );
  const bill = await openBill(old, { date: '2024-12-01', config: { region: 'JP' } });
  expect(await linesOf(bill)).toMatchObject([
    { amountFen: 1980, occurredAt: new Date('2024-12-01T00:00:00Z') },
  ]);
});

test('a wrong secret is refused at the door, and no secret is in the log', async () => {
  expect(await desk.connect({ channelSecret: 'another secret' }).test()).toMatchObject({
    ok: false,
    code: '1106',
  });
  expect(await driver.test()).toEqual({ ok: true });
  expect(JSON.stringify(desk.records)).not.toContain(desk.credentials.linepay.channelSecret);
});
