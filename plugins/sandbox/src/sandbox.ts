import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import Koa from 'koa';
import { createAlipayGateway } from './alipay/gateway';
import { createClock } from './clock';
import type { Sandbox, SandboxOptions } from './contract';
import { control } from './control';
import type { SandboxCredentials } from './credentials';
import { createFaults } from './faults';
import { createHis } from './his/his';
import { Ledger } from './ledger';
import { createLife } from './life';
import { createNotifier } from './notifier';
import { createOutcomes } from './outcomes';
import { patientPage } from './patient/page';
import { createPatient } from './patient/patient';
import { createWechatGateway } from './wechat/gateway';
import type { World } from './world';

export function createSandbox(options: SandboxOptions): Sandbox {
  const prefix = options.prefix ?? '/sandbox';
  const send = options.fetch ?? globalThis.fetch;
  const credentials: SandboxCredentials[] = isList(options.credentials)
    ? [...options.credentials]
    : [options.credentials];
  const clock = createClock(options.clock ?? { now: () => Date.now() });
  const faults = createFaults();
  let listeningAt: string | null = null;
  const baseUrl = () => {
    if (typeof options.baseUrl === 'function') return options.baseUrl();
    return options.baseUrl ?? listeningAt ?? `http://127.0.0.1${prefix}`;
  };
  const alipay = credentials.map((own) => own.alipay);
  const wechat = credentials.map((own) => own.wechat);
  const ledger = new Ledger(
    clock,
    options.dataDir === undefined ? null : join(options.dataDir, 'ledger.jsonl'),
    () => [
      ...alipay.map((own) => ({ gateway: 'alipay' as const, merchant: own.sellerId, appId: own.appId })),
      ...wechat.map((own) => ({ gateway: 'wechat' as const, merchant: own.mchid, appId: own.appid })),
    ],
  );
  const notifier = createNotifier({ clock, faults, fetch: send, retryScale: options.notifyRetryScale ?? 1 });
  const outcomes = createOutcomes(ledger);
  const world: World = {
    clock,
    ledger,
    faults,
    outcomes,
    notifier,
    baseUrl,
    alipay,
    wechat,
    autoPay: options.autoPay ?? false,
    refundSettleMs: options.refundSettleMs ?? 200,
  };
  const bills = { readyHour: options.billReadyHour ?? 9, allowToday: options.billsForToday ?? false };
  const alipayGateway = createAlipayGateway(world, () => life, bills);
  const wechatGateway = createWechatGateway(world, () => life, bills, {
    bom: options.wechatBillBom ?? true,
    requireClientCertificate: options.wechatRequireClientCertificate ?? false,
  });
  const life = createLife(world, {
    alipay: { payment: alipayGateway.notifyPayment, refund: async () => undefined },
    wechat: { payment: wechatGateway.notifyPayment, refund: wechatGateway.notifyRefund },
  });
  const patient = createPatient(world, life, alipayGateway.openOrderString);
  const his = createHis(world, {
    secret: credentials[0]?.his.secret ?? '',
    platform: options.platform ?? null,
    fetch: send,
    pushDelayMs: options.hisPushDelayMs ?? 300,
    folder: options.dataDir ?? null,
  });

  const settings = {
    get autoPay() {
      return world.autoPay;
    },
    set autoPay(value) {
      world.autoPay = value;
    },
    get billReadyHour() {
      return bills.readyHour;
    },
    set billReadyHour(value) {
      bills.readyHour = value;
    },
    get billsForToday() {
      return bills.allowToday;
    },
    set billsForToday(value) {
      bills.allowToday = value;
    },
  };

  const middleware: Koa.Middleware = async (ctx, next) => {
    if (ctx.path !== prefix && !ctx.path.startsWith(`${prefix}/`)) return next();
    const path = ctx.path.slice(prefix.length);
    const below = (room: string) => (path.startsWith(`${room}/`) ? path.slice(room.length) : null);
    try {
      const toAlipay = below('/alipay');
      const toWechat = below('/wechat');
      const toHis = below('/his');
      const toControl = below('/control');
      if (toAlipay !== null) await alipayGateway.handle(ctx, toAlipay);
      else if (toWechat !== null) await wechatGateway.handle(ctx, toWechat);
      else if (toHis !== null) await his.handle(ctx, toHis);
      else if (toControl !== null) await control(ctx, sandbox, toControl);
      else if (path === '/patient') await patientPage(ctx, patient, prefix);
      else if (path === '' || path === '/') ctx.redirect(`${prefix}/patient`);
    } catch (error) {
      // A client that hung up in mid-request is no event; anything else is a defect of the sandbox.
      if (ctx.req.destroyed && !ctx.req.complete) return;
      ctx.status = 500;
      ctx.body = { error: error instanceof Error ? error.message : 'the sandbox failed' };
    }
  };

  const sandbox: Sandbox = {
    credentials,
    clock,
    ledger,
    faults,
    outcomes,
    patient,
    notifications: notifier,
    alipay: { openOrderString: alipayGateway.openOrderString },
    wechat: {
      probe: (url, outTradeNo = 'SIGNTEST') => wechatGateway.probe(url, outTradeNo, send),
      setVerifyMode: wechatGateway.setVerifyMode,
    },
    his,
    settings,
    baseUrl,
    addMerchant(own) {
      credentials.push(own);
      alipay.push(own.alipay);
      wechat.push(own.wechat);
    },
    callback: () => middleware,
    async listen(port = 0) {
      const app = new Koa();
      app.use(middleware);
      const server = createServer(app.callback());
      server.listen(port, '127.0.0.1');
      await once(server, 'listening');
      const address = server.address();
      if (address === null || typeof address === 'string') throw new Error('the sandbox has no port');
      listeningAt = `http://127.0.0.1:${address.port}${prefix}`;
      return {
        port: address.port,
        baseUrl: listeningAt,
        async close() {
          server.closeAllConnections();
          server.close();
          await once(server, 'close');
        },
      };
    },
    destroy() {
      notifier.destroy();
      faults.clear();
    },
  };
  return sandbox;
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
