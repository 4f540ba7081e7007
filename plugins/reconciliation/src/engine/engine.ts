import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { BillError, type BillLine, type FundFlowLine, isPostgres } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { DayCase, DayCases } from '../write-back';
import { type BillSums, findLines, type RawLine, writeLines } from './bill-lines';
import { casesIn } from './case-file';
import type { Portions } from './clear';
import { compareDay, type DayOutcome, type DayTask, openDay, questionOf } from './day';
import { type Duck, openDuck } from './duck';
import type { DayQuestion } from './extract';
import { type FlowSums, writeFlows } from './flow-lines';
import { type BillTask, importBill } from './import';
import type { Answer, Database, Report, Work } from './work';

const waitsIdleMs = 30_000;
const largeBytes = 256 * 1024 * 1024;

/** Ended on somebody's wish; what was begun leaves nothing behind. */
export class Cancelled extends Error {
  override readonly name = 'Cancelled';
}

export interface Watch {
  signal?: AbortSignal;
  /** What it is at, and how many rows it has done of that. */
  onProgress?: (stage: string, done: number) => void;
  /** The most memory that its processes have taken at a time, at most. */
  onPeak?: (bytes: number) => void;
}

/** What is done one after another. */
export interface Workplace {
  /**
   * Reads a bill's raw file into Parquet. `day` is to be compared afterwards: its rows are read meanwhile, and
   * the next `compareDay` is of that moment.
   * @throws BillError naming the line
   */
  importBill(task: BillTask, day?: DayQuestion): Promise<BillSums>;
  /** `anew`: orders have changed since the bill was read. The cases are there until the work is done. */
  compareDay(task: DayTask, anew?: boolean): Promise<ComparedDay>;
}

export interface ComparedDay extends DayOutcome {
  cases: DayCases;
}

export interface Engine {
  /** Processes of its own, for as long as the work takes. */
  work<Value>(watch: Watch, work: (place: Workplace) => Promise<Value>): Promise<Value>;
  /** Reads a bill's raw file into Parquet. @throws BillError naming the line */
  importBill(task: BillTask): Promise<BillSums>;
  /** Keeps lines that were read in this process. @throws BillError naming the line */
  keepLines(lines: AsyncIterable<BillLine>, target: string): Promise<BillSums>;
  /** The same for a fund-flow bill. */
  keepFlows(lines: AsyncIterable<FundFlowLine>, target: string): Promise<FlowSums>;
  /** Lines of one archived bill under these numbers of ours. */
  findLines(parquet: string, numbers: string[]): Promise<RawLine[]>;
  /** Asks DuckDB something of archived Parquet files. */
  look<Value>(parquets: string[], ask: (duck: Duck) => Promise<Value>): Promise<Value>;
  close(): void;
}

