import { once } from 'node:events';
import { createServer } from 'node:http';
import { join } from 'node:path';
import Koa from 'koa';
import { createClock } from './clock';
import type { Sandbox, SandboxOptions } from './contract';
import { control } from './control';
import type { SandboxCredentials } from './credentials';
import { createFaults } from './faults';
import type { Gateway } from './gateway';
import {
  type GatewayCredentials,
  type GatewayName,
  gatewayKinds,
  gatewayNames,
  isGateway,
  type RunningGateways,
} from './gateways';
import { createHis } from './his/his';
import { Ledger } from './ledger';
import { createLife, type Life } from './life';
import { createNotifier } from './notifier';
import { createOutcomes } from './outcomes';
import { patientPage, sheetScript } from './patient/page';
import { createPatient } from './patient/patient';
import type { SandboxSettings, World } from './world';

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
  const ledger = new Ledger(
    clock,
    options.dataDir === undefined ? null : join(options.dataDir, 'ledger.jsonl'),
    (gateway) => (isGateway(gateway) ? credentials.map((own) => identityOf(gateway, own)) : []),
    (gateway) => kindOf(gateway).books,
  );
  const notifier = createNotifier({ clock, faults, fetch: send, retryScale: options.notifyRetryScale ?? 1 });
  const outcomes = createOutcomes(ledger, (gateway) => kindOf(gateway).paymentCode);
  const settings: SandboxSettings = {
    autoPay: options.autoPay ?? false,
    billReadyHour: options.billReadyHour ?? 9,
    billsForToday: options.billsForToday ?? false,
  };
  const world: World = {
    clock,
    ledger,
    faults,
    outcomes,
    notifier,
    settings,
    fetch: send,
    baseUrl,
    refundSettleMs: options.refundSettleMs ?? 200,
  };
  const life = createLife(world, {
    payment: async (payment) => gatewayOf(payment.gateway).notifyPayment?.(payment),
    refund: async (refund) => gatewayOf(refund.gateway).notifyRefund?.(refund),
  });
  const running = openAll(world, life, credentials);
  const gatewayOf = (name: string): Gateway => {
    if (!isGateway(name)) throw new Error(`the sandbox has no gateway ${name}`);
    return running[name];
  };
  const held = (text: string) =>
    gatewayNames.map((name) => gatewayOf(name).find?.(text) ?? null).find((found) => found !== null) ?? null;
  const patient = createPatient(world, life, held);
  const his = createHis(world, {
    secret: credentials[0]?.his.secret ?? '',
    platform: options.platform ?? null,
    fetch: send,
    pushDelayMs: options.hisPushDelayMs ?? 300,
    folder: options.dataDir ?? null,
  });

  const middleware: Koa.Middleware = async (ctx, next) => {
    if (ctx.path !== prefix && !ctx.path.startsWith(`${prefix}/`)) return next();
    const path = ctx.path.slice(prefix.length);
    const [, room = '', below = ''] = /^\/([^/]+)(\/.*)$/.exec(path) ?? [];
    try {
      if (isGateway(room)) await gatewayOf(room).handle(ctx, below);
      else if (room === 'his') await his.handle(ctx, below);
      else if (room === 'control') await control(ctx, sandbox, below);
      else if (path === '/patient/sheet.js') sheetScript(ctx);
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
    gateways: running,
    his,
    settings,
    baseUrl,
    addMerchant(own) {
      credentials.push(own);
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

function kindOf(name: string) {
  if (!isGateway(name)) throw new Error(`the sandbox has no gateway ${name}`);
  return gatewayKinds[name];
}

function identityOf<Name extends GatewayName>(name: Name, own: GatewayCredentials) {
  return gatewayKinds[name].identity(own[name]);
}

function openAll(world: World, life: Life, credentials: readonly GatewayCredentials[]): RunningGateways {
  const open = <Name extends GatewayName>(name: Name) =>
    gatewayKinds[name].open({ ...world, life, merchants: () => credentials.map((own) => own[name]) });
  const running: RunningGateways = Object.create(null);
  for (const name of gatewayNames) {
    Object.defineProperty(running, name, { value: open(name), enumerable: true });
  }
  return running;
}

function isList<T>(value: T | readonly T[]): value is readonly T[] {
  return Array.isArray(value);
}
