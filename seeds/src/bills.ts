import { payments } from '@hospital-pay/payments';
import { type Reconciliation, reconciliation } from '@hospital-pay/reconciliation';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { accountCodeOf, branches, channels } from './hospital';
import { pastDays, runFinishedAt } from './traffic';

type Receipt = Parameters<Reconciliation['bills']['archive']['keep']>[3];

/**
 * Downloads the bills of the demo's last days from the simulated gateways, newest first, and keeps them as the schedule
 * would have done. Bills that are kept already are left alone; one that does not come is asked for once more, and at the
 * next start. It takes its time: call it once the platform is served.
 */
export async function keepPastBills(
  strapi: Core.Strapi,
  { days = pastDays }: { days?: number } = {},
): Promise<void> {
  const accounts = branches.flatMap((branch) =>
    channels.map((channel) => ({ code: accountCodeOf(branch.code, channel), channel })),
  );
  for (const account of [...accounts, ...accounts]) {
    for (const date of await daysWithoutBill(strapi, account.code, days)) {
      await keepBills(strapi, account, date).catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        strapi.log.warn(`bill of ${account.code} on ${date}: ${reason}`);
      });
    }
  }
}

async function daysWithoutBill(strapi: Core.Strapi, code: string, days: number): Promise<string[]> {
  const db = strapi.db.connection;
  const last: unknown = await db('daily_totals')
    .where({ account_code: code })
    .where('platform_count', '>', 0)
    .orderBy('date', 'desc')
    .limit(days)
    .pluck('date');
  const kept: unknown = await db('bill_archives').where({ account_code: code, kind: 'trade' }).pluck('date');
  const known = new Set(dates.parse(kept));
  return dates.parse(last).filter((date) => !known.has(date));
}

const dates = z.array(z.string());

async function keepBills(
  strapi: Core.Strapi,
  account: { code: string; channel: string },
  date: string,
): Promise<void> {
  const { archive } = reconciliation(strapi).bills;
  const { driver } = await payments(strapi).accounts.connect(account.code);
  const receipt: Receipt = { at: runFinishedAt(date), source: 'schedule', by: 'system' };
  const [known] = await archive.versions({ accountCode: account.code, date, kind: 'fund-flow' });
  const flows = known ? undefined : await driver.fundFlowBill?.(date);
  if (flows?.kind === 'ready') await archive.keepFlows(account, date, flows, receipt);
  const trade = await driver.bill?.(date);
  if (trade?.kind === 'ready') await archive.keep(account, date, trade, receipt);
}
