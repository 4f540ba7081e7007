import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { BillError, type BillLine, isPostgres } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { type BillSums, findLines, type RawLine, writeLines } from './bill-lines';
import { compareDay, type DayOutcome, type DayTask } from './day';
import { openDuck } from './duck';
import { type BillTask, importBill } from './import';
import type { Database, Report, Work } from './work';

/** Ended on somebody's wish; what was begun leaves nothing behind. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

export interface Watch {
  signal?: AbortSignal;
  /** What it is at, and how many rows it has done of that. */
  onProgress?: (stage: string, done: number) => void;
}

export interface Engine {
  /** Reads a bill's raw file into Parquet. @throws BillError naming the line */
  importBill(task: BillTask, watch?: Watch): Promise<BillSums>;
  /** Keeps lines that were read in this process. @throws BillError naming the line */
  keepLines(lines: AsyncIterable<BillLine>, target: string): Promise<BillSums>;
  compareDay(task: DayTask, watch?: Watch): Promise<DayOutcome>;
  /** Lines of one archived bill under these numbers of ours. */
  findLines(parquet: string, numbers: string[]): Promise<RawLine[]>;
}

async function inFolder<Value>(work: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'hospital-pay-run-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const find = (parquet: string, numbers: string[]): Promise<RawLine[]> =>
  inFolder(async (folder) => {
    const duck = await openDuck(folder, [path.dirname(parquet)]);
    try {
      return await findLines(duck, parquet, numbers);
    } finally {
      duck.close();
    }
  });

const keep = (lines: AsyncIterable<BillLine>, target: string): Promise<BillSums> =>
  inFolder((folder) => writeLines(lines, target, folder));

/** Everything in this process: for small days and tests. */
export function localEngine(db: Knex): Engine {
  return {
    keepLines: keep,
    importBill: (task) => inFolder((folder) => importBill(task, folder)),
    compareDay: (task) => inFolder((folder) => compareDay(db, task, folder)),
    findLines: find,
  };
}

/** How this database is connected to, for a process of its own; on SQLite it only reads. */
export function databaseOf(db: Knex): Database {
  const { client, connection } = z
    .object({ client: z.string(), connection: z.record(z.string(), z.unknown()) })
    .parse(db.client.config);
  return isPostgres(db)
    ? { client, connection }
    : {
        client: 'better-sqlite3',
        connection: { filename: connection.filename, options: { readonly: true } },
      };
}

/**
 * Each task in a child process of its own: reading a million rows holds a thread for seconds, and a query that hangs can
 * be killed. `database` is what knex connects with.
 */
export function forkedEngine(database: Database): Engine {
  const run = <Value>(
    work: Work,
    { signal, onProgress }: Watch,
    read: (report: Report) => Value | undefined,
  ) =>
    inFolder(
      (folder) =>
        new Promise<Value>((resolve, reject) => {
          if (signal?.aborted) {
            reject(new Cancelled());
            return;
          }
          const child = fork(path.join(__dirname, 'child.js'), {
            serialization: 'advanced',
            execArgv: ['--max-old-space-size=1024'],
          });
          const cancel = (): void => {
            child.kill('SIGKILL');
            reject(new Cancelled());
          };
          signal?.addEventListener('abort', cancel, { once: true });
          child.on('message', (report: Report) => {
            switch (report.kind) {
              case 'progress':
                onProgress?.(report.stage, report.done);
                break;
              case 'bill-refused':
                reject(new BillError(report.code, report.message.replace(/^line \d+: /, ''), report.lineNo));
                break;
              case 'failed':
                reject(new Error(report.message));
                break;
              default: {
                const value = read(report);
                if (value !== undefined) resolve(value);
              }
            }
          });
          child.once('error', reject);
          child.once('exit', (code, by) => {
            signal?.removeEventListener('abort', cancel);
            reject(new Error(`the reconciliation process ended early (${by ?? code})`));
          });
          child.send({ ...work, folder });
        }),
    );
  return {
    keepLines: keep,
    importBill: (task, watch = {}) =>
      run({ kind: 'import', task }, watch, (report) =>
        report.kind === 'imported' ? report.sums : undefined,
      ),
    async compareDay(task, watch = {}) {
      const cases: DayOutcome['cases'] = [];
      return run({ kind: 'compare', task, database }, watch, (report) => {
        if (report.kind === 'cases') cases.push(...report.cases);
        return report.kind === 'compared' ? { ...report.outcome, cases } : undefined;
      });
    },
    findLines: find,
  };
}
