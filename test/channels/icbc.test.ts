import { manifest } from '@hospital-pay/channel-icbc';
import type { PaymentReference, PayRequest, Scene } from '@hospital-pay/payments/contract';
import { generateCredentials } from '@hospital-pay/sandbox';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Counter, openCounter, referenceOf, refundOf } from './counter';

let counter: Counter;

beforeAll(async () => {
  counter = await openCounter(manifest, 'icbc');
});
afterAll(() => counter.close());
beforeEach(async () => {
  await counter.sandbox.notifications.settled();
  counter.sandbox.faults.clear();
  counter.received.length = 0;
  counter.calls.length = 0;
});

const more = { jsapi: { payerId: 'openid-1' }, app: {}, native: {}, micropay: {}, h5: {} };
const ask = (request: PayRequest) => counter.driver().query(referenceOf(request));

async function paid(scene: Exclude<Scene, 'h5' | 'terminal'>, amount = 1999): Promise<PaymentReference> {
  const request = counter.request(scene, amount, more[scene]);
  await counter.driver().pay(request);
  if (scene !== 'micropay') await counter.sandbox.patient.pay('icbc', request.attemptNo);
  const outcome = await ask(request);
  if (outcome.kind !== 'paid') throw new Error(`not paid but ${outcome.kind}`);
  return referenceOf(request, outcome.channelNo);
}

describe('a payment code', () => {
  test('is charged at once, to the fen', async () => {
    const request = counter.request('micropay', 1999);
    expect(await counter.driver().pay(request)).toMatchObject({
      kind: 'paid',
      amount: 1999,
      currency: 'CNY',
    });
    expect(await ask(request)).toMatchObject({ kind: 'paid', amount: 1999 });
  });

  test('waits for the password, then pays', async () => {
    const request = counter.request('micropay', 1202);
    expect(await counter.driver().pay(request)).toMatchObject({ kind: 'pending' });
    await ask(request);
    await ask(request);
    expect(await ask(request)).toMatchObject({ kind: 'paid', amount: 1202 });
  });

  test('of an empty wallet is failed, an unclear answer is asked about', async () => {
    expect(await counter.driver().pay(counter.request('micropay', 1207))).toMatchObject({ kind: 'failed' });
    const taken = counter.request('micropay', 1205);
    expect(await counter.driver().pay(taken)).toMatchObject({ kind: 'unknown', code: '500018' });
    expect(await ask(taken)).toMatchObject({ kind: 'paid' });
  });

  test('whose result is not known is reversed, and the query says so', async () => {
    const request = counter.request('micropay', 1203);
    await counter.driver().pay(request);
    expect(await counter.driver().reverse?.(referenceOf(request))).toEqual({
      kind: 'closed',
      reversed: true,
    });
    expect(await ask(request)).toEqual({ kind: 'closed', reversed: true });
    expect(counter.sandbox.ledger.payments({ outTradeNo: request.attemptNo })[0]?.state).toBe('reversed');
  });

  test.each(['reply_lost', 'reset', 'http_5xx', 'garbage', 'bad_signature'] as const)(
    '%s after the money was taken is unknown, and the query finds the payment',
    async (kind) => {
      const request = counter.request('micropay', 1999);
      counter.sandbox.faults.add({ channel: 'icbc', operation: 'pay', kind });
      expect((await counter.driver({}, 600).pay(request)).kind).toBe('unknown');
      expect(await ask(request)).toMatchObject({ kind: 'paid', amount: 1999 });
    },
  );

  test('and its payer stay out of the log', async () => {
    const request = counter.request('micropay', 1999, { subject: '张三丰门诊缴费' });
    await counter.driver().pay(request);
    const log = JSON.stringify(counter.calls);
    expect(log).toContain(request.attemptNo);
    expect(log).not.toContain(request.authCode);
    expect(log).not.toContain('张三丰');
  });
});

