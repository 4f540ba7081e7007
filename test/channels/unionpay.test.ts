import { manifest } from '@hospital-pay/channel-unionpay';
import type { PaymentReference, PayRequest } from '@hospital-pay/payments/contract';
import { generateCredentials } from '@hospital-pay/sandbox';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Counter, chinaDay, linesOf, openCounter, referenceOf, refundOf } from './counter';

let counter: Counter;

beforeAll(async () => {
  counter = await openCounter(manifest, 'unionpay');
});
afterAll(() => counter.close());
beforeEach(async () => {
  await counter.sandbox.notifications.settled();
  counter.sandbox.faults.clear();
  counter.received.length = 0;
  counter.calls.length = 0;
});

async function paid(scene: 'micropay' | 'native', amount = 1999): Promise<PaymentReference> {
  const request = counter.request(scene, amount);
  await counter.driver().pay(request);
  if (scene === 'native') await counter.sandbox.patient.pay('unionpay', request.attemptNo);
  const outcome = await counter.driver().query(referenceOf(request));
  if (outcome.kind !== 'paid') throw new Error(`not paid but ${outcome.kind}`);
  return referenceOf(request, outcome.channelNo);
}

const ask = (request: PayRequest) => counter.driver().query(referenceOf(request));

describe('a payment code', () => {
  test('is accepted first, and paid when the query says so', async () => {
    const request = counter.request('micropay', 1999);
    expect(await counter.driver().pay(request)).toMatchObject({ kind: 'pending' });
    expect(await ask(request)).toMatchObject({ kind: 'paid', amount: 1999, currency: 'CNY' });
  });

  test('waits for the password, then pays', async () => {
    const request = counter.request('micropay', 1202);
    await counter.driver().pay(request);
    expect(await ask(request)).toEqual({ kind: 'pending' });
    await ask(request);
    await ask(request);
    expect(await ask(request)).toMatchObject({ kind: 'paid', amount: 1202 });
  });

  test('that is not valid, or of an empty card, is failed; an unclear answer is asked about', async () => {
    const pay = (amount: number) => counter.driver().pay(counter.request('micropay', amount));
    expect(await pay(1204)).toMatchObject({ kind: 'failed', code: '88' });
    expect(await pay(1207)).toMatchObject({ kind: 'failed', code: '64' });
    const taken = counter.request('micropay', 1205);
    expect(await counter.driver().pay(taken)).toMatchObject({ kind: 'unknown', code: '04' });
    expect(await ask(taken)).toMatchObject({ kind: 'paid' });
    const lost = counter.request('micropay', 1206);
    expect(await counter.driver().pay(lost)).toMatchObject({ kind: 'unknown' });
    expect(await ask(lost)).toMatchObject({ kind: 'unknown', code: 'ORDER_NOT_FOUND' });
  });

  test.each(['reply_lost', 'reset', 'http_5xx', 'garbage', 'bad_signature'] as const)(
    '%s after the money was taken is unknown, and the query finds the payment',
    async (kind) => {
      const request = counter.request('micropay', 1999);
      counter.sandbox.faults.add({ channel: 'unionpay', operation: 'pay', kind });
      expect((await counter.driver({}, 600).pay(request)).kind).toBe('unknown');
      expect(await ask(request)).toMatchObject({ kind: 'paid', amount: 1999 });
    },
  );

  test('answered by what nobody can read leaves nothing of that in the log', async () => {
    counter.sandbox.faults.add({ channel: 'unionpay', operation: 'pay', kind: 'garbage' });
    await counter.driver().pay(counter.request('micropay', 1999));
    expect(counter.calls).toMatchObject([{ response: expect.stringMatching(/^\(\d+ characters\)$/) }]);
  });

  test('and signatures stay out of the log', async () => {
    const request = counter.request('micropay', 1999);
    await counter.driver().pay(request);
    expect(counter.calls).toMatchObject([
      { method: 'create_order', attemptNo: request.attemptNo, httpStatus: 200 },
    ]);
    const log = JSON.stringify(counter.calls);
    expect(log).not.toContain(request.authCode);
    expect(log).not.toMatch(/signature|CERTIFICATE/);
  });
});

describe('a QR', () => {
  test('is unpaid until the patient pays it, and the notification tells', async () => {
    const request = counter.request('native', 1234);
    const outcome = await counter.driver().pay(request);
    expect(outcome).toMatchObject({
      payerAction: { kind: 'qr', text: expect.stringContaining('qr.95516.com') },
    });
    expect(await ask(request)).toEqual({ kind: 'pending' });
    await counter.sandbox.patient.pay('unionpay', request.attemptNo);
    expect(counter.received[0]?.reading).toMatchObject({
      kind: 'event',
      event: { kind: 'payment', attemptNo: request.attemptNo, outcome: { kind: 'paid', amount: 1234 } },
      accepted: { status: 200 },
    });
    expect(await ask(request)).toMatchObject({ kind: 'paid', amount: 1234 });
  });

  test('that nobody paid in its time is closed', async () => {
    const request = counter.request('native', 1234);
    await counter.driver().pay(request);
    counter.sandbox.clock.advance(961_000);
    expect(await ask(request)).toEqual({ kind: 'closed', reversed: false });
    counter.sandbox.clock.reset();
  });
});

