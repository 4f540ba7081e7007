import { manifest } from '@hospital-pay/channel-paypay';
import type { BillReader, ChannelDriver, PaymentReference } from '@hospital-pay/payments/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { until } from '../harness/waiting';
import { type Desk, linesOf, openDesk } from './desk';

const { openBill }: { openBill: BillReader } = require(manifest.billReader ?? '');

let desk: Desk;
let driver: ChannelDriver;
beforeAll(async () => {
  desk = await openDesk(manifest, 'paypay');
  desk.sandbox.gateways.paypay.registerWebhook(desk.credentials.paypay.merchantId, desk.notifyUrl);
  driver = desk.connect();
});
afterAll(() => desk.close());
beforeEach(() => desk.sandbox.faults.clear());

const scanned = (reference: string) => desk.sandbox.patient.pay('paypay', reference);
const day = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo' }).format(new Date());

/** What an order holds once its code was made: the core keeps the number of the code. */
async function created(amount: number): Promise<PaymentReference> {
  const request = desk.order(amount);
  const outcome = await driver.pay(request);
  if (outcome.kind !== 'pending' || outcome.channelNo === undefined) throw new Error(outcome.kind);
  return { ...request, channelNo: outcome.channelNo };
}

async function paid(amount: number): Promise<PaymentReference> {
  const payment = await created(amount);
  await scanned(payment.attemptNo);
  const outcome = await driver.query(payment);
  if (outcome.kind !== 'paid') throw new Error(outcome.kind);
  return { ...payment, channelNo: outcome.channelNo };
}

describe('yen', () => {
  test('1 is ¥1, from the order to the gateway’s ledger, the refund and the bill', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9_999_999 }), async (amount) => {
        const payment = await paid(amount);
        const kept = desk.sandbox.ledger.payments({ outTradeNo: payment.attemptNo })[0];
        expect(kept?.amountFen).toBe(amount);
        const request = { refundNo: `${payment.attemptNo}R1`, amount, reason: '返金', payment };
        expect(await driver.refund?.(request)).toMatchObject({ kind: 'refunded', amount, currency: 'JPY' });
      }),
      { numRuns: 15 },
    );
    const bytes = desk.sandbox.gateways.paypay.billFile(desk.credentials.paypay.merchantId, day);
    const lines = await linesOf(await openBill(bytes, { date: day, config: desk.config }));
    const payments = desk.sandbox.ledger.payments({ gateway: 'paypay', state: 'paid' });
    expect(
      lines.filter(({ kind }) => kind === 'payment').map((line) => [line.orderNo, line.amountFen]),
    ).toEqual(payments.map((row) => [row.outTradeNo, row.amountFen]));
    const refunds = desk.sandbox.ledger.refunds({ gateway: 'paypay', state: 'succeeded' });
    expect(
      lines.filter(({ kind }) => kind === 'refund').map((line) => [line.refundNo, line.amountFen]),
    ).toEqual(refunds.map((row) => [row.refundNo, row.amountFen]));
  });

  test('another currency is refused here, and nothing is sent', async () => {
    const sent = desk.records.length;
    expect(await driver.pay(desk.order(100, { currency: 'CNY' }))).toMatchObject({
      kind: 'failed',
      code: 'CURRENCY',
    });
    expect(desk.records).toHaveLength(sent);
  });
});

