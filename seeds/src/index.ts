import { payments } from '@hospital-pay/payments';
import { reconciliation } from '@hospital-pay/reconciliation';
import { sandbox as mountedSandbox, type Sandbox } from '@hospital-pay/sandbox';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { dayOf, daysBetween, shiftDay } from './china';
import {
  connectHis,
  createAccounts,
  createApplication,
  createCardAccount,
  createInsuranceAccount,
  createMerchants,
  createPeople,
  createReference,
  createTerminals,
} from './furnish';
import { branchCredentials, fillLedger, hisSecretOf } from './gateways';
import { generate } from './generate';
import { accountCodeOf, type Branch, branches, channels } from './hospital';
import { load } from './load';
import { loadMixed } from './mixed';
import { pastDays } from './traffic';

export { keepPastBills } from './bills';
export { plugInCardTerminals } from './card-terminals';
export { westCredentials } from './gateways';
export { generate } from './generate';
export { accountCodeOf, branches, demoPassword, exampleCode, hospitalCode, people } from './hospital';
export { type Named, type NamedKind, named } from './named';
export type { Rows } from './rows';

export interface SeedOptions {
  now: Date;
  /** The gateways that hold the channels' side; the mounted ones unless told. */
  sandbox?: Sandbox;
  onProgress?: (zh: string, en: string) => void;
  /** 1 = about 400 orders on an ordinary weekday. */
  scale?: number;
}

const marker = z.object({ seededAt: z.string(), baseUrl: z.string() });
type Marker = z.output<typeof marker>;

const store = (strapi: Core.Strapi) => strapi.store({ type: 'core', name: 'seeds' });

async function readMarker(strapi: Core.Strapi): Promise<Marker | undefined> {
  return marker.safeParse(await store(strapi).get({ key: 'demo' })).data;
}

/**
 * The demo hospital on an empty database: merchants, accounts on the simulated gateways, people, a month of traffic.
 * Once it is there, further calls only connect the simulated side again and change nothing that people may have changed.
 */
export async function seedDemo(strapi: Core.Strapi, options: SeedOptions): Promise<void> {
  const { now, scale = 1, onProgress = () => undefined } = options;
  const sandbox = options.sandbox ?? mountedSandbox(strapi);
  const done = await readMarker(strapi);
  const credentials = branchCredentials(strapi, sandbox);
  connectHis(sandbox, branches, (branch) => hisSecretOf(sandbox, branch));
  if (done) {
    if (done.baseUrl !== sandbox.baseUrl()) await follow(strapi, done, sandbox.baseUrl());
    return;
  }

  onProgress('院区、终端、渠道账户、人员', 'branches, terminals, channel accounts, people');
  await furnish(strapi, sandbox, branches, credentials);
  await createReference(strapi);

  onProgress('生成一个月的业务', 'generating a month of traffic');
  const rows = generate(now, scale);

  onProgress(
    `模拟渠道账本 ${rows.ledger.length} 笔`,
    `${rows.ledger.length} payments into the channels' books`,
  );
  fillLedger(sandbox, rows.ledger, credentials);

  onProgress(`写入订单 ${rows.orders.length} 笔`, `writing ${rows.orders.length} orders`);
  await strapi.db.transaction(async ({ trx }) => {
    await load(trx, rows, now);
    await loadMixed(strapi, trx, rows.orders, now);
    await store(strapi).set({
      key: 'demo',
      value: { seededAt: now.toISOString(), baseUrl: sandbox.baseUrl() },
    });
  });

  onProgress('结清最早的几天', 'closing the first days');
  await closeFirstDays(strapi, now);
}

/** The books of the month's first days are closed, the later ones are left for whoever tries it. */
async function closeFirstDays(strapi: Core.Strapi, now: Date): Promise<void> {
  const firstDay = shiftDay(dayOf(now), -pastDays);
  for (const { code: merchantCode } of branches) {
    for (const period of daysBetween(firstDay, shiftDay(firstDay, closedDaysOfDemo - 1))) {
      const reason = '遗留差错已登记, 次月处理';
      await reconciliation(strapi).closings.close({
        merchantCode,
        kind: 'day',
        period,
        by: 'finance',
        reason,
      });
    }
  }
}

const closedDaysOfDemo = 4;

/** One branch that takes payments, with its people and nothing in the books. */
export async function seedMinimal(
  strapi: Core.Strapi,
  options: { sandbox?: Sandbox } = {},
): Promise<{ merchantCode: string; application: { appId: string; secret: string } }> {
  const sandbox = options.sandbox ?? mountedSandbox(strapi);
  const [branch] = branches;
  const [own] = sandbox.credentials;
  if (!own) throw new Error('the sandbox has no merchant');
  connectHis(sandbox, [branch], (one) => hisSecretOf(sandbox, one));
  await furnish(strapi, sandbox, [branch], new Map([[branch.code, own]]));
  return {
    merchantCode: branch.code,
    application: { appId: 'his-demo', secret: hisSecretOf(sandbox, branch) },
  };
}

async function furnish(
  strapi: Core.Strapi,
  sandbox: Sandbox,
  own: readonly Branch[],
  credentials: ReturnType<typeof branchCredentials>,
): Promise<void> {
  await createMerchants(strapi, own, `${sandbox.baseUrl()}/his`);
  await createTerminals(strapi, own);
  for (const branch of own) {
    const keys = credentials.get(branch.code);
    if (keys) {
      await createAccounts(strapi, branch, keys, sandbox.baseUrl());
      await createCardAccount(strapi, branch, keys);
      await createInsuranceAccount(strapi, branch, keys, sandbox.baseUrl());
    }
    await createApplication(strapi, branch, hisSecretOf(sandbox, branch));
  }
  await createPeople(strapi);
}

/** The demo moved to another port: the simulated gateways are where the platform is, so their addresses follow. */
async function follow(strapi: Core.Strapi, done: Marker, baseUrl: string): Promise<void> {
  const { accounts } = payments(strapi);
  for (const branch of branches) {
    for (const channel of [...channels, 'insurance' as const]) {
      const { code, name, merchantCode, enabled, config } = await accounts.describe(
        accountCodeOf(branch.code, channel),
      );
      const moved = Object.fromEntries(
        Object.entries(config).map(([field, value]) => [
          field,
          typeof value === 'string' && value.startsWith(`${done.baseUrl}/`)
            ? baseUrl + value.slice(done.baseUrl.length)
            : value,
        ]),
      );
      await accounts.save({ code, name, channel, merchantCode, enabled, config: moved });
    }
  }
  await strapi.db
    .query('api::merchant.merchant')
    .updateMany({ where: { hisUrl: `${done.baseUrl}/his` }, data: { hisUrl: `${baseUrl}/his` } });
  await store(strapi).set({ key: 'demo', value: { ...done, baseUrl } });
}
