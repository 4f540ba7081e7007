import { once } from 'node:events';
import { createServer } from 'node:net';
import { manifest } from '@hospital-pay/channel-ccb';
import type { PaymentReference, PayRequest } from '@hospital-pay/payments/contract';
import { generateCredentials } from '@hospital-pay/sandbox';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { type Counter, chinaDay, linesOf, openCounter, referenceOf, refundOf } from './counter';

let counter: Counter;

beforeAll(async () => {
  counter = await openCounter(manifest, 'ccb');
  counter.sandbox.gateways.ccb.registerNotifyUrl(counter.notifyUrl);
});
afterAll(() => counter.close());
beforeEach(async () => {
  await counter.sandbox.notifications.settled();
  counter.sandbox.faults.clear();
  counter.received.length = 0;
  counter.calls.length = 0;
});

const ask = (request: PayRequest) => counter.driver().query(referenceOf(request));

async function paid(scene: 'micropay' | 'native', amount = 1999): Promise<PaymentReference> {
  const request = counter.request(scene, amount);
  await counter.driver().pay(request);
  if (scene === 'native') await counter.sandbox.patient.pay('ccb', request.attemptNo);
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
    expect(await counter.driver().pay(request)).toEqual({ kind: 'pending' });
    await ask(request);
    await ask(request);
    expect(await ask(request)).toMatchObject({ kind: 'paid', amount: 1202 });
  });

  test('that is not valid or of an empty wallet is failed, an unclear answer is asked about', async () => {
    const pay = (amount: number) => counter.driver().pay(counter.request('micropay', amount));
    expect(await pay(1204)).toMatchObject({ kind: 'failed' });
    expect(await pay(1207)).toMatchObject({ kind: 'failed' });
    const taken = counter.request('micropay', 1205);
    expect(await counter.driver().pay(taken)).toMatchObject({ kind: 'unknown' });
    expect(await ask(taken)).toMatchObject({ kind: 'paid' });
  });

  test.each(['reply_lost', 'reset', 'http_5xx', 'garbage', 'bad_signature'] as const)(
    '%s after the money was taken is unknown, and the query finds the payment',
    async (kind) => {
      const request = counter.request('micropay', 1999);
      counter.sandbox.faults.add({ channel: 'ccb', operation: 'pay', kind });
      expect((await counter.driver({}, 600).pay(request)).kind).toBe('unknown');
      expect(await ask(request)).toMatchObject({ kind: 'paid', amount: 1999 });
    },
  );

  test('and passwords stay out of the log', async () => {
    const request = counter.request('micropay', 1999);
    await counter.driver().pay(request);
    await ask(counter.request('native', 100));
    await counter.driver().queryRefund?.(refundOf(referenceOf(request), 1));
    const log = JSON.stringify(counter.calls);
    expect(log).toContain('5W1003');
    const { queryPassword, ebsPassword, publicKey } = counter.credentials.ccb;
    for (const secret of [request.authCode ?? '', queryPassword, ebsPassword, publicKey.slice(-30)]) {
      expect(log).not.toContain(secret);
    }
  });
});

describe('a QR', () => {
  test('is unpaid until the patient pays it, and the notification tells', async () => {
    const request = counter.request('native', 1234);
    const outcome = await counter.driver().pay(request);
    expect(outcome).toMatchObject({
      payerAction: { kind: 'qr', text: expect.stringMatching(/^https:\/\/ch5/) },
    });
    expect(await ask(request)).toEqual({ kind: 'pending' });
    await counter.sandbox.patient.pay('ccb', request.attemptNo);
    expect(counter.received[0]?.reading).toMatchObject({
      event: { kind: 'payment', attemptNo: request.attemptNo, outcome: { kind: 'paid', amount: 1234 } },
    });
    expect(await ask(request)).toMatchObject({ kind: 'paid', amount: 1234 });
  });

  test('that nobody paid in its time is closed', async () => {
    const request = counter.request('native', 1234);
    await counter.driver().pay(request);
    counter.sandbox.clock.advance(1_260_000);
    expect(await ask(request)).toEqual({ kind: 'closed', reversed: false });
    counter.sandbox.clock.reset();
  });
});