describe('a refund', () => {
  test('is accepted, given once however often it is sent, and told by query and notification', async () => {
    const payment = await paid('native');
    counter.received.length = 0;
    const refund = refundOf(payment, 500);
    expect(await counter.driver().queryRefund?.(refund)).toMatchObject({ code: 'REFUND_NOT_FOUND' });
    expect(await counter.driver().refund?.(refund)).toMatchObject({ kind: 'pending' });
    expect((await counter.driver().refund?.(refund))?.kind).toBe('unknown');
    await new Promise((resolve) => setTimeout(resolve, 50));
    await counter.sandbox.notifications.settled();
    expect(await counter.driver().queryRefund?.(refund)).toMatchObject({ kind: 'refunded', amount: 500 });
    expect(counter.received.map(({ reading }) => reading)).toMatchObject([
      {
        event: {
          kind: 'refund',
          attemptNo: payment.attemptNo,
          refundNo: refund.refundNo,
          outcome: { kind: 'refunded', amount: 500 },
        },
      },
    ]);
    expect(counter.sandbox.ledger.refunds({ outTradeNo: payment.attemptNo })).toHaveLength(1);
  });

  test('of more than was paid is refused, one that fails later is failed', async () => {
    const payment = await paid('micropay');
    expect(await counter.driver().refund?.(refundOf(payment, 2000))).toMatchObject({
      kind: 'failed',
      code: 'PARAM',
    });
    counter.sandbox.faults.add({ channel: 'unionpay', operation: 'refund', kind: 'refund_then_fails' });
    await counter.driver().refund?.(refundOf(payment, 1999));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await counter.driver().queryRefund?.(refundOf(payment, 1999))).toMatchObject({
      kind: 'failed',
      code: '01',
    });
  });
});

describe('whose word it is', () => {
  test('no altered field of a notification is believed', async () => {
    await paid('native');
    const raw = counter.received[0]?.raw;
    if (!raw) throw new Error('nothing received');
    const fields = [...new URLSearchParams(raw.body.toString())];
    for (const [name, value] of fields) {
      const altered = new URLSearchParams(fields);
      altered.set(name, name === 'signPubKeyCert' ? counter.credentials.unionpay.certificate : `${value}1`);
      const body = Buffer.from(altered.toString());
      const reading = await counter.driver().readNotification?.({ headers: {}, body });
      // Base64 ends at its padding: what follows changes nothing.
      if (name !== 'signature') expect(reading).toMatchObject({ kind: 'rejected', code: 'BAD_SIGNATURE' });
      altered.delete(name);
      const without = { headers: {}, body: Buffer.from(altered.toString()) };
      expect(await counter.driver().readNotification?.(without)).toMatchObject({ kind: 'rejected' });
    }
  });

  test('a certificate of another root, another name, or from before its time is not UnionPay’s', async () => {
    await paid('native');
    const raw = counter.received[0]?.raw;
    if (!raw) throw new Error('nothing received');
    const read = (changes: Record<string, string>) => counter.driver(changes).readNotification?.(raw);
    const other = generateCredentials().unionpay;
    expect(await read({})).toMatchObject({ kind: 'event' });
    expect(
      await read({ rootCertificate: other.rootCertificate, middleCertificate: other.middleCertificate }),
    ).toMatchObject({ kind: 'rejected', cause: expect.stringContaining('root') });
    expect(await read({ signerName: '00040000:SIGN' })).toMatchObject({
      cause: expect.stringContaining('speaks for'),
    });
    counter.sandbox.clock.set(Date.now() - 30 * 86_400_000);
    expect(await read({})).toMatchObject({ cause: expect.stringContaining('valid today') });
    counter.sandbox.clock.reset();
  });

  test('the connection test tells right credentials from wrong ones', async () => {
    expect(await counter.driver().test()).toEqual({ ok: true });
    const other = generateCredentials().unionpay;
    const { certificate, privateKey } = other;
    expect(await counter.driver({ certificate, privateKey }).test()).toMatchObject({ ok: false, code: '11' });
    expect(() => counter.driver({ privateKey })).toThrow(/CHANNEL_CONFIG/);
    expect(await counter.driver({ gateway: 'http://127.0.0.1:1' }).test()).toMatchObject({ code: 'NETWORK' });
  });
});

describe('the settlement day’s file', () => {
  test('gives the ledger back to the fen, payments and refunds', async () => {
    const payment = await paid('native', 3456);
    await counter.driver().refund?.(refundOf(payment, 456));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const lines = await linesOf(await counter.driver().bill?.(chinaDay(counter.sandbox.clock.now())));
    const { ledger } = counter.sandbox;
    const payments = ledger.payments({ gateway: 'unionpay' }).filter((row) => row.paidAt !== null);
    const refunds = ledger.refunds({ gateway: 'unionpay', state: 'succeeded' });
    const told = lines.map((line) => [line.orderNo, line.refundNo, line.channelNo, line.amountFen]).sort();
    expect(told).toEqual(
      [
        ...payments.map((row) => [row.outTradeNo, undefined, row.tradeNo, row.amountFen]),
        ...refunds.map((row) => [row.outTradeNo, row.refundNo, row.tradeNo, row.amountFen]),
      ].sort(),
    );
    expect(lines.find((line) => line.orderNo === payment.attemptNo)).toMatchObject({
      kind: 'payment',
      feeFen: 21,
    });
    expect(lines.find((line) => line.refundNo === `${payment.attemptNo}R01`)).toMatchObject({
      kind: 'refund',
      feeFen: -3,
    });
  });

  test('is not ready on its own day, and empty when the second day knows of none', async () => {
    const { clock } = counter.sandbox;
    const ahead = chinaDay(clock.now() + 3 * 86_400_000);
    expect(await counter.driver().bill?.(ahead)).toMatchObject({ kind: 'not-ready' });
    expect(await counter.driver().bill?.(chinaDay(clock.now() - 30 * 86_400_000))).toEqual({ kind: 'empty' });
  });
});