describe('the code', () => {
  test('is a QR at the counter, a page in the browser, a link in the app', async () => {
    const back = 'https://hospital.example/paid';
    expect(await driver.pay(desk.order(100))).toMatchObject({ payerAction: { kind: 'qr' } });
    expect(await driver.pay(desk.order(100, { scene: 'h5', returnUrl: back }))).toMatchObject({
      payerAction: { kind: 'redirect', url: expect.stringMatching(/^http/) },
    });
    expect(await driver.pay(desk.order(100, { scene: 'app', returnUrl: back }))).toMatchObject({
      payerAction: { kind: 'redirect', url: expect.stringMatching(/^paypay:/) },
    });
  });

  test('is deleted when closed, and cannot be paid after', async () => {
    const payment = await created(500);
    expect(await driver.close?.(payment)).toEqual({ kind: 'closed', reversed: false });
    await scanned(payment.attemptNo);
    expect((await driver.query(payment)).kind).toBe('closed');
  });

  test('whose answer was lost is cancelled by our own number', async () => {
    desk.sandbox.faults.add({ channel: 'paypay', operation: 'create', kind: 'reset' });
    const request = desk.order(500);
    expect((await driver.pay(request)).kind).toBe('unknown');
    expect(await driver.close?.(request)).toEqual({ kind: 'closed', reversed: true });
    expect((await driver.query(request)).kind).toBe('closed');
  });

  test('paid in the moment of closing is not closed', async () => {
    const payment = await created(500);
    desk.sandbox.faults.add({ channel: 'paypay', operation: 'close', kind: 'pay_after_close' });
    expect((await driver.close?.(payment))?.kind).toBe('unknown');
    expect((await driver.query(payment)).kind).toBe('paid');
  });
});

describe('a webhook carries no signature', () => {
  const forged = (changes: Record<string, unknown>) => ({
    headers: {},
    body: Buffer.from(
      JSON.stringify({
        notification_type: 'Transaction',
        merchant_id: desk.credentials.paypay.merchantId,
        order_id: '0',
        order_amount: '100',
        state: 'COMPLETED',
        paid_at: '2026-01-01T00:00:00Z',
        ...changes,
      }),
    ),
  });

  test('a real one only makes the platform ask, and the answer is the money', async () => {
    const payment = await created(700);
    const before = desk.received.length;
    await scanned(payment.attemptNo);
    await until(() => desk.received.length > before);
    const raw = desk.received.at(-1);
    const reading = raw && (await driver.readNotification?.(raw));
    expect(reading).toMatchObject({
      kind: 'event',
      event: { attemptNo: payment.attemptNo, outcome: { kind: 'pending' } },
      accepted: { status: 200 },
    });
    expect(await driver.query(payment)).toMatchObject({ kind: 'paid', amount: 700 });
  });

  test('one that claims money for an unpaid order books none', async () => {
    const payment = await created(700);
    expect(await driver.readNotification?.(forged({ merchant_order_id: payment.attemptNo }))).toMatchObject({
      kind: 'event',
      event: { outcome: { kind: 'pending' } },
    });
  });

  test.each([
    ['an order PayPay does not know', { merchant_order_id: 'NOSUCH' }, 'NOT_CONFIRMED'],
    ['another merchant', { merchant_order_id: 'NOSUCH', merchant_id: '1' }, 'MERCHANT_ID'],
    ['no order', {}, 'MALFORMED'],
  ])('one about %s is refused', async (_what, changes, code) => {
    expect(await driver.readNotification?.(forged(changes))).toMatchObject({ kind: 'rejected', code });
  });
});

describe('what goes wrong', () => {
  test.each(['reply_lost', 'http_5xx', 'garbage', 'reset'] as const)(
    '%s leaves the result unknown',
    async (kind) => {
      const impatient = desk.connect({}, 300);
      for (const operation of ['create', 'query', 'refund'] as const)
        desk.sandbox.faults.add({ channel: 'paypay', operation, kind });
      const request = desk.order(100);
      expect((await impatient.pay(request)).kind).toBe('unknown');
      expect((await impatient.query(request)).kind).toBe('unknown');
      const payment = await paid(100);
      const refund = { refundNo: `${payment.attemptNo}R1`, amount: 100, reason: 'x', payment };
      expect((await impatient.refund?.(refund))?.kind).toBe('unknown');
      expect((await impatient.queryRefund?.(refund))?.kind).toBe('refunded');
    },
  );

  test('a wrong secret is refused at the door', async () => {
    expect(await desk.connect({ apiSecret: 'not the secret' }).test()).toMatchObject({
      ok: false,
      code: 'UNAUTHORIZED',
    });
    expect(await driver.test()).toEqual({ ok: true });
  });

  test('neither secrets nor patients are in the log', () => {
    const log = JSON.stringify(desk.records);
    expect(log).not.toContain(desk.credentials.paypay.apiSecret);
    expect(log).not.toContain('山田');
  });
});