describe('a refund, through the bank’s program', () => {
  test('is given once however often it is sent: the program is asked before each sending', async () => {
    const payment = await paid('native');
    const refund = refundOf(payment, 500);
    expect(await counter.driver().queryRefund?.(refund)).toMatchObject({ code: 'REFUND_NOT_FOUND' });
    expect(await counter.driver().refund?.(refund)).toEqual({ kind: 'pending' });
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(await counter.driver().refund?.(refund)).toMatchObject({ kind: 'refunded', amount: 500 });
    expect(await counter.driver().queryRefund?.(refund)).toMatchObject({ kind: 'refunded', amount: 500 });
    expect(counter.sandbox.ledger.refunds({ outTradeNo: payment.attemptNo })).toHaveLength(1);
  });

  test.each(['reply_lost', 'reset', 'http_5xx', 'garbage'] as const)(
    '%s after it was given is unknown, and it is not given again',
    async (kind) => {
      const payment = await paid('micropay');
      const refund = refundOf(payment, 500);
      counter.sandbox.faults.add({ channel: 'ccb', operation: 'refund', kind });
      expect((await counter.driver({}, 600).refund?.(refund))?.kind).toBe('unknown');
      await new Promise((resolve) => setTimeout(resolve, 50));
      expect(await counter.driver().refund?.(refund)).toMatchObject({ kind: 'refunded', amount: 500 });
      expect(counter.sandbox.ledger.refunds({ outTradeNo: payment.attemptNo })).toHaveLength(1);
    },
  );

  test('is not sent while the program cannot be asked', async () => {
    const payment = await paid('micropay');
    counter.sandbox.faults.add({ channel: 'ccb', operation: 'query_refund', kind: 'reset', phase: 'before' });
    expect(await counter.driver().refund?.(refundOf(payment, 500))).toMatchObject({ kind: 'unknown' });
    expect(counter.sandbox.ledger.refunds({ outTradeNo: payment.attemptNo })).toEqual([]);
  });

  test('and the bill are not offered without the program', () => {
    const driver = counter.driver({ ebsAddress: '' });
    expect([driver.refund, driver.queryRefund, driver.bill]).toEqual([undefined, undefined, undefined]);
    expect(counter.driver({ ebsFolder: '' }).bill).toBeUndefined();
  });

  test('speaks to a program that listens on a bare connection, too', async () => {
    const heard: string[] = [];
    const program = createServer((socket) => {
      socket.on('data', (chunk) => {
        heard.push(chunk.toString());
        const serial = /<REQUEST_SN>(\d+)</.exec(chunk.toString())?.[1];
        const { ccb } = counter.credentials;
        socket.write(
          `<TX><REQUEST_SN>${serial}</REQUEST_SN><RETURN_CODE>000000</RETURN_CODE><TX_INFO><LIST><ORDER_NUMBER>1</ORDER_NUMBER>`,
        );
        socket.write(
          `<REFUNDEMENT_AMOUNT>1.00</REFUNDEMENT_AMOUNT><STATUS>1</STATUS><REFUND_CODE>R01</REFUND_CODE><POS_CODE>${ccb.posId}</POS_CODE></LIST></TX_INFO></TX>\n`,
        );
      });
    });
    program.listen(0, '127.0.0.1');
    await once(program, 'listening');
    const address = program.address();
    if (typeof address !== 'object' || address === null) throw new Error('no port');
    const request = { ...counter.request('native', 100), attemptNo: '1' };
    const refund = { ...refundOf(referenceOf(request), 100), refundNo: '1R01' };
    const driver = counter.driver({ ebsAddress: `tcp://127.0.0.1:${address.port}` });
    expect(await driver.queryRefund?.(refund)).toMatchObject({ kind: 'refunded', amount: 100 });
    expect(heard.join('')).toContain('<TX_CODE>5W1003</TX_CODE>');
    program.close();
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
      altered.set(name, `${value}1`);
      const body = Buffer.from(altered.toString());
      expect(await counter.driver().readNotification?.({ headers: {}, body })).toMatchObject({
        kind: 'rejected',
        code: 'BAD_SIGNATURE',
      });
    }
  });

  test('another counter’s notification is refused', async () => {
    await paid('native');
    const raw = counter.received[0]?.raw;
    if (!raw) throw new Error('nothing received');
    expect(await counter.driver({ posId: '000000002' }).readNotification?.(raw)).toMatchObject({
      code: 'COUNTER',
    });
  });

  test('the connection test tells right credentials from wrong ones', async () => {
    expect(await counter.driver().test()).toEqual({ ok: true });
    const { publicKey } = generateCredentials().ccb;
    expect(await counter.driver({ publicKey }).test()).toMatchObject({ code: 'BAD_SIGNATURE' });
    expect(await counter.driver({ posId: '000000002' }).test()).toMatchObject({ code: 'HTTP_403' });
    expect(await counter.driver({ gateway: 'http://127.0.0.1:1' }).test()).toMatchObject({ code: 'NETWORK' });
    expect(() => counter.driver({ publicKey: '30819d' })).toThrow(/CHANNEL_CONFIG/);
  });
});

describe('the day’s files', () => {
  test('give the ledger back to the fen, payments and refunds', async () => {
    const payment = await paid('native', 3456);
    await counter.driver().refund?.(refundOf(payment, 456));
    await new Promise((resolve) => setTimeout(resolve, 50));
    const lines = await linesOf(await counter.driver().bill?.(chinaDay(counter.sandbox.clock.now())));
    const { ledger } = counter.sandbox;
    const payments = ledger.payments({ gateway: 'ccb' }).filter((row) => row.paidAt !== null);
    const refunds = ledger.refunds({ gateway: 'ccb', state: 'succeeded' });
    expect(lines.map((line) => [line.orderNo, line.refundNo, line.amountFen]).sort()).toEqual(
      [
        ...payments.map((row) => [row.outTradeNo, undefined, row.amountFen]),
        ...refunds.map((row) => [row.outTradeNo, `${row.outTradeNo}${row.reason}`, row.amountFen]),
      ].sort(),
    );
    expect(lines.some((line) => line.refundNo === `${payment.attemptNo}R01`)).toBe(true);
  });

  test('are not ready on a day to come, and empty without movements', async () => {
    const { clock } = counter.sandbox;
    expect(await counter.driver().bill?.(chinaDay(clock.now() + 3 * 86_400_000))).toMatchObject({
      kind: 'not-ready',
    });
    expect(await counter.driver().bill?.(chinaDay(clock.now() - 30 * 86_400_000))).toEqual({ kind: 'empty' });
  });
});
