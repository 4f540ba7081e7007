import { open as openFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { BillError, isPostgres } from '@hospital-pay/payments';
import createKnex, { type Knex } from 'knex';
import { z } from 'zod';
import { pieces } from '../rows';
import { putCases } from './case-file';
import { compareDay, type OpenDay, openDay, questionOf } from './day';
import type { DayQuestion } from './extract';
import { importBill } from './import';
import type { Database, Report, Work } from './work';

/** The child process of the engine: one piece of work at a time, told by a message. */
// Payments come first: they wait for a person, this for nobody.
os.setPriority(os.constants.priority.PRIORITY_LOW);
/** Who reads so many of them back holds nobody up. */
const casesPerPiece = 400;

const say = (report: Report): Promise<void> =>
  new Promise((resolve, reject) => {
    process.send?.(report, (error: Error | null) => (error ? reject(error) : resolve()));
  });

const peakBytes = (): number => process.resourceUsage().maxRSS * 1024;

interface Held {
  db: Knex;
  day: OpenDay;
}

/** Rows that were read while the day's bill was, for the comparison to come. */
let held: Held | undefined;

async function open(database: Database, question: DayQuestion, folder: string): Promise<Held> {
  const db = createKnex({ ...database, useNullAsDefault: true, pool: { min: 1, max: 1 } });
  try {
    // What differs lies all over the tables: SQLite's own 2 MB of pages would be read again and again.
    if (!isPostgres(db)) await db.raw('PRAGMA cache_size = -32768');
    return { db, day: await openDay(db, question, path.join(folder, 'day')) };
  } catch (error) {
    await db.destroy();
    throw error;
  }
}

async function close({ db, day }: Held): Promise<void> {
  await day.trx.rollback();
  await db.destroy();
}

async function perform(work: Work & { folder: string }): Promise<void> {
  const { folder } = work;
  switch (work.kind) {
    case 'import': {
      const sums = await importBill(work.task, folder, (done) => {
        void say({ kind: 'progress', stage: 'importing', done });
      });
      await say({ kind: 'imported', sums, rssBytes: peakBytes() });
      return;
    }
    case 'open':
      held = await open(work.database, work.question, folder);
      await say({ kind: 'opened', rssBytes: peakBytes() });
      return;
    case 'compare': {
      const kept = held;
      held = undefined;
      if (kept && work.anew) await close(kept);
      const opened = kept && !work.anew ? kept : await open(work.database, questionOf(work.task), folder);
      const file = await openFile(work.cases, 'w');
      try {
        const outcome = await compareDay(
          opened.day,
          work.task,
          async (cases) => {
            for (const piece of pieces(cases, casesPerPiece)) await putCases(file, piece);
          },
          (stage, done) => {
            void say({ kind: 'progress', stage, done });
          },
        );
        await say({ kind: 'compared', outcome, rssBytes: peakBytes() });
      } finally {
        await file.close();
        await close(opened);
      }
      return;
    }
    default:
      work satisfies never;
  }
}

process.on('message', async (message) => {
  try {
    await say({ kind: 'begun' });
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
