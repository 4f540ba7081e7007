import { manifest as dbarai } from '@hospital-pay/channel-dbarai';
import { manifest as rakutenpay } from '@hospital-pay/channel-rakutenpay';
import type { ChannelDriver, PaymentReference, PayRequest } from '@hospital-pay/payments/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { until } from '../harness/waiting';
import { type Desk, linesOf, openDesk } from './desk';

describe.each([
  { manifest: rakutenpay, gateway: 'rakutenpay' as const },
  { manifest: dbarai, gateway: 'dbarai' as const },
])('$gateway, through a PSP', ({ manifest, gateway }) => {
  let desk: Desk;
  let driver: ChannelDriver;
  beforeAll(async () => {
    desk = await openDesk(manifest, gateway);
    desk.sandbox.settings.billsForToday = true;
    driver = desk.connect();
  });
  afterAll(() => desk.close());
  beforeEach(() => desk.sandbox.faults.clear());

  const order = (amount: number) => desk.order(amount, { scene: 'h5' });
  const approve = ({ attemptNo }: PaymentReference) => desk.sandbox.patient.pay(gateway, attemptNo);
  async function paid(amount: number, by = driver): Promise<PayRequest & PaymentReference> {
    const request = order(amount);
    expect(await by.pay(request)).toMatchObject({ kind: 'pending', payerAction: { kind: 'redirect' } });
    await approve(request);
    expect(await by.query(request)).toMatchObject({ kind: 'paid', amount, currency: 'JPY' });
    return request;
  }

  test('every amount of yen is taken, given back and billed exactly', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 9_999_999 }), async (amount) => {
        const payment = await paid(amount);
        const refund = { refundNo: `${payment.attemptNo}R1`, amount, reason: 'x', payment };
        await driver.refund?.(refund);
        await new Promise((resolve) => setTimeout(resolve, 5));
        expect(await driver.queryRefund?.(refund)).toMatchObject({
          kind: 'refunded',
          amount,
          currency: 'JPY',
        });
      }),
      { numRuns: 8 },
    );
    const date = new Intl.DateTimeFormat('sv-SE', { timeZone: 'Asia/Tokyo' }).format(new Date());
    const bill = await driver.bill?.(date);
    if (bill === undefined) throw new Error('no bill');
    const lines = await linesOf(bill);
    const { ledger } = desk.sandbox;
    const sums = (kind: string) => lines.filter((line) => line.kind === kind).map((line) => line.amountFen);
    expect(sums('payment')).toEqual(ledger.payments({ gateway, state: 'paid' }).map((row) => row.amountFen));
    expect(sums('refund')).toEqual(
      ledger.refunds({ gateway, state: 'succeeded' }).map((row) => row.amountFen),
    );
  });

  test('an authorisation is money when it is captured, which the query does', async () => {
    const manual = desk.connect({ capture: 'manual' });
    const payment = await paid(800, manual);
    expect(desk.sandbox.ledger.payments({ outTradeNo: payment.attemptNo })[0]?.state).toBe('paid');
  });

  test('paths are settings of the account', async () => {
    const lost = desk.connect({ queryPath: '/elsewhere/{orderNo}' });
    expect((await lost.query(order(100))).kind).toBe('unknown');
  });

  test.each(['bad_signature', 'garbage', 'http_5xx', 'reset'] as const)(
    'an answer with %s is no answer, and what happened is found by asking',
    async (kind) => {
      const request = order(500);
      desk.sandbox.faults.add({ channel: gateway, operation: 'create', kind });
      expect((await driver.pay(request)).kind).toBe('unknown');
      await approve(request);
      expect(await driver.query(request)).toMatchObject({ kind: 'paid', amount: 500 });
    },
  );

  test('an answer to another question does not fit this one', async () => {
    const other = await openDesk(manifest, gateway);
    expect(await other.connect({ secret: desk.config.secret }).test()).toMatchObject({
      ok: false,
      code: 'BAD_SIGNATURE',
    });
    await other.close();
  });

  test('an unpaid payment is cancelled; a paid one is not said to be', async () => {
    const request = order(300);
    await driver.pay(request);
    expect(await driver.close?.(request)).toEqual({ kind: 'closed', reversed: false });
    expect(await driver.close?.(await paid(300))).toMatchObject({ kind: 'paid' });
  });

  test('a notification is believed by its signature, once and while it is fresh', async () => {
    const before = desk.received.length;
    const payment = await paid(4321);
    await until(() => desk.received.length > before);
    const raw = desk.received.at(-1);
    if (raw === undefined) throw new Error('no notification came');
    expect(await driver.readNotification?.(raw)).toMatchObject({
      kind: 'event',
      event: { kind: 'payment', attemptNo: payment.attemptNo, outcome: { kind: 'paid', amount: 4321 } },
    });
    let refused = 0;
    for (let at = 0; at < raw.body.length; at += 1) {
      const body = Buffer.from(raw.body);
      body[at] = (body[at] ?? 0) ^ 1;
      if ((await driver.readNotification?.({ ...raw, body }))?.kind === 'rejected') refused += 1;
    }
    expect(refused).toBe(raw.body.length);
    const stale = { ...raw.headers, 'x-timestamp': '1700000000' };
    expect((await driver.readNotification?.({ ...raw, headers: stale }))?.kind).toBe('rejected');
  });

  test('neither the secret nor the patient is in the log', () => {
    const log = JSON.stringify(desk.records);
    expect(log).not.toContain(String(desk.config.secret));
    expect(log).not.toContain('山田');
  });
});
