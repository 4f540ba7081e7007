import { columnOf } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';
import {
  type DayFigure,
  type Days,
  type Dimension,
  type LateRefund,
  liveFigures,
  readFigures,
} from '../facts';

/** A closing in one of these states locks its period: reopening that nobody has confirmed yet changes nothing. */
export const lockedStates = ['closed', 'reopening'] as const;

const dayRow = z.object({ merchant_code: z.string(), period: z.string() });

/** The closed days of these, as `merchantCode date`. */
export async function lockedDays(db: Knex, scope: string[] | null, { from, to }: Days): Promise<Set<string>> {
  const query = db('closings')
    .where({ kind: 'day' })
    .whereBetween('period', [from, to])
    .whereIn('status', [...lockedStates])
    .select('merchant_code', 'period');
  const rows: unknown = await (scope === null ? query : query.whereIn('merchant_code', scope));
  return new Set(
    z
      .array(dayRow)
      .parse(rows)
      .map(({ merchant_code: merchant, period }) => `${merchant} ${period}`),
  );
}

export async function isLocked(db: Knex, merchantCode: string, date: string): Promise<boolean> {
  return (await lockedDays(db, [merchantCode], { from: date, to: date })).size > 0;
}

/**
 * Whoever is about to change a figure of a business day asks this first, with the day on which the money *counts*:
 * a run and the upload of a bill with the day they are about, the settlement of a case with the day of `resolvedAt`
 * (today's for a new one; the stored one when a settlement is taken back). A day of a closed month or year is itself
 * closed, so that the day is all there is to ask about. `date` is yyyy-MM-dd, in the merchant's business days.
 *
 * Pass a transaction as `db` after `holdPeriods`, where a closing must not come in between.
 *
 * @throws PERIOD_CLOSED (409) with `{ merchantCode, date }`
 */
export async function assertOpen(db: Knex, merchantCode: string, date: string): Promise<void> {
  if (await isLocked(db, merchantCode, date)) throw fail('PERIOD_CLOSED', { merchantCode, date });
}

/** Keeps the merchant's periods as they are until the transaction ends; `to: 'close'` waits for everybody else. */
export async function holdPeriods(trx: Knex, merchantCode: string, to: 'write' | 'close'): Promise<void> {
  const merchant = trx('merchants').where({ code: merchantCode }).select('id');
  await (to === 'close' ? merchant.forUpdate() : merchant.forShare());
}

/** The rows that count: of a closing that stands, or an adjustment that waits for the closing of its day. */
export function standingFigures(db: Knex): Knex.QueryBuilder {
  return db('closing_figures as f').where((standing) =>
    standing.whereNull('f.closing_no').orWhereExists(
      db('closings')
        .whereRaw('closings.closing_no = f.closing_no')
        .whereIn('status', [...lockedStates])
        .select(db.raw('1')),
    ),
  );
}

/** What closings froze on these days, with the adjustments booked on them, added up by these dimensions. */
export async function frozenFigures(
  db: Knex,
  scope: string[] | null,
  { from, to }: Days,
  by: readonly Dimension[],
  only: 'all' | 'adjustments' = 'all',
): Promise<DayFigure[]> {
  const columns = ['date', ...by.map(columnOf)];
  const query = standingFigures(db).whereBetween('date', [from, to]).groupBy(columns).select(columns);
  for (const name of ['taken', 'refunded', 'his_charged', 'his_refunded']) {
    query.sum({ [`${name}_fen`]: `${name}_fen`, [`${name}_count`]: `${name}_count` });
  }
  query.sum({ abnormal_refund_fen: 'abnormal_refund_fen' });
  if (scope !== null) query.whereIn('f.merchant_code', scope);
  if (only === 'adjustments') query.whereNotNull('concerns_date');
  return readFigures(await query);
}

/** Which refunds of these days are no business of their day. */
export type LateRefunds = (db: Knex, scope: string[] | null, days: Days) => Promise<LateRefund[]>;

/**
 * The books: closed days as they were frozen, open days as they stand now, and what came in late for a closed day on
 * the day on which it was booked. Every figure by any dimension is added up from these.
 */
export async function bookFigures(
  db: Knex,
  lateRefunds: LateRefunds,
  scope: string[] | null,
  days: Days,
  by: readonly Dimension[],
): Promise<DayFigure[]> {
  const withMerchant: readonly Dimension[] = by.includes('merchantCode') ? by : ['merchantCode', ...by];
  const locked = await lockedDays(db, scope, days);
  const isOpen = ({ merchantCode, date }: { merchantCode: string; date: string }): boolean =>
    !locked.has(`${merchantCode} ${date}`);
  const open = await openDays(db, scope, days, locked);
  const live = open
    ? await liveFigures(db, scope, open, withMerchant, await lateRefunds(db, scope, open))
    : [];
  return [...live.filter(isOpen), ...(await frozenFigures(db, scope, days, withMerchant))];
}

/** From the first to the last day that some merchant has not closed: closed ones need not be added up again. */
export async function openDays(
  db: Knex,
  scope: string[] | null,
  { from, to }: Days,
  locked: Set<string>,
): Promise<Days | undefined> {
  if (locked.size === 0) return { from, to };
  const query = db('merchants').select('code');
  const rows: unknown = await (scope === null ? query : query.whereIn('code', scope));
  const merchants = z.array(z.object({ code: z.string() })).parse(rows);
  const open = daysOf({ from, to }).filter((date) =>
    merchants.some(({ code }) => !locked.has(`${code} ${date}`)),
  );
  const [first] = open;
  const last = open.at(-1);
  return first === undefined || last === undefined ? undefined : { from: first, to: last };
}

export function daysOf({ from, to }: Days): string[] {
  const days: string[] = [];
  for (let at = Date.parse(from); at <= Date.parse(to); at += 86_400_000) {
    days.push(new Date(at).toISOString().slice(0, 10));
  }
  return days;
}
