import { once } from 'node:events';
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import Koa from 'koa';
import type { Sandbox } from './contract';
import { demoCredentials, generateCredentials } from './credentials';
import { sandbox as mountedOn } from './mounted';
import { createSandbox } from './sandbox';
import plugin from './strapi';

const credentials = generateCredentials();
let sandbox: Sandbox;
let server: Awaited<ReturnType<Sandbox['listen']>>;
const folder = mkdtempSync(join(tmpdir(), 'sandbox-'));

beforeAll(async () => {
  sandbox = createSandbox({ credentials });
  server = await sandbox.listen();
});
afterAll(async () => {
  sandbox.destroy();
  await server.close();
  rmSync(folder, { recursive: true });
});

function waitingOrder(no: string) {
  const payment = sandbox.ledger.newPayment({
    gateway: 'wechat',
    merchant: credentials.wechat.mchid,
    appId: credentials.wechat.appid,
    outTradeNo: no,
    scene: 'native',
    amountFen: 1_999,
    subject: '<b>挂号</b>',
  });
  payment.payToken = `weixin://wxpay/bizpayurl?pr=${no}`;
  return sandbox.ledger.savePayment(payment);
}

async function page(query = ''): Promise<string> {
  return (await fetch(`${server.baseUrl}/patient${query}`)).text();
}

async function press(fields: Record<string, string>): Promise<Response> {
  return fetch(`${server.baseUrl}/patient`, { method: 'POST', body: new URLSearchParams(fields) });
}

describe('the patient page', () => {
  test('lists what waits, opens it by its QR, and pays with any six digits', async () => {
    const { payToken } = waitingOrder('PAGE1');
    const qr = payToken ?? '';
    expect((await fetch(`${server.baseUrl}/patient`)).status).toBe(200);
    expect(await page()).toContain('PAGE1');
    const opened = await page(`?qr=${encodeURIComponent(qr)}`);
    expect(opened).toContain('¥19.99');
    expect(opened).not.toContain('<b>挂号');
    expect(await (await press({ action: 'pay', qr, password: '12' })).text()).toContain(
      '请输入 6 位数字密码',
    );
    expect(await (await press({ action: 'pay', qr, password: '123456' })).text()).toContain('支付成功');
    expect(sandbox.ledger.payments({ outTradeNo: 'PAGE1' })[0]?.state).toBe('paid');
  });

  test('refuses an order, which may be paid later', async () => {
    const qr = waitingOrder('PAGE2').payToken ?? '';
    await press({ action: 'refuse', qr });
    expect(sandbox.ledger.payments({ outTradeNo: 'PAGE2' })[0]?.state).toBe('waiting');
  });

  test('shows a fresh payment code of each wallet', async () => {
    expect(await (await press({ action: 'code', wallet: 'wechat' })).text()).toMatch(
      /payment-code">1[0-5]\d{16}</,
    );
    expect(await (await press({ action: 'code', wallet: 'alipay' })).text()).toMatch(
      /payment-code">28\d{16}</,
    );
  });

  test('says so when there is no such order', async () => {
    expect(await page('?qr=nothing')).toContain('没有这笔订单');
  });
});

