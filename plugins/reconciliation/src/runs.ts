import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { isPlatformError } from '@hospital-pay/errors';
import type { Clock, Queue } from '@hospital-pay/jobs';
import {
  type Bill,
  BillError,
  businessDay,
  businessDayBounds,
  type ConnectedAccount,
  completeRow,
  dateValue,
  isPostgres,
  type Payments,
  shiftDay,
  toColumns,
} from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { BillArchive, Receipt } from './bills/archive';
import { billDueAt } from './bills/schedule';
import { assertOpen, isLocked, lockedDays } from './closings/ledger';
import type { DayTask } from './engine/day';
import { Cancelled, type Engine, type Watch } from './engine/engine';
import { fail } from './errors';
import type { Realtime } from './realtime';
import { accountRow, merchantRow, readRow, readRows, type StoredAccount } from './rows';
import { settingsFor } from './rule-book';
import { matchSettings, type Settings } from './rules';
import { writeDay } from './write-back';

const statuses = [
  'queued',
  'downloading',
  'matching',
  'writing',
  'deferred',
  'done',
  'failed',
  'cancelled',
] as const;
export type RunStatus = (typeof statuses)[number];
const underWay: RunStatus[] = ['downloading', 'matching', 'writing'];
/** Once results are being written, the run is as good as done. */
const cancellable: RunStatus[] = ['queued', 'deferred', 'downloading', 'matching'];

const runRow = z.object({
  runNo: z.string(),
  merchantCode: z.string(),
  channel: z.string(),
  accountCode: z.string(),
  date: z.string(),
  status: z.enum(statuses),
  stage: z.string().nullable(),
  done: z.number().nullable(),
  counts: z.record(z.string(), z.unknown()).nullable().catch(null),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  fileName: z.string().nullable(),
  lineNo: z.number().nullable(),
  nextAt: z.date().nullable(),
  requestedBy: z.string().nullable(),
  createdTime: z.date(),
  finishedAt: z.date().nullable(),
});
export type Run = z.output<typeof runRow>;

export interface Runs {
  /**
   * Queues the reconciliation of one account, or of every account that is enabled or had business, for a day. The day may still be going on:
   * what can be told by then is told, and the T+1 run says the last word. Accounts whose merchant has closed the day
   * are left out.
   * @throws PERIOD_CLOSED when that leaves none
   */
  request(input: {
    date: string;
    accountCode?: string | undefined;
    requestedBy: string;
    merchantCodes?: string[] | null;
  }): Promise<Run[]>;
  /** Runs it here and now; a run that is already under way elsewhere is left alone. */
  execute(runNo: string): Promise<Run>;
  get(runNo: string): Promise<Run | undefined>;
  /** Ends a run that is not writing yet; nothing of it remains but what the archive keeps. @throws RUN_NOT_CANCELLABLE */
  cancel(runNo: string, by: string): Promise<Run>;
  /** A day as a run would compare it under these settings, with the bills that are archived and none that would have to be fetched. */
  storedDay(account: StoredAccount, date: string, settings: Settings): Promise<DayTask>;
  /** Requests yesterday's runs once the bill hour has come, and wakes runs that wait or were cut off. */
  sweep(): Promise<void>;
}

const progressEveryMs = 1000;
/** A run whose row has not moved for this long died with its process. */
const abandonedAfterMs = 2 * 60_000;
const unavailableRetryMinutes = 10;
const othersWriteMs = 200;

export interface RunsOptions {
  db: Knex;
  clock: Clock;
  queue: Queue;
  payments: {
    accounts: Pick<Payments['accounts'], 'connect'>;
    orders: Pick<Payments['orders'], 'query'>;
    events: Payments['events'];
  };
  archive: BillArchive;
  engine: Engine;
  realtime: Realtime;
}

