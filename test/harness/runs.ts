import { type Run, reconciliation } from '@hospital-pay/reconciliation';
import type { Core } from '@strapi/strapi';
import { until } from './waiting';

const underWay: Run['status'][] = ['queued', 'downloading', 'matching', 'writing'];

/** Runs that are asked for are taken up by the queue, perhaps at once: gives them as they are when they have ended. */
export async function reconcile(
  strapi: Core.Strapi,
  asked: { date: string; accountCode?: string; requestedBy?: string },
): Promise<Run[]> {
  const { runs } = reconciliation(strapi);
  const ended: Run[] = [];
  for (const { runNo } of await runs.request({ requestedBy: 'finance', ...asked })) {
    await runs.execute(runNo);
    const run = await until(
      () => runs.get(runNo),
      (now) => now !== undefined && !underWay.includes(now.status),
    );
    if (run) ended.push(run);
  }
  return ended;
}