describe('the other scenes', () => {
  test.each(['native', 'jsapi', 'app'] as const)(
    '%s is unpaid until the patient pays, and the notification tells',
    async (scene) => {
      const request = counter.request(scene, 1234, more[scene]);
      const outcome = await counter.driver().pay(request);
      expect(outcome).toMatchObject({
        kind: 'pending',
        payerAction: { kind: scene === 'native' ? 'qr' : 'client' },
      });
      expect(await ask(request)).toMatchObject({ kind: 'pending' });
      await counter.sandbox.patient.pay('icbc', request.attemptNo);
      expect(counter.received[0]?.reading).toMatchObject({
        event: { kind: 'payment', attemptNo: request.attemptNo, outcome: { kind: 'paid', amount: 1234 } },
      });
      // The bank stops only at an answer that the hospital signed.
      expect(counter.sandbox.notifications.list({ orderNo: request.attemptNo })[0]?.state).toBe(
        'acknowledged',
      );
      expect(await ask(request)).toMatchObject({ kind: 'paid', amount: 1234 });
    },
  );

  test('a page order is closed at the bank, and not when it was paid meanwhile', async () => {
    const request = counter.request('jsapi', 1234, more.jsapi);
    await counter.driver().pay(request);
    expect(await counter.driver().close?.(referenceOf(request))).toEqual({ kind: 'closed', reversed: false });
    const late = counter.request('jsapi', 1234, more.jsapi);
    await counter.driver().pay(late);
    counter.sandbox.faults.add({ channel: 'icbc', operation: 'close', kind: 'pay_after_close' });
    expect(await counter.driver().close?.(referenceOf(late))).toMatchObject({
      kind: 'unknown',
      code: 'ORDER_PAID',
    });
    expect(await ask(late)).toMatchObject({ kind: 'paid' });
  });

  test('what cannot be sent is refused before anything is sent', async () => {
    const pay = (scene: Scene, changes: Record<string, string>, extra: Partial<PayRequest> = {}) =>
      counter.driver(changes).pay(counter.request(scene, 100, extra));
    expect(await pay('native', { storeCode: '' })).toMatchObject({ code: 'STORE_CODE_MISSING' });
    expect(await pay('app', { merProtocolNo: '' })).toMatchObject({ code: 'PROTOCOL_MISSING' });
    expect(await pay('jsapi', {})).toMatchObject({ code: 'PAYER_ID_MISSING' });
    expect(await pay('h5', {})).toMatchObject({ code: 'SCENE' });
    expect(counter.calls).toEqual([]);
  });
});

describe('a refund', () => {
  test('of a code or QR is done at once and given once however often it is sent', async () => {
    const payment = await paid('native');
    const refund = refundOf(payment, 500);
    expect(await counter.driver().queryRefund?.(refund)).toMatchObject({ kind: 'unknown', code: '93008888' });
    expect(await counter.driver().refund?.(refund)).toMatchObject({ kind: 'refunded', amount: 500 });
    expect(await counter.driver().refund?.(refund)).toMatchObject({ kind: 'refunded', amount: 500 });
    expect(await counter.driver().queryRefund?.(refund)).toMatchObject({ kind: 'refunded', amount: 500 });
    expect(counter.sandbox.ledger.refunds({ outTradeNo: payment.attemptNo })).toHaveLength(1);
    expect(await counter.driver().query(payment)).toMatchObject({ kind: 'paid' });
  });

  test('of a page order is accepted and then decided', async () => {
    const payment = await paid('jsapi');
    const refund = refundOf(payment, 1999);
    expect(await counter.driver().refund?.(refund)).toMatchObject({ kind: 'pending' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await counter.driver().queryRefund?.(refund)).toMatchObject({ kind: 'refunded', amount: 1999 });
    counter.sandbox.faults.add({ channel: 'icbc', operation: 'refund', kind: 'refund_then_fails' });
    const other = await paid('jsapi');
    await counter.driver().refund?.(refundOf(other, 100));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await counter.driver().queryRefund?.(refundOf(other, 100))).toMatchObject({ kind: 'failed' });
  });
});

describe('whose word it is', () => {
  test('no altered field of a notification is believed', async () => {
    await paid('native');
    const raw = counter.received[0]?.raw;
    if (!raw) throw new Error('nothing received');
    const fields = [...new URLSearchParams(raw.body.toString())];
    for (const [name, value] of fields) {
      if (name === 'sign') continue;
      const altered = new URLSearchParams(fields);
      altered.set(name, `${value}1`);
      const body = Buffer.from(altered.toString());
      expect(await counter.driver().readNotification?.({ headers: {}, body })).toMatchObject({
        kind: 'rejected',
        code: 'BAD_SIGNATURE',
      });
    }
  });

  test('the connection test tells right credentials from wrong ones', async () => {
    expect(await counter.driver().test()).toEqual({ ok: true });
    const other = generateCredentials().icbc;
    expect(await counter.driver({ privateKey: other.privateKey }).test()).toMatchObject({ code: '400017' });
    expect(await counter.driver({ gatewayPublicKey: other.gatewayPublicKey }).test()).toMatchObject({
      code: 'BAD_SIGNATURE',
    });
    expect(await counter.driver({ replySignType: 'RSA2' }).test()).toMatchObject({ code: 'BAD_SIGNATURE' });
    expect(await counter.driver({ signType: 'RSA' }).test()).toEqual({ ok: true });
    expect(await counter.driver({ gateway: 'http://127.0.0.1:1' }).test()).toMatchObject({ code: 'NETWORK' });
  });

  test('the bank’s bill is not offered: nobody has published how it is fetched', () => {
    expect(counter.driver().bill).toBeUndefined();
  });
});
