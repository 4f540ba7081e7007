import { businessDayBounds, type DayRule, dateValue, toColumns, toMinor } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { hisIncome, liveFigures, platformIncome } from '../facts';
import { unhandled } from '../handling/states';
import { merchantRow, readRow, readRows } from '../rows';
import { type LateRefunds, lockedStates } from './ledger';
import { type Period, partsOf } from './periods';

export const checkCodes = [
  'missing_runs',
  'missing_bills',
  'stale_runs',
  'open_cases',
  'unknown_orders',
  'unknown_refunds',
  'his_backlog',
  'open_shifts',
  'open_parts',
] as const;
type CheckCode = (typeof checkCodes)[number];

/** One thing to be settled before a period is closed. `names` are accounts, payment types or periods. */
export interface CheckItem {
  code: CheckCode;
  isClean: boolean;
  count: number;
  /** How many are let pass. */
  allowed: number;
  names: string[];
}

const item = (code: CheckCode, count: number, names: string[] = [], allowed = 0): CheckItem => ({
  code,
  isClean: count <= allowed,
  count,
  allowed,
  names,
});
const named = (code: CheckCode, names: string[]): CheckItem => item(code, names.length, names);

const merchant = merchantRow.extend({
  closingOpenCases: z
    .number()
    .nullable()
    .transform((value) => value ?? 0),
});
const latestRun = z.object({ accountCode: z.string(), status: z.string(), errorCode: z.string().nullable() });
const totalRow = z.object({ payType: z.string(), hisFen: z.number(), platformFen: z.number() });

/** What is still missing before the period can be closed with a good conscience. */
export async function checklistFor(
  db: Knex,
  lateRefunds: LateRefunds,
  merchantCode: string,
  period: Period,
): Promise<CheckItem[]> {
  const stored = readRow(merchant, await db('merchants').where({ code: merchantCode }).first());
  const allowed = stored?.closingOpenCases ?? 0;
  const rule = { zone: stored?.zone ?? 'Asia/Shanghai', dayCutoff: stored?.dayCutoff ?? '00:00' };
  const { kind, firstDay, lastDay } = period;
  const cases = await count(
    db('discrepancies')
      .where({ merchant_code: merchantCode })
      // What was carried forward is the business of the day to which it was carried.
      .where((due) =>
        due
          .where((own) => own.whereNull('carried_to').whereBetween('date', [firstDay, lastDay]))
          .orWhereBetween('carried_to', [firstDay, lastDay]),
      )
      .whereIn('status', [...unhandled]),
  );
  if (kind === 'day') {
    return [
      ...(await runChecks(db, merchantCode, firstDay)),
      await staleRuns(db, lateRefunds, merchantCode, firstDay),
      item('open_cases', cases, [], allowed),
      ...(await unsettled(db, merchantCode, firstDay, rule)),
    ];
  }
  const parts = partsOf(period);
  const rows: unknown = await db('closings')
    .where({ merchant_code: merchantCode, kind: kind === 'month' ? 'day' : 'month' })
    .whereBetween('first_day', [firstDay, lastDay])
    .whereIn('status', [...lockedStates])
    .select('period');
  const closed = new Set(readRows(z.object({ period: z.string() }), rows).map((row) => row.period));
  return [
    named(
      'open_parts',
      parts.map((part) => part.period).filter((name) => !closed.has(name)),
    ),
    item('open_cases', cases, [], allowed),
  ];
}

async function count(query: Knex.QueryBuilder): Promise<number> {
  return toMinor(z.object({ count: z.unknown() }).parse(await query.count({ count: '*' }).first()).count);
}

/** Accounts that are enabled or had business need a run of the day that has read its bill. */
async function runChecks(db: Knex, merchantCode: string, date: string): Promise<CheckItem[]> {
  const day = (table: string) =>
    db(table).whereRaw(`${table}.account_code = channel_accounts.code`).where({ settled_on: date });
  const accounts = readRows(
    z.object({ code: z.string() }),
    await db('channel_accounts')
      .where({ merchant_code: merchantCode })
      .where((needed) =>
        needed
          .where(toColumns(db, { enabled: true }))
          .orWhereExists(day('orders').select(db.raw('1')))
          .orWhereExists(day('refunds').select(db.raw('1'))),
      )
      .orderBy('code')
      .select('code'),
  );
  const runs = readRows(
    latestRun,
    await db('reconciliation_runs')
      .where({ merchant_code: merchantCode, date })
      .whereNot({ status: 'cancelled' })
      .orderBy(['created_time', 'id'])
      .select('account_code', 'status', 'error_code'),
  );
  const latest = new Map(runs.map((run) => [run.accountCode, run]));
  const without = accounts.filter(({ code }) => latest.get(code)?.status !== 'done').map(({ code }) => code);
  const waitsForBill = (code: string): boolean => {
    const run = latest.get(code);
    return run?.status === 'deferred' || (run?.errorCode ?? '').startsWith('BILL_');
  };
  return [
    named(
      'missing_runs',
      without.filter((code) => !waitsForBill(code)),
    ),
    named('missing_bills', without.filter(waitsForBill)),
  ];
}

/** Payment types whose entries have changed since the run that closed the day. */
async function staleRuns(
  db: Knex,
  lateRefunds: LateRefunds,
  merchantCode: string,
  date: string,
): Promise<CheckItem> {
  const days = { from: date, to: date };
  const totals = readRows(
    totalRow,
    await db('daily_totals')
      .where({ merchant_code: merchantCode, date })
      .groupBy('pay_type')
      .select('pay_type')
      .sum({ his_fen: 'his_fen', platform_fen: 'platform_fen' }),
  );
  const late = await lateRefunds(db, [merchantCode], days);
  const live = await liveFigures(db, [merchantCode], days, ['payType'], late);
  const changed = totals.filter(({ payType, hisFen, platformFen }) => {
    const now = live.find((line) => line.payType === payType);
    return (now ? hisIncome(now) : 0) !== hisFen || (now ? platformIncome(now) : 0) !== platformFen;
  });
  return named(
    'stale_runs',
    changed.map(({ payType }) => payType),
  );
}

/** Orders and refunds whose end nobody knows, and payments that HIS has not confirmed. */
async function unsettled(db: Knex, merchantCode: string, date: string, rule: DayRule): Promise<CheckItem[]> {
  const { start, end } = businessDayBounds(date, rule);
  const within = (table: string, column: string) =>
    db(table)
      .where({ merchant_code: merchantCode })
      .where(column, '>=', dateValue(db, start))
      .where(column, '<', dateValue(db, end));
  return [
    item(
      'unknown_orders',
      await count(within('orders', 'created_time').whereIn('status', ['created', 'pending', 'unknown'])),
    ),
    item(
      'unknown_refunds',
      await count(
        within('refunds', 'requested_at').whereIn('status', ['requested', 'processing', 'unknown']),
      ),
    ),
    item(
      'his_backlog',
      await count(
        db('orders').where({ merchant_code: merchantCode, settled_on: date, his_state: 'waiting' }),
      ),
    ),
    // Told, not held against the day: not every house closes shifts.
    item(
      'open_shifts',
      await count(within('shifts', 'opened_at').whereIn('status', ['open', 'closed'])),
      [],
      Number.MAX_SAFE_INTEGER,
    ),
  ];
}
