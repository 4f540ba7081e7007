import { createHmac } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '@hospital-pay/jobs';
import type { Events, HisConfirmPayload, PaymentEvents } from '@hospital-pay/payments';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createConfirmationSender } from './sender';

const secret = 'shared with HIS';
const payload: HisConfirmPayload = {
  orderNo: 'O1',
  merchantCode: 'H1',
  merchantOrderNo: 'M1',
  businessNo: 'B1',
  bizType: null,
  amountFen: 1234,
  currency: 'CNY',
  channel: 'alipay',
  scene: 'micropay',
  channelTradeNo: 'T1',
  paidAt: '2026-10-18T04:00:00.000Z',
  patientId: 'P00012345',
  cardNo: '0003276083',
  terminalCode: null,
  operatorCode: null,
};

let server: Server | undefined;
afterEach(async () => {
  server?.closeAllConnections();
  await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  server = undefined;
});

interface Call {
  url: string;
  body: string;
  signature: string;
}

/** A HIS that answers what it is told to, by path; `null` never answers. */
async function his(answers: Record<string, { status?: number; body: string } | null>) {
  const calls: Call[] = [];
  server = createServer((request, response) => {
    const parts: Buffer[] = [];
    request.on('data', (part: Buffer) => parts.push(part));
    request.on('end', () => {
      const url = request.url ?? '';
      calls.push({
        url,
        body: Buffer.concat(parts).toString(),
        signature: String(request.headers['x-his-signature']),
      });
      const answer = answers[url];
      if (answer === null) return;
      response.writeHead(answer?.status ?? 200, { 'content-type': 'application/json' });
      response.end(answer?.body ?? '{}');
    });
  });
  const listening = server;
  await new Promise<void>((resolve) => listening.listen(0, '127.0.0.1', resolve));
  const address = listening.address();
  const port = (address as AddressInfo).port;
  const logged: PaymentEvents['channel.call'][] = [];
  const events: Events = {
    on: () => () => undefined,
    emit(name, event) {
      if (name === 'channel.call' && 'method' in event) logged.push(event);
    },
  };
  const sender = createConfirmationSender({
    hisUrlOf: async () => `http://127.0.0.1:${port}/his/`,
    secret,
    clock: systemClock,
    events,
    // Short only where silence is the point: a busy machine may take longer over a first request.
    timeoutMs: Object.values(answers).includes(null) ? 200 : 10_000,
  });
  return { sender, calls, logged };
}

const booked = { body: '{"resultCode":"0","hisOrderNo":"HIS-1","receiptNo":"R-1"}' };

describe('telling HIS that money arrived', () => {
  test('a signed confirmation that HIS books is done with its numbers', async () => {
    const { sender, calls } = await his({ '/his/confirm': booked });
    expect(await sender.confirm(payload, { attempt: 1 })).toEqual({
      kind: 'done',
      hisOrderNo: 'HIS-1',
      receiptNo: 'R-1',
    });
    expect(calls).toHaveLength(1);
    expect(JSON.parse(calls[0]?.body ?? '')).toEqual(payload);
    expect(calls[0]?.signature).toBe(
      createHmac('sha256', secret)
        .update(calls[0]?.body ?? '')
        .digest('hex'),
    );
  });

  test('before a repeat HIS is asked, and what it has booked is not sent again', async () => {
    const { sender, calls } = await his({
      '/his/query': { body: '{"resultCode":"0","booked":true,"hisOrderNo":"HIS-1","receiptNo":"R-1"}' },
    });
    expect(await sender.confirm(payload, { attempt: 2 })).toMatchObject({
      kind: 'done',
      hisOrderNo: 'HIS-1',
    });
    expect(calls.map((call) => call.url)).toEqual(['/his/query']);
  });

  test('what HIS has not booked is sent again', async () => {
    const { sender, calls } = await his({
      '/his/query': { body: '{"resultCode":"0","booked":false}' },
      '/his/confirm': booked,
    });
    expect(await sender.confirm(payload, { attempt: 2 })).toMatchObject({ kind: 'done' });
    expect(calls.map((call) => call.url)).toEqual(['/his/query', '/his/confirm']);
  });

  test('nothing is repeated while HIS cannot be asked', async () => {
    const { sender, calls } = await his({ '/his/query': { status: 500, body: '' }, '/his/confirm': booked });
    expect(await sender.confirm(payload, { attempt: 2 })).toEqual({
      kind: 'retry',
      error: 'query: HTTP_500',
    });
    expect(calls.map((call) => call.url)).toEqual(['/his/query']);
  });

  test('a refusal is final', async () => {
    const { sender } = await his({
      '/his/confirm': { body: '{"resultCode":"-1","resultMessage":"号源已取消"}' },
    });
    expect(await sender.confirm(payload, { attempt: 1 })).toEqual({
      kind: 'refused',
      code: 'HIS_REFUSED',
      message: '号源已取消',
    });
  });

  test.each([
    ['silence', null, 'TIMEOUT'],
    ['an error page', { status: 502, body: '<html>' }, 'HTTP_502'],
    ['garbage', { body: '<html>ok</html>' }, 'UNREADABLE'],
    ['another result', { body: '{"resultCode":"9"}' }, 'resultCode 9'],
  ])('%s is no answer and is tried again', async (_, answer, error) => {
    const { sender } = await his({ '/his/confirm': answer });
    expect(await sender.confirm(payload, { attempt: 1 })).toEqual({ kind: 'retry', error });
  });

  test('a HIS that is down is tried again', async () => {
    const { sender } = await his({});
    await new Promise((resolve) => server?.close(resolve));
    server = undefined;
    expect(await sender.confirm(payload, { attempt: 1 })).toEqual({ kind: 'retry', error: 'UNREACHABLE' });
  });

  test('every call is logged without the patient', async () => {
    const { sender, logged } = await his({ '/his/confirm': booked });
    await sender.confirm(payload, { attempt: 1 });
    expect(logged).toMatchObject([
      { method: 'his_confirm', orderNo: 'O1', httpStatus: 200, direction: 'out' },
    ]);
    expect(logged[0]?.request).not.toContain('0003276083');
    expect(logged[0]?.request).not.toContain('P00012345');
  });
});
