import { createHash, createHmac } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { Sandbox } from '../contract';
import { generateCredentials } from '../credentials';
import { createSandbox } from '../sandbox';
import { listenForNotifications } from '../testing/merchant';

const credentials = generateCredentials();
let sandbox: Sandbox;
let server: Awaited<ReturnType<Sandbox['listen']>>;
let platform: Awaited<ReturnType<typeof listenForNotifications>>;

beforeAll(async () => {
  platform = await listenForNotifications(() => ({ status: 200, body: '{}' }));
  sandbox = createSandbox({
    credentials,
    hisPushDelayMs: 1,
    platform: { baseUrl: new URL(platform.url).origin, appId: 'his', secret: 'between us' },
  });
  server = await sandbox.listen();
});
afterAll(async () => {
  sandbox.destroy();
  await server.close();
  await platform.close();
});

async function ask(path: string, body: Record<string, unknown>, secret = credentials.his.secret) {
  const text = JSON.stringify(body);
  const response = await fetch(`${server.baseUrl}/his${path}`, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      'X-His-Signature': createHmac('sha256', secret).update(text).digest('hex'),
    },
    body: text,
  });
  const answer: Record<string, unknown> = JSON.parse(await response.text());
  return { status: response.status, answer };
}

const order = (orderNo: string, businessNo: string) => ({
  orderNo,
  merchantOrderNo: `M${orderNo}`,
  businessNo,
  amountFen: 1_999,
  channel: 'wechat',
  channelTradeNo: '42000',
  paidAt: '2026-03-01T10:00:00+08:00',
});

describe('the sandbox HIS', () => {
  test('refuses a caller who does not share the secret', async () => {
    expect((await ask('/confirm', order('H0', 'B0'), 'other')).status).toBe(401);
  });

  test('books an order once, answers the repeat alike, and pushes its charge signed', async () => {
    const first = await ask('/confirm', order('H1', 'B1'));
    expect(first.answer).toMatchObject({
      resultCode: '0',
      hisOrderNo: expect.any(String),
      receiptNo: expect.any(String),
    });
    expect((await ask('/confirm', order('H1', 'B1'))).answer).toEqual(first.answer);
    expect((await ask('/query', { orderNo: 'H1' })).answer).toMatchObject({ booked: true });
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(platform.received).toHaveLength(1);
    const { headers = {}, body = '' } = platform.received[0] ?? {};
    const key = createHash('sha256').update('between us').digest();
    const digest = createHash('sha256').update(body).digest('hex');
    const text = `POST\n/api/v1/his-records\n${headers['x-timestamp']}\n${headers['x-nonce']}\n${digest}`;
    expect(headers['x-signature']).toBe(createHmac('sha256', key).update(text).digest('hex'));
    expect(JSON.parse(body)).toMatchObject({
      kind: 'charge',
      orderNo: 'H1',
      amountFen: 1_999,
      payType: 'wechat',
    });
  });

  test('refuses, or says yes and forgets, when the business number asks for it', async () => {
    expect((await ask('/confirm', order('H2', 'REFUSE-1'))).answer).toMatchObject({ resultCode: '-1' });
    expect((await ask('/confirm', order('H3', 'SILENT-1'))).answer).toMatchObject({ resultCode: '0' });
    expect((await ask('/query', { orderNo: 'H3' })).answer).toMatchObject({ booked: false });
    expect(platform.received.some(({ body }) => body.includes('"H3"'))).toBe(false);
  });

  test('says nothing at all to an IGNORE number', async () => {
    const body = JSON.stringify(order('H4', 'IGNORE-1'));
    await expect(
      fetch(`${server.baseUrl}/his/confirm`, {
        method: 'POST',
        headers: {
          'X-His-Signature': createHmac('sha256', credentials.his.secret).update(body).digest('hex'),
        },
        body,
        signal: AbortSignal.timeout(200),
      }),
    ).rejects.toThrow();
    expect(sandbox.his.booking('H4')).toBeNull();
  });

  test('pushes a refund of its own', async () => {
    await sandbox.his.refund('H1', 999, 'RF1');
    expect(JSON.parse(platform.received.at(-1)?.body ?? '{}')).toMatchObject({
      kind: 'refund',
      orderNo: 'H1',
      amountFen: 999,
      refundNo: 'RF1',
    });
  });
});
