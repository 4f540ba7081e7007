import { dirname, join, resolve } from 'node:path';
import type Koa from 'koa';
import { demoCredentials } from './credentials';
import { mountedSandboxes } from './mounted';
import { createSandbox } from './sandbox';

/** What the sandbox needs of Strapi: a server to be mounted on and its address. */
interface Host {
  server: {
    use(middleware: Koa.Middleware): unknown;
    httpServer?: { address(): unknown };
  };
  config: { get(key: string): unknown };
}

const PREFIX = '/sandbox';

/** The ledger lies beside the database: whoever removes one means both. */
function beside(databaseFile: string | undefined): string {
  return resolve(join(dirname(databaseFile ?? join('.data', 'hospital-pay.db')), 'sandbox'));
}

function refuseProduction(): void {
  if (process.env.NODE_ENV !== 'production' || process.env.ALLOW_SANDBOX === 'true') return;
  throw new Error(
    '生产环境禁止加载沙箱网关；如确需演示，请设置 ALLOW_SANDBOX=true。 ' +
      'The sandbox gateways refuse to load in production; set ALLOW_SANDBOX=true for a demonstration.',
  );
}

/** The public address if one is configured, else the port that is really listened on. */
function address(strapi: Host): string {
  const url = strapi.config.get('server.url');
  if (typeof url === 'string' && url.startsWith('http')) return `${url.replace(/\/$/, '')}${PREFIX}`;
  const bound = strapi.server.httpServer?.address();
  const port =
    typeof bound === 'object' && bound !== null && 'port' in bound
      ? bound.port
      : strapi.config.get('server.port');
  return `http://127.0.0.1:${String(port ?? 1337)}${PREFIX}`;
}

export default {
  register({ strapi }: { strapi: Host }): void {
    refuseProduction();
    const folder = process.env.SANDBOX_DATA ?? beside(process.env.DATABASE_FILENAME);
    const secret = process.env.HIS_SECRET;
    const mounted = createSandbox({
      credentials: demoCredentials(folder),
      dataDir: folder,
      prefix: PREFIX,
      baseUrl: () => address(strapi),
      // A demonstration is given at any hour; the documented hours are for tests to set.
      billReadyHour: Number(process.env.SANDBOX_BILL_HOUR ?? 0),
      billsForToday: process.env.SANDBOX_BILLS_TODAY !== 'false',
      autoPay: process.env.SANDBOX_AUTO_PAY === 'true',
      ...(process.env.SANDBOX_NOTIFY_SCALE === undefined
        ? {}
        : { notifyRetryScale: Number(process.env.SANDBOX_NOTIFY_SCALE) }),
    });
    if (secret !== undefined && secret !== '') mounted.his.setSecret(secret);
    mountedSandboxes.set(strapi, mounted);
    strapi.server.use(mounted.callback());
  },
  bootstrap(): void {},
  destroy({ strapi }: { strapi: Host }): void {
    mountedSandboxes.get(strapi)?.destroy();
    mountedSandboxes.delete(strapi);
  },
};
