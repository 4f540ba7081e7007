import { BillError } from '@hospital-pay/payments';
import createKnex from 'knex';
import { z } from 'zod';
import { pieces } from '../rows';
import { compareDay } from './day';
import { importBill } from './import';
import type { Report, Work } from './work';

/** The child process of the engine: one piece of work at a time, told by a message. */
const casesPerMessage = 500;

const say = (report: Report): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(report, (error: Error | null) => (error ? reject(error) : resolve()));
  });

async function perform(work: Work & { folder: string }): Promise<void> {
  switch (work.kind) {
    case 'import': {
      const sums = await importBill(work.task, work.folder, (done) => {
        void say({ kind: 'progress', stage: 'importing', done });
      });
      await say({ kind: 'imported', sums, rssBytes: process.resourceUsage().maxRSS * 1024 });
      return;
    }
    case 'compare': {
      const db = createKnex({ ...work.database, useNullAsDefault: true, pool: { min: 1, max: 1 } });
      try {
        const outcome = await compareDay(
          db,
          work.task,
          work.folder,
          async (cases) => {
            for (const piece of pieces(cases, casesPerMessage)) await say({ kind: 'cases', cases: piece });
          },
          (stage, done) => {
            void say({ kind: 'progress', stage, done });
          },
        );
        await say({ kind: 'compared', outcome, rssBytes: process.resourceUsage().maxRSS * 1024 });
      } finally {
        await db.destroy();
      }
      return;
    }
    default:
      work satisfies never;
  }
}

process.on('message', async (message) => {
  try {
    await perform(z.custom<Work & { folder: string }>().parse(message));
  } catch (error) {
    await say(
      error instanceof BillError
        ? { kind: 'bill-refused', code: error.code, message: error.message, lineNo: error.lineNo }
        : { kind: 'failed', message: error instanceof Error ? error.message : String(error) },
    );
  }
});
// Whoever asked is gone: nobody wants the answer.
process.once('disconnect', () => process.exit());