describe('control over HTTP', () => {
  test('adds and clears faults, issues codes and reads the ledger', async () => {
    const send = async (method: string, path: string, body?: unknown) => {
      const response = await fetch(`${server.baseUrl}/control${path}`, {
        method,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, text: await response.text() };
    };
    expect((await send('POST', '/faults', { kind: 'reply_lost', channel: 'alipay' })).status).toBe(200);
    expect(sandbox.faults.list()).toHaveLength(1);
    expect((await send('POST', '/faults', { kind: 'nonsense' })).status).toBe(400);
    await send('DELETE', '/faults');
    expect(sandbox.faults.list()).toHaveLength(0);
    expect((await send('POST', '/patient/codes', { gateway: 'alipay' })).text).toMatch(/"28\d{16}"/);
    waitingOrder('CONTROL1');
    await send('POST', '/patient/pay', { reference: 'CONTROL1' });
    expect((await send('GET', '/ledger?outTradeNo=CONTROL1')).text).toContain('"paidFen":1999');
    expect((await send('GET', '/nothing')).status).toBe(404);
  });
});

describe('a restart', () => {
  test('gives a gateway that came since credentials of its own, or its merchant’s', () => {
    const older = mkdtempSync(join(tmpdir(), 'sandbox-older-'));
    const { wechatinsurance: _, insurance: __, ...kept } = demoCredentials(folder);
    writeFileSync(join(older, 'credentials.json'), JSON.stringify(kept));
    const now = demoCredentials(older);
    expect(now.wechatinsurance).toEqual(kept.wechat);
    expect(now.insurance.appId).toHaveLength(32);
    expect(demoCredentials(older)).toEqual(now);
    rmSync(older, { recursive: true });
  });

  test('keeps credentials, payments, refunds and used codes', () => {
    const kept = demoCredentials(folder);
    expect(demoCredentials(folder)).toEqual(kept);
    expect(statSync(join(folder, 'credentials.json')).mode & 0o077).toBe(0);
    const before = createSandbox({ credentials: kept, dataDir: folder });
    before.ledger.seed([
      {
        gateway: 'alipay',
        outTradeNo: 'KEPT1',
        amountFen: 500,
        paidAt: Date.now(),
        refunds: [{ refundNo: 'KEPTR1', amountFen: 200, at: Date.now() }],
      },
    ]);
    before.his.connect({ appId: 'his', secret: 's' });
    before.ledger.saveUsedCode('280000000000000000');
    const after = createSandbox({ credentials: kept, dataDir: folder });
    expect(after.ledger.totals()).toEqual({ paidFen: 500, refundedFen: 200, paidCount: 1, refundCount: 1 });
    expect(after.ledger.isCodeUsed('280000000000000000')).toBe(true);
    expect(after.ledger.refunds()).toEqual(before.ledger.refunds());
  }, 60_000);
});

describe('mounted on a Strapi', () => {
  test('answers below its prefix from the port that is listened on, and leaves the rest alone', async () => {
    const app = new Koa();
    const httpServer = createServer();
    const strapi = {
      server: { use: (middleware: Koa.Middleware) => app.use(middleware), httpServer },
      config: { get: () => undefined },
    };
    process.env.SANDBOX_DATA = join(folder, 'mounted');
    plugin.register({ strapi });
    delete process.env.SANDBOX_DATA;
    app.use((ctx) => {
      ctx.body = 'the platform';
    });
    // Koa composes what is known when the callback is made.
    httpServer.on('request', app.callback());
    httpServer.listen(0, '127.0.0.1');
    await once(httpServer, 'listening');
    const mounted = mountedOn(strapi);
    const origin = new URL(mounted.baseUrl()).origin;
    expect((await fetch(`${origin}/sandbox/patient`)).status).toBe(200);
    expect(await (await fetch(`${origin}/api/orders`)).text()).toBe('the platform');
    plugin.destroy({ strapi });
    expect(() => mountedOn(strapi)).toThrow();
    httpServer.closeAllConnections();
    httpServer.close();
    // It makes a hospital's keys at every gateway.
  }, 60_000);
});

describe('production', () => {
  test('refuses the sandbox in both languages unless it is allowed', () => {
    const { NODE_ENV, ALLOW_SANDBOX } = process.env;
    process.env.NODE_ENV = 'production';
    delete process.env.ALLOW_SANDBOX;
    const strapi = { server: { use: () => undefined }, config: { get: () => undefined } };
    expect(() => plugin.register({ strapi })).toThrow(/生产环境.*production/s);
    process.env.NODE_ENV = NODE_ENV;
    if (ALLOW_SANDBOX !== undefined) process.env.ALLOW_SANDBOX = ALLOW_SANDBOX;
  });
});
