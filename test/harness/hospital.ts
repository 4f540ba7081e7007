import { randomInt } from 'node:crypto';
import { access } from '@hospital-pay/access';
import { systemClock } from '@hospital-pay/jobs';
import { payments } from '@hospital-pay/payments';
import {
  channelConfigs,
  createSandbox,
  type GatewayName,
  type Sandbox,
  type SandboxCredentials,
} from '@hospital-pay/sandbox';
import type { Core } from '@strapi/strapi';
import { freePort } from '../services/ports';
import { type Answer, readAnswer, signedHeaders } from './client';
import { keptCredentials } from './kept';
import { type Platform, type PlatformOptions, startPlatform } from './platform';

export const merchantCode = 'H001';
export const password = 'Hospital@2026';

export interface HospitalOptions extends PlatformOptions {
  /** Gateways that run elsewhere; else a sandbox of this hospital's own is started. */
  gateways?: { url: string; credentials: SandboxCredentials };
  merchant?: Record<string, unknown>;
  /** The channels it has an account on, code `<channel>-1`; Alipay and WeChat Pay unless said otherwise. */
  channels?: readonly GatewayName[];
  /** Adds to the configuration of the channel accounts. */
  choices?: Parameters<typeof channelConfigs>[2];
  /** Compresses the gateways' waiting between notifications. */
  notifyRetryScale?: number;
}

/** One merchant with an account on each of its channels' gateways, a signed application and five people. */
export interface Hospital extends Platform {
  sandbox: Sandbox;
  application: { appId: string; secret: string };
  /** A signed call as HIS or a terminal makes it. */
  call<Body = Record<string, unknown>>(method: string, path: string, body?: unknown): Promise<Answer<Body>>;
  /** Signs a person in; the answer makes calls in that person's name. */
  staff(
    username: 'super' | 'admin' | 'finance' | 'cashier' | 'ops',
  ): Promise<
    <Body = Record<string, unknown>>(method: string, path: string, body?: unknown) => Promise<Answer<Body>>
  >;
}

/** A fresh payment code as the wallet would show it. */
export const alipayCode = () => `28${digits(16)}`;
export const wechatCode = () => `13${digits(16)}`;
const digits = (count: number) => Array.from({ length: count }, () => randomInt(10)).join('');

export const application = { appId: 'his-test', secret: 'his-test-secret-0123456789abcdef' };

export async function startHospital(options: HospitalOptions = {}): Promise<Hospital> {
  const sandboxUrl = options.gateways?.url ?? `http://127.0.0.1:${await freePort()}/sandbox`;
  const credentials = options.gateways?.credentials ?? keptCredentials();
  const { clock } = options;
  const sandbox = createSandbox({
    credentials,
    baseUrl: sandboxUrl,
    notifyRetryScale: options.notifyRetryScale ?? 0.001,
    ...(clock ? { clock: { now: () => clock.now().getTime() } } : {}),
  });
  const listening = options.gateways ? undefined : await sandbox.listen(Number(new URL(sandboxUrl).port));
  const platform = await startPlatform({
    ...options,
    async prepare(strapi) {
      const isFurnished = await strapi.db
        .query('api::merchant.merchant')
        .count({ where: { code: merchantCode } });
      if (!isFurnished) await furnish(strapi, sandboxUrl, credentials, options);
      await options.prepare?.(strapi);
    },
  });
  return {
    ...platform,
    sandbox,
    application,
    async call<Body>(method: string, path: string, body?: unknown) {
      const text = body === undefined ? '' : JSON.stringify(body);
      const timestamp = (clock ?? systemClock).now().getTime();
      const headers = signedHeaders(application, { method, path, body: text, timestamp });
      const request = method === 'GET' ? { method, headers } : { method, headers, body: text };
      return readAnswer<Body>(await fetch(platform.url + path, request));
    },
    async staff(username) {
      const signIn = await post(`${platform.url}/api/access/sign-in`, { username, password });
      const { accessToken }: { accessToken: string } = await signIn.json();
      return async <Body>(method: string, path: string, body?: unknown) => {
        const headers = { authorization: `Bearer ${accessToken}`, 'content-type': 'application/json' };
        const request =
          body === undefined ? { method, headers } : { method, headers, body: JSON.stringify(body) };
        return readAnswer<Body>(await fetch(platform.url + path, request));
      };
    },
    async stop() {
      await platform.stop();
      await listening?.close();
      await sandbox.destroy();
    },
  };
}

const post = (url: string, body: unknown) =>
  fetch(url, { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) });

async function furnish(
  strapi: Core.Strapi,
  sandboxUrl: string,
  credentials: SandboxCredentials,
  options: HospitalOptions,
): Promise<void> {
  await strapi.db.query('api::merchant.merchant').create({
    data: {
      code: merchantCode,
      name: '测试医院',
      kind: 'hospital',
      zone: 'Asia/Shanghai',
      dayCutoff: '00:00',
      hisRefusal: 'case',
      graceSeconds: 2,
      enabled: true,
      hisUrl: `${sandboxUrl}/his`,
      ...options.merchant,
    },
  });
  await strapi.db.query('api::terminal.terminal').create({
    data: { code: 'W01', name: '1号窗口', merchantCode, kind: 'window', enabled: true },
  });
  const configs = channelConfigs(credentials, sandboxUrl, options.choices);
  for (const channel of options.channels ?? (['alipay', 'wechat'] as const)) {
    await payments(strapi).accounts.save({
      code: `${channel}-1`,
      name: channel,
      channel,
      merchantCode,
      enabled: true,
      config: { ...configs[channel] },
    });
    await strapi.db.query('api::route.route').create({
      data: {
        name: channel,
        merchantCode,
        channel,
        accountCode: `${channel}-1`,
        priority: 100,
        enabled: true,
      },
    });
  }
  await payments(strapi).applications.create({
    ...application,
    name: 'HIS',
    merchantCode,
    scopes: ['orders:read', 'orders:write', 'refunds:read', 'refunds:write', 'his:write'],
  });
  const people = {
    super: 'super',
    admin: 'hospital_admin',
    finance: 'finance',
    cashier: 'cashier',
    ops: 'ops',
  };
  for (const [username, role] of Object.entries(people)) {
    await access(strapi).createAccount({
      username,
      password,
      displayName: username,
      roles: [role],
      merchantCodes: null,
    });
  }
}
