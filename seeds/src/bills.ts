import { payments } from '@hospital-pay/payments';
import { type Reconciliation, reconciliation } from '@hospital-pay/reconciliation';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { accountCodeOf, branches, channels } from './hospital';
import { runFinishedAt } from './traffic';

type Receipt = Parameters<Reconciliation['bills']['archive']['keep']>[3];

const day = z.object({ date: z.string() });

/**
 * Downloads the bills of the demo's past days from the simulated gateways, newest first, and keeps them as the schedule
 * would have done. Bills that are kept already are left alone, and one that did not come is asked for again at the next
 * start. It takes its time: call it once the platform is served.
 */
export async function keepPastBills(strapi: Core.Strapi): Promise<void> {
  const db = strapi.db.connection;
  for (const channel of channels) {
    for (const branch of branches) {
      const code = accountCodeOf(branch.code, channel);
      const past: unknown = await db('daily_totals')
        .where({ account_code: code })
        .where('platform_count', '>', 0)
        .whereNotIn('date', db('bill_archives').where({ account_code: code, kind: 'trade' }).select('date'))
        .orderBy('date', 'desc')
        .select('date');
      for (const { date } of z.array(day).parse(past)) {
        await keepBill(strapi, { code, channel }, date).catch((error: unknown) => {
          strapi.log.warn(`bill of ${code} on ${date}: ${error instanceof Error ? error.message : error}`);
        });
      }
    }
  }
}

async function keepBill(
  strapi: Core.Strapi,
  account: { code: string; channel: string },
  date: string,
): Promise<void> {
  const { archive } = reconciliation(strapi).bills;
  const { driver } = await payments(strapi).accounts.connect(account.code);
  const receipt: Receipt = { at: runFinishedAt(date), source: 'schedule', by: 'system' };
  const flows = await driver.fundFlowBill?.(date);
  if (flows?.kind === 'ready') await archive.keepFlows(account, date, flows, receipt);
  const trade = await driver.bill?.(date);
  if (trade?.kind === 'ready') await archive.keep(account, date, trade, receipt);
}