async function inFolder<Value>(work: (folder: string) => Promise<Value>): Promise<Value> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'hospital-pay-run-'));
  try {
    return await work(folder);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const look = <Value>(parquets: string[], ask: (duck: Duck) => Promise<Value>): Promise<Value> =>
  inFolder(async (folder) => {
    const duck = await openDuck(
      folder,
      parquets.map((parquet) => path.dirname(parquet)),
    );
    try {
      return await ask(duck);
    } finally {
      duck.close();
    }
  });

const find = (parquet: string, numbers: string[]): Promise<RawLine[]> =>
  look([parquet], (duck) => findLines(duck, parquet, numbers));

const keepFlows = (lines: AsyncIterable<FundFlowLine>, target: string): Promise<FlowSums> =>
  inFolder((folder) => writeFlows(lines, target, folder));

const keep = (lines: AsyncIterable<BillLine>, target: string): Promise<BillSums> =>
  inFolder((folder) => writeLines(lines, target, folder));

/** Everything in this process: for small days and tests. */
export function localEngine(db: Knex, portions?: Portions): Engine {
  const place: Workplace = {
    importBill: (task) => inFolder((folder) => importBill(task, folder)),
    compareDay: (task) =>
      inFolder(async (folder) => {
        const found: DayCase[][] = [];
        const day = await openDay(db, questionOf(task), folder);
        try {
          const keepCases = async (cases: DayCase[]): Promise<void> => {
            found.push(cases);
          };
          const outcome = await compareDay(day, task, keepCases, undefined, portions);
          return {
            ...outcome,
            async *cases() {
              yield* found;
            },
          };
        } finally {
          await day.trx.rollback();
        }
      }),
  };
  return {
    keepLines: keep,
    keepFlows,
    work: (_watch, work) => work(place),
    importBill: (task) => place.importBill(task),
    findLines: find,
    look,
    close: () => undefined,
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

/** A child process at work for somebody. */
interface Employed {
  /** Of memory, as far as it has said. */
  peakBytes(): number;
  ask<Answered>(
    folder: string,
    asked: Work,
    read: (report: Answer) => Answered | undefined,
  ): Promise<Answered>;
  /** It has finished, and may be of use to others. */
  dismiss(): void;
  /** It has finished, and holds what nobody else has a use for. */
  leave(): void;
  kill(): void;
}

/**
 * Each task in a child process of its own: reading a million rows holds a thread for seconds, and a query that hangs can
 * be killed. `database` is what knex connects with.
 */
export function forkedEngine(database: Database, idleMs = waitsIdleMs): Engine {
  const idle: ChildProcess[] = [];
  /** They have waited and not begun anything since: they may be dead, and their end not be known here yet. */
  const doubtful = new WeakSet<ChildProcess>();

  function hire(): ChildProcess {
    const waiting = idle.pop();
    if (waiting) {
      waiting.ref();
      waiting.channel?.ref();
      return waiting;
    }
    return fork(path.join(__dirname, 'child.js'), {
      serialization: 'advanced',
      // Rows are many and short-lived: with less room for young ones they are copied again and again.
      execArgv: ['--max-old-space-size=1024', '--max-semi-space-size=32'],
    });
  }

  const leave = (child: ChildProcess): void => {
    const place = idle.indexOf(child);
    if (place >= 0) idle.splice(place, 1);
    if (child.connected) child.disconnect();
  };

  /** A process that has finished waits a while for more, unless a long day has left it large. */
  function dismiss(child: ChildProcess, rssBytes: number): void {
    child.removeAllListeners();
    if (rssBytes > largeBytes || !child.connected) {
      leave(child);
      return;
    }
    child.once('exit', () => leave(child));
    child.unref();
    child.channel?.unref();
    idle.push(child);
    doubtful.add(child);
    setTimeout(() => {
      // It may have been taken on again since.
      if (idle.includes(child)) leave(child);
    }, idleMs).unref();
  }

  /** One process at work, asked for one thing after another. */
  function employ({ signal, onProgress }: Watch): Employed {
    let child = hire();
    let asked: (Work & { folder: string }) | undefined;
    let rssBytes = 0;
    let hear: (report: Answer) => void = () => undefined;
    let stop: (reason: Error) => void = () => undefined;
    /** Why nothing more is to be had of it. */
    let ended: Error | undefined;
    const end = (reason: Error): void => {
      ended ??= reason;
      stop(reason);
    };
    signal?.addEventListener('abort', () => end(new Cancelled()), { once: true });
    const lose = (reason: Error): void => {
      if (!doubtful.has(child)) {
        end(reason);
        return;
      }
      child.removeAllListeners();
      child.on('error', () => undefined);
      child = hire();
      listen();
      if (asked) child.send(asked);
    };
    const listen = (): void => {
      child.once('error', lose);
      child.once('exit', (code, by) =>
        lose(new Error(`the reconciliation process ended early (${by ?? code})`)),
      );
      child.on('message', told);
    };
    const told = (report: Report): void => {
      doubtful.delete(child);
      switch (report.kind) {
        case 'begun':
          break;
        case 'progress':
          onProgress?.(report.stage, report.done);
          break;
        case 'bill-refused':
          stop(new BillError(report.code, report.message.replace(/^line \d+: /, ''), report.lineNo));
          break;
        case 'failed':
          stop(new Error(report.message));
          break;
        default:
          rssBytes = report.rssBytes;
          hear(report);
      }
    };
    listen();
    return {
      peakBytes: () => rssBytes,
      ask: (folder, work, read) =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) end(new Cancelled());
          if (ended) throw ended;
          stop = reject;
          hear = (report) => {
            const answer = read(report);
            if (answer !== undefined) resolve(answer);
          };
          asked = { ...work, folder };
          child.send(asked);
        }),
      dismiss: () => dismiss(child, rssBytes),
      leave() {
        child.removeAllListeners();
        leave(child);
      },
      kill() {
        child.removeAllListeners();
        child.kill('SIGKILL');
      },
    };
  }

  /** The bill is read by a process of its own, beside the one that reads the day's rows and compares them. */
  async function work<Value>(watch: Watch, doAll: (place: Workplace) => Promise<Value>): Promise<Value> {
    const atWork = new Set<Employed>();
    const take = (): Employed => {
      const taken = employ(watch);
      atWork.add(taken);
      return taken;
    };
    let comparing: Employed | undefined;
    let holdsDay = false;
    let importPeak = 0;
    let comparisons = 0;

    try {
      const value = await inFolder((folder) =>
        doAll({
          async importBill(task, question) {
            let reading: Promise<true> | undefined;
            if (question) {
              comparing ??= take();
              holdsDay = true;
              reading = comparing.ask(folder, { kind: 'open', question, database }, (report) =>
                report.kind === 'opened' ? true : undefined,
              );
              // What goes wrong is said below, after what is wrong with the bill.
              reading.catch(() => undefined);
            }
            const importing = take();
            const sums = await importing.ask(folder, { kind: 'import', task }, (report) =>
              report.kind === 'imported' ? report.sums : undefined,
            );
            importPeak = importing.peakBytes();
            importing.dismiss();
            atWork.delete(importing);
            if (reading) watch.onProgress?.('extracting', 0);
            await reading;
            importPeak += comparing?.peakBytes() ?? 0;
            return sums;
          },
          compareDay(task, anew = false) {
            comparing ??= take();
            holdsDay = false;
            comparisons += 1;
            const cases = path.join(folder, `cases-${comparisons}`);
            return comparing.ask(folder, { kind: 'compare', task, database, anew, cases }, (report) =>
              report.kind === 'compared' ? { ...report.outcome, cases: () => casesIn(cases) } : undefined,
            );
          },
        }),
      );
      watch.onPeak?.(Math.max(importPeak, comparing?.peakBytes() ?? 0));
      if (holdsDay) comparing?.leave();
      else comparing?.dismiss();
      return value;
    } catch (error) {
      // Whatever they are still at, nobody wants it any more.
      for (const each of atWork) each.kill();
      throw error;
    }
  }

  return {
    keepLines: keep,
    keepFlows,
    work,
    importBill: (task) => work({}, (place) => place.importBill(task)),
    findLines: find,
    look,
    close: () => [...idle].forEach(leave),
  };
}