export function createRuns({ db, clock, queue, payments, archive, engine, realtime }: RunsOptions): Runs {
  const runs = () => db('reconciliation_runs');
  const stopping = new Map<string, AbortController>();

  async function get(runNo: string): Promise<Run | undefined> {
    return readRow(runRow, await runs().where({ run_no: runNo }).first());
  }

  async function accounts(where: Record<string, string>): Promise<StoredAccount[]> {
    return readRows(accountRow, await db('channel_accounts').where(where).orderBy('code'));
  }

  async function dayRules(): Promise<Map<string, { zone: string; dayCutoff: string }>> {
    const merchants = readRows(merchantRow, await db('merchants').select('code', 'zone', 'day_cutoff'));
    return new Map(merchants.map((merchant) => [merchant.code, merchant]));
  }
  const china = { zone: 'Asia/Shanghai', dayCutoff: '00:00' };

  /** The run that waits already, or a new one. */
  async function request(account: StoredAccount, date: string, requestedBy: string): Promise<Run> {
    const waiting = readRow(
      runRow,
      await runs().where({ account_code: account.code, date, status: 'queued' }).first(),
    );
    return waiting ?? (await create(account, date, requestedBy));
  }

  async function create(account: StoredAccount, date: string, requestedBy: string): Promise<Run> {
    const now = clock.now();
    const runNo = `R${date.replaceAll('-', '')}${randomBytes(5).toString('hex').toUpperCase()}`;
    await runs().insert(
      completeRow(
        db,
        {
          runNo,
          merchantCode: account.merchantCode,
          channel: account.channel,
          accountCode: account.code,
          date,
          status: 'queued',
          requestedBy,
          createdTime: now,
        },
        now,
      ),
    );
    const run = await get(runNo);
    if (!run) throw new Error(`run ${runNo} vanished`);
    await wake(run);
    return run;
  }

  const wake = (run: Pick<Run, 'runNo' | 'accountCode' | 'date'>): Promise<void> =>
    queue.add(
      'reconcile',
      { runNo: run.runNo },
      { id: `reconcile:${run.runNo}`, key: `reconcile:${run.accountCode}` },
    );

  async function move(runNo: string, from: RunStatus[], changes: Record<string, unknown>): Promise<boolean> {
    const moved = await runs()
      .where({ run_no: runNo })
      .whereIn('status', from)
      .update(toColumns(db, { ...changes, updatedAt: clock.now() }));
    return moved > 0;
  }

  async function execute(runNo: string): Promise<Run> {
    const started = {
      status: 'downloading',
      stage: 'downloading',
      done: null,
      startedAt: clock.now(),
      nextAt: null,
      errorCode: null,
      errorMessage: null,
      fileName: null,
      lineNo: null,
    };
    const isMine = await move(runNo, ['queued', 'deferred'], started);
    const run = await get(runNo);
    if (!run) throw new Error(`no run ${runNo}`);
    if (!isMine) return run;
    const stop = new AbortController();
    stopping.set(runNo, stop);
    const course = follow(runNo, stop);
    try {
      await reconcile(run, course);
    } catch (error) {
      if (!(error instanceof Cancelled)) await give(run, course.fileName, error);
    } finally {
      course.end();
      stopping.delete(runNo);
    }
    return (await get(runNo)) ?? run;
  }

  /** Where a run is, on its row; a row that somebody has ended stops it, in whatever process it runs. */
  function follow(runNo: string, stop: AbortController): Course {
    const at: { stage: string; done: number | null } = { stage: 'downloading', done: null };
    const tell = async (): Promise<void> => {
      if (!(await move(runNo, underWay, { ...at }))) stop.abort();
    };
    const beat = setInterval(() => {
      tell().catch(() => undefined);
    }, progressEveryMs).unref();
    const watch: Watch = {
      signal: stop.signal,
      onProgress(stage, done) {
        at.stage = stage;
        at.done = done;
      },
      onPeak(bytes) {
        course.peakBytes = Math.max(course.peakBytes, bytes);
      },
    };
    const course: Course = {
      watch,
      peakBytes: 0,
      fileName: null,
      milliseconds: {},
      /** Tells the stage at once, so that a run that fails says where. */
      async enter(stage: string): Promise<void> {
        at.stage = stage;
        at.done = null;
        await tell();
        if (stop.signal.aborted) throw new Cancelled();
      },
      end: () => clearInterval(beat),
    };
    return course;
  }

  async function give(run: Run, fileName: string | null, error: unknown): Promise<void> {
    if (error instanceof BillError && error.code === 'UNAVAILABLE' && error.lineNo === undefined) {
      await defer(run, unavailableRetryMinutes, `BILL_${error.code}`, error.message);
      return;
    }
    const known = isPlatformError(error) ? error.code : 'INTERNAL';
    const errorCode = error instanceof BillError ? `BILL_${error.code}` : known;
    const errorMessage = error instanceof Error ? error.message : String(error);
    const lineNo = error instanceof BillError ? (error.lineNo ?? null) : null;
    await move(run.runNo, underWay, {
      status: 'failed',
      errorCode,
      errorMessage,
      fileName: error instanceof BillError ? fileName : null,
      lineNo,
      counts: lineNo === null ? null : { lineNo },
      finishedAt: clock.now(),
    });
    payments.events.emit('alarm', {
      kind: 'reconciliation_failed',
      level: 'critical',
      zh: `对账失败: ${run.accountCode} ${run.date} ${errorCode}`,
      en: `Reconciliation failed: ${run.accountCode} ${run.date} ${errorCode}`,
      orderNo: null,
      dedupeKey: `run:${run.runNo}`,
      about: run.accountCode,
    });
  }

  async function defer(
    run: Run,
    minutes: number,
    errorCode: string | null,
    errorMessage: string | null,
  ): Promise<void> {
    const delay = minutes * 60_000;
    await move(run.runNo, ['downloading'], {
      status: 'deferred',
      nextAt: new Date(clock.now().getTime() + delay),
      errorCode,
      errorMessage,
    });
  }

  async function reconcile(run: Run, course: Course): Promise<void> {
    const [account] = await accounts({ code: run.accountCode });
    if (!account) throw fail('ACCOUNT_UNKNOWN', { accountCode: run.accountCode });
    await assertOpen(db, account.merchantCode, run.date);
    const connected = await payments.accounts.connect(account.code);
    // A file that a person gave stands in for the download.
    const uploaded = await archive.uploaded(account.code, run.date);
    const bill: Bill | undefined = uploaded ? undefined : await connected.driver.bill?.(run.date);
    if (bill?.kind === 'not-ready') {
      await defer(run, bill.retryAfterMinutes, null, null);
      return;
    }
    const { watch, milliseconds } = course;
    const timed = async <Value>(stage: string, work: () => Promise<Value>): Promise<Value> => {
      const started = performance.now();
      const value = await work();
      milliseconds[stage] = Math.round(performance.now() - started);
      return value;
    };
    if (bill?.kind === 'ready') course.fileName = bill.file.name;
    await course.enter('importing');
    const written = await engine.work(watch, async (place) => {
      const question = {
        merchantCode: account.merchantCode,
        channel: account.channel,
        accountCode: account.code,
        currency: connected.currency,
        date: run.date,
      };
      const importBill: Engine['importBill'] = (file) => place.importBill(file, question);
      const kept = uploaded
        ? { kind: 'file' as const, path: uploaded.parquet }
        : await timed('importing', () => keep(account, run, bill, importBill));
      const settings = await settingsFor(db, questionOf(account, run.date));
      const task = await dayTask(run, account, connected, kept, settings);
      if (!(await move(run.runNo, ['downloading'], { status: 'matching' }))) throw new Cancelled();
      const hasAsked = await askAboutOpenOrders(account, task.bill);
      let outcome = await place.compareDay(task, hasAsked);
      // The order's own page and its cases speak first; the day's cases then leave out what they already name.
      if (outcome.stale.length > 0) {
        await realtime.orders(outcome.stale);
        outcome = await place.compareDay(task);
      }
      const { cases, totals, ...rest } = outcome;
      await beginWriting(run);
      const day = { account, date: run.date, runNo: run.runNo, currency: connected.currency };
      await timed('writing', () => writeDay(db, day, cases, totals, clock.now()));
      return { ...rest, totals, bill: task.bill, suspenseDays: settings.suspenseDays };
    });
    // Before the run is done: one that ends here is repeated, and asks for those days again.
    await settleAround(account, run.date, written.suspenseDays);
    await move(run.runNo, ['writing'], {
      status: 'done',
      stage: null,
      counts: {
        ...written.counts,
        ...written.totals,
        milliseconds: { ...milliseconds, ...written.milliseconds },
        peakBytes: course.peakBytes,
        bill: written.bill.kind === 'file' ? 'ready' : written.bill.kind,
      },
      finishedAt: clock.now(),
    });
  }

  /** Where a day is written in pieces, one run of it at a time writes; see `writeDay`. */
  async function beginWriting({ runNo, accountCode, date }: Run): Promise<void> {
    const begun = { status: 'writing', stage: 'writing', done: null };
    if (isPostgres(db)) {
      if (!(await move(runNo, ['matching'], begun))) throw new Cancelled();
      return;
    }
    const day = { account_code: accountCode, date, status: 'writing' };
    for (;;) {
      const now = clock.now();
      const moved = await runs()
        .where({ run_no: runNo, status: 'matching' })
        .whereNotExists(runs().where(day).select(db.raw('1')))
        .update(toColumns(db, { ...begun, writingAt: now, updatedAt: now }));
      if (moved === 1) return;
      if ((await get(runNo))?.status !== 'matching') throw new Cancelled();
      await sleep(othersWriteMs);
    }
  }

  async function keep(
    account: StoredAccount,
    { date, requestedBy }: Pick<Run, 'date' | 'requestedBy'>,
    bill: Exclude<Bill, { kind: 'not-ready' }> | undefined,
    importBill: Engine['importBill'],
  ): Promise<DayTask['bill']> {
    if (!bill) return { kind: 'none' };
    switch (bill.kind) {
      case 'empty':
        return { kind: 'empty' };
      case 'ready':
        return {
          kind: 'file',
          path: (await archive.keep(account, date, bill, receiptOf(requestedBy, clock.now()), importBill))
            .parquet,
        };
      default:
        return bill satisfies never;
    }
  }

  async function dayTask(
    { date }: Pick<Run, 'date'>,
    account: StoredAccount,
    connected: ConnectedAccount,
    bill: DayTask['bill'],
    settings: Settings,
  ): Promise<DayTask> {
    const { suspenseDays } = settings;
    const nearby: DayTask['nearby'] = [];
    for (let apart = -suspenseDays; apart <= suspenseDays; apart++) {
      const day = shiftDay(date, apart);
      const kept = apart === 0 ? undefined : await archive.latest(account.code, day);
      if (kept) nearby.push({ date: day, path: kept.parquet });
    }
    const next = shiftDay(date, 1);
    const today = businessDay(clock.now(), (await dayRules()).get(account.merchantCode) ?? china);
    return {
      account,
      currency: connected.currency,
      bill,
      nearby,
      isInsurer: connected.manifest.insurance !== undefined,
      rules: {
        date,
        ...channelDay(connected, date),
        ...matchSettings(settings),
        isSuspended: today < shiftDay(date, suspenseDays),
        nextBillKnown: nearby.some((each) => each.date === next) || (await wasEmpty(account.code, next)),
        billKnown: bill.kind !== 'none',
      },
    };
  }

  /** A day without business has no file in the archive, yet its bill is known: a run found it empty. */
  async function wasEmpty(accountCode: string, date: string): Promise<boolean> {
    const done = readRows(
      z.object({ counts: z.object({ bill: z.string() }).partial().nullable().catch(null) }),
      await runs().where({ account_code: accountCode, date, status: 'done' }).select('counts'),
    );
    return done.some(({ counts }) => counts?.bill === 'empty');
  }

  /**
   * The bill is final: orders that it names and that are still open here are asked about once more. Says whether there
   * were any.
   */
  async function askAboutOpenOrders(account: StoredAccount, bill: DayTask['bill']): Promise<boolean> {
    if (bill.kind !== 'file') return false;
    const open = readRows(
      z.object({ orderNo: z.string(), attemptNo: z.string().nullable() }),
      await db('orders')
        .leftJoin('attempts', 'attempts.order_no', 'orders.order_no')
        .where({ 'orders.account_code': account.code })
        .whereIn('orders.status', ['created', 'pending', 'unknown'])
        .select('orders.order_no', 'attempts.attempt_no'),
    );
    const orderOf = new Map(
      open.flatMap(({ orderNo, attemptNo }) => [
        [orderNo, orderNo],
        [attemptNo ?? orderNo, orderNo],
      ]),
    );
    if (orderOf.size === 0) return false;
    const lines = await engine.findLines(bill.path, [...orderOf.keys()]);
    const named = new Set(lines.flatMap((line) => orderOf.get(line.orderNo) ?? []));
    for (const orderNo of named) {
      await payments.orders.query({ orderNo }, { kind: 'system' }).catch(() => undefined);
    }
    return named.size > 0;
  }

  /**
   * Payments of the days before waited for this bill, and it may hold some that were given up as missing: the days
   * that still say otherwise are run again.
   */
  async function settleAround(account: StoredAccount, date: string, suspenseDays: number): Promise<void> {
    // This run's, and those that ended before they were done and after which none was.
    const unsettledRuns = db('reconciliation_runs as begun')
      .where({ 'begun.account_code': account.code, 'begun.date': date })
      .whereNot('begun.status', 'done')
      .whereNotExists(
        db('reconciliation_runs as whole')
          .where({ 'whole.account_code': account.code, 'whole.date': date, 'whole.status': 'done' })
          .whereRaw('whole.finished_at > begun.finished_at')
          .select(db.raw('1')),
      )
      .select('begun.run_no');
    // The payments of which one day has the order and another one the bill's line.
    const late = db('discrepancies')
      .where({ account_code: account.code, date, source: 't1', leg: 'channel', kind: 'in_transit' })
      .whereIn('run_no', unsettledRuns)
      .select('order_no');
    const open = { account_code: account.code, status: 'open', source: 't1', leg: 'channel' };
    const days: string[] = await db('discrepancies')
      .where(open)
      .whereBetween('date', [shiftDay(date, -suspenseDays), shiftDay(date, suspenseDays)])
      .whereNot({ date })
      .where((either) => {
        either
          .where((waiting) => waiting.where({ kind: 'in_transit' }).where('date', '<', date))
          .orWhereIn('order_no', late);
      })
      .distinct()
      .orderBy('date')
      .pluck('date');
    for (const day of days) {
      if (!(await isLocked(db, account.merchantCode, day))) await request(account, day, 'system');
    }
  }

  /** What an account took or gave back before it was disabled is reconciled all the same, until nothing waits. */
  async function hadBusiness(accountCode: string, date: string): Promise<boolean> {
    const where = { account_code: accountCode, settled_on: date };
    const found: unknown =
      (await db('orders').where(where).first('id')) ??
      (await db('refunds').where(where).first('id')) ??
      (await db('discrepancies')
        .where({ account_code: accountCode, status: 'open', source: 't1', kind: 'in_transit' })
        .first('id'));
    return found !== undefined;
  }

  return {
    get,
    execute,

    async cancel(runNo, by) {
      const ended = { status: 'cancelled', cancelledBy: by, nextAt: null, finishedAt: clock.now() };
      const isCancelled = await move(runNo, cancellable, ended);
      const run = await get(runNo);
      if (!run) throw fail('RUN_NOT_FOUND', { runNo });
      if (!isCancelled) throw fail('RUN_NOT_CANCELLABLE', { runNo, status: run.status });
      stopping.get(runNo)?.abort();
      return run;
    },

    async storedDay(account, date, settings) {
      const rules = await dayRules();
      if (date > businessDay(clock.now(), rules.get(account.merchantCode) ?? china))
        throw fail('DATE_IN_FUTURE', { date });
      const kept = await archive.latest(account.code, date);
      const none = (await wasEmpty(account.code, date)) ? ('empty' as const) : ('none' as const);
      const bill = kept ? { kind: 'file' as const, path: kept.parquet } : { kind: none };
      return dayTask({ date }, account, await payments.accounts.connect(account.code), bill, settings);
    },

    async request({ date, accountCode, requestedBy, merchantCodes = null }) {
      const found = await accounts(accountCode === undefined ? {} : { code: accountCode });
      const visible = found.filter(
        (account) => merchantCodes === null || merchantCodes.includes(account.merchantCode),
      );
      if (accountCode !== undefined && visible.length === 0) throw fail('ACCOUNT_UNKNOWN', { accountCode });
      const rules = await dayRules();
      const closed = await lockedDays(db, null, { from: date, to: date });
      const isClosed = (account: StoredAccount) => closed.has(`${account.merchantCode} ${date}`);
      if (visible.length > 0 && visible.every(isClosed)) throw fail('PERIOD_CLOSED', { date });
      const requested: Run[] = [];
      for (const account of visible.filter((each) => !isClosed(each))) {
        if (accountCode === undefined && !account.enabled && !(await hadBusiness(account.code, date)))
          continue;
        if (date > businessDay(clock.now(), rules.get(account.merchantCode) ?? china))
          throw fail('DATE_IN_FUTURE', { date });
        requested.push(await request(account, date, requestedBy));
      }
      return requested;
    },

    async sweep() {
      const now = clock.now();
      const rules = await dayRules();
      for (const account of await accounts({})) {
        const rule = rules.get(account.merchantCode) ?? china;
        const today = businessDay(now, rule);
        const yesterday = shiftDay(today, -1);
        const connected = await payments.accounts.connect(account.code).catch(() => undefined);
        if (now < billDueAt(yesterday, rule, connected?.manifest)) continue;
        if (!account.enabled && !(await hadBusiness(account.code, yesterday))) continue;
        if (await isLocked(db, account.merchantCode, yesterday)) continue;
        const existing: unknown = await runs()
          .where({ account_code: account.code, date: yesterday })
          .where('created_time', '>=', dateValue(db, businessDayBounds(today, rule).start))
          .first('id');
        if (!existing) await create(account, yesterday, 'system');
      }
      const abandoned = new Date(now.getTime() - abandonedAfterMs);
      await runs()
        .whereIn('status', underWay)
        .where('updated_at', '<', dateValue(db, abandoned))
        .update(toColumns(db, { status: 'queued', updatedAt: now }));
      const due: unknown = await runs()
        .where({ status: 'queued' })
        .orWhere((deferred) =>
          deferred.where({ status: 'deferred' }).where('next_at', '<=', dateValue(db, now)),
        )
        .orderBy('created_time')
        .limit(100);
      for (const run of readRows(runRow, due)) await wake(run);
    },
  };
}

const receiptOf = (requestedBy: string | null, at: Date): Receipt =>
  requestedBy === null || requestedBy === 'system'
    ? { at, source: 'schedule', by: 'system' }
    : { at, source: 'run', by: requestedBy };

/** What a run under way knows of itself. */
interface Course {
  watch: Watch;
  /** The most memory that its work took. */
  peakBytes: number;
  /** The bill it reads. */
  fileName: string | null;
  milliseconds: Record<string, number>;
  enter(stage: string): Promise<void>;
  end(): void;
}

/** What the rules are asked for an account's day: a bill knows no business type. */
export const questionOf = ({ merchantCode, channel }: StoredAccount, date: string) => ({
  merchantCode,
  channel,
  bizType: null,
  date,
});

/** The day as the channel cuts it. */
function channelDay(connected: ConnectedAccount, date: string): { dayStart: number; dayEnd: number } {
  const { start, end } = businessDayBounds(date, { zone: connected.zone, dayCutoff: '00:00' });
  return { dayStart: start.getTime(), dayEnd: end.getTime() };
}
