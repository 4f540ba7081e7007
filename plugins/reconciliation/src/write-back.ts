import { types } from 'node:util';
import { columnOf, completeRow, formatAmount, isPostgres, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { type CaseDraft, type CaseKind, caseKey, caseNoOf, remarkOf } from './cases';
import { assertOpen, holdPeriods } from './closings/ledger';
import { knownCurrency } from './currency';
import { tellTouched } from './handling/history';
import { caseStatuses } from './handling/states';
import type { MatchResult, MatchRules, MatchTotals } from './match';
import { withAmounts, withDays } from './remarks';
import { among, pieces, readRow, readRows, type StoredAccount, type StoredOrder } from './rows';
import type { DaySources } from './source-rows';
import { inTurns, type Turn } from './turns';

/** A T+1 case together with how it stands: what explains itself is written closed, so that it still explains the day. */
export interface DayCase extends Omit<CaseDraft, 'currency'> {
  status: 'open' | 'void' | 'resolved';
  resolution: 'healed' | 'online_refund' | null;
  resolutionFen: number;
  resolvedBy: string | null;
  resolvedAt: Date | null;
}

/** A day's cases in pieces, as often as they are asked for: on a day without HIS they are as many as its orders. */
export type DayCases = () => AsyncIterable<DayCase[]>;

/** What the order's whole life says: its refunds have made up for what HIS lacks. */
export const isCured = (order: StoredOrder): boolean =>
  order.refundedFen > order.hisRefundedFen &&
  order.paidFen !== order.hisChargedFen &&
  order.paidFen - order.refundedFen === order.hisChargedFen - order.hisRefundedFen;

/** Results of one day → the cases to be kept. Same results, same cases, whenever and however often it runs. */
export function casesOf(
  results: MatchResult[],
  sources: Pick<DaySources, 'orders' | 'refunds' | 'hisRecords' | 'bill'>,
  account: Pick<StoredAccount, 'code' | 'channel' | 'merchantCode'>,
  { date, manyToOne }: Pick<MatchRules, 'date' | 'manyToOne'>,
): DayCase[] {
  const sums = new Map<string, number>();
  const sumKey = (leg: string, key: string, tradeKind: string): string => `${leg} ${tradeKind} ${key}`;
  for (const result of results) {
    const key = sumKey(result.leg, result.key, result.tradeKind);
    sums.set(key, (sums.get(key) ?? 0) + (result.leg === 'his' ? result.hisFen : result.channelFen));
  }
  const lines = new Map(sources.bill.map((line) => [line.lineNo, line]));
  const used = new Map<string, number>();

  return results.flatMap((result): DayCase[] => {
    const { kind, leg, tradeKind, key } = result;
    const mayBeSplit = leg === 'channel' || manyToOne !== false;
    if (kind === 'matched' || kind === 'abnormal_refund' || (kind === 'split' && mayBeSplit)) return [];
    const base = caseKey(leg, account.merchantCode, key, tradeKind);
    const named = kind === 'in_transit' ? `${base}:transit:${date}` : base;
    const times = (used.get(named) ?? 0) + 1;
    used.set(named, times);

    const order = result.orderNo === undefined ? undefined : sources.orders.get(result.orderNo);
    const refund = result.refundNo === undefined ? undefined : sources.refunds.get(result.refundNo);
    const record = sources.hisRecords.get(result.hisSerialNos[0] ?? '');
    const line = lines.get(result.lineNos[0] ?? -1);
    const cured = leg === 'his' && order !== undefined && isCured(order);
    return [
      {
        dedupeKey: times === 1 ? named : `${named}#${times}`,
        leg,
        kind,
        tradeKind,
        part: null,
        source: 't1',
        merchantCode: account.merchantCode,
        accountCode: account.code,
        date,
        occurredAt: new Date(result.occurredAt),
        orderNo: result.orderNo ?? record?.orderNo ?? line?.orderNo ?? null,
        refundNo: result.refundNo ?? record?.refundNo ?? line?.refundNo ?? null,
        hisSerialNo: record?.hisSerialNo ?? null,
        channelTradeNo: order?.channelTradeNo ?? record?.channelTradeNo ?? line?.channelNo ?? null,
        payType: account.channel,
        bizType: order?.bizType ?? record?.bizType ?? null,
        patientName: order?.patientName ?? record?.patientName ?? null,
        cardNo: order?.cardNo ?? record?.cardNo ?? null,
        platformFen: result.platformFen,
        hisFen: leg === 'his' ? result.hisFen : (sums.get(sumKey('his', key, tradeKind)) ?? 0),
        channelFen:
          leg === 'channel' ? result.channelFen : (sums.get(sumKey('channel', key, tradeKind)) ?? 0),
        differenceFen: result.differenceFen,
        feeFen: result.feeFen,
        remark: remarkFor(result, kind, order?.currency),
        ...closingOf(result, cured, order, refund?.operatorCode ?? null, refund?.refundedAt ?? null),
      },
    ];
  });
}

function remarkFor(result: MatchResult, kind: CaseKind, currency: string | undefined): string {
  const remark = remarkOf(result.leg, kind);
  if (kind === 'fee') {
    const amount = (fen: number) => formatAmount(fen, knownCurrency.parse(currency));
    return withAmounts(remark, amount(result.expectedFeeFen ?? 0), amount(result.feeFen));
  }
  return result.elsewhereDays.length > 0 ? withDays(remark, result.elsewhereDays) : remark;
}

function closingOf(
  result: MatchResult,
  cured: boolean,
  order: StoredOrder | undefined,
  operatorCode: string | null,
  refundedAt: Date | null,
): Pick<DayCase, 'status' | 'resolution' | 'resolutionFen' | 'resolvedBy' | 'resolvedAt'> {
  if (result.kind === 'in_transit' && result.elsewhereDays.length > 0) {
    return { status: 'void', resolution: 'healed', resolutionFen: 0, resolvedBy: null, resolvedAt: null };
  }
  if (cured && order) {
    const resolutionFen = result.tradeKind === 'payment' ? order.paidFen - order.hisChargedFen : 0;
    return {
      status: 'resolved',
      resolution: 'online_refund',
      resolutionFen: Math.max(resolutionFen, 0),
      resolvedBy: operatorCode ?? 'system',
      resolvedAt: refundedAt ?? new Date(result.occurredAt),
    };
  }
  return { status: 'open', resolution: null, resolutionFen: 0, resolvedBy: null, resolvedAt: null };
}

const comparable = z.object({
  id: z.number(),
  caseNo: z.string(),
  merchantCode: z.string(),
  touchedAt: z.date().nullable(),
  dedupeKey: z.string(),
  source: z.enum(['realtime', 't1']),
  date: z.string(),
  status: z.enum(caseStatuses),
  resolvedBy: z.string().nullable(),
  kind: z.string(),
  platformFen: z.number(),
  hisFen: z.number(),
  channelFen: z.number(),
  differenceFen: z.number(),
  feeFen: z.number(),
  remark: z.string().nullable(),
  hisSerialNo: z.string().nullable(),
  patientName: z.string().nullable(),
  cardNo: z.string().nullable(),
  currency: z.string().nullable(),
});

const standingCase = comparable.pick({ id: true, dedupeKey: true });
const undecided = ['open', 'void', 'in_transit'] as const;

const comparedColumns = Object.keys(comparable.shape).map(columnOf);

/** Which day a run writes, and in which currency its account takes money. */
export interface WrittenDay {
  account: StoredAccount;
  date: string;
  runNo: string;
  currency: string;
}

/**
 * Cases and totals of one account's day. Replaced is only what a run wrote and nobody has decided; what is unchanged is
 * not written at all, so a repeated run leaves every byte as it was.
 *
 * On PostgreSQL it is one transaction. On SQLite that would keep everybody's one connection for as long: there each
 * piece is a transaction of its own, the totals are the last one, and `isHalfWritten` tells of a day in between. A run
 * that ends in the middle is repeated, finds what it wrote, and goes on.
 * @throws PERIOD_CLOSED when the day was closed in the meantime
 */
export async function writeDay(
  db: Knex,
  day: WrittenDay,
  cases: DayCases,
  totals: MatchTotals,
  now: Date,
): Promise<void> {
  const { account, date } = day;
  const begin = async (trx: Knex): Promise<void> => {
    await holdPeriods(trx, account.merchantCode, 'write');
    await assertOpen(trx, account.merchantCode, date);
  };
  if (!isPostgres(db)) {
    const turn = inTurns(db);
    await turn(begin);
    return replaceDay(turn, casesInTurn, day, cases, totals, now);
  }
  return db.transaction(async (trx) => {
    // Two runs of one account's day, wherever they run, write one after the other.
    await trx('channel_accounts').where({ code: account.code }).first('id').forUpdate();
    await begin(trx);
    return replaceDay((work) => work(trx), casesAtOnce, day, cases, totals, now);
  });
}

/** Cases written at once on PostgreSQL. */
const casesAtOnce = 5000;
/** Cases written while nobody else has the connection: some hundredths of a second. */
const casesInTurn = 200;
/** Keys read at once: on SQLite some hundredths of a second as well. */
const keysAtOnce = 10_000;

async function replaceDay(
  turn: Turn,
  atOnce: number,
  day: WrittenDay,
  cases: DayCases,
  totals: MatchTotals,
  now: Date,
): Promise<void> {
  const gone = await standingCases(turn, day);
  for await (const found of cases()) {
    for (const piece of pieces(found, atOnce)) await turn((trx) => put(trx, day, piece, gone, now));
  }
  for (const piece of pieces(gone.values(), atOnce)) await turn((trx) => takeAway(trx, piece, now));
  await turn((trx) => writeTotals(trx, day, totals, now));
}

/** The ids of what runs wrote of this day and nobody has decided on, by their keys. */
async function standingCases(turn: Turn, { account, date }: WrittenDay): Promise<Map<string, number>> {
  const standing = new Map<string, number>();
  for (let after = 0; ; ) {
    const page = await turn(async (trx) =>
      readRows(
        standingCase,
        await trx('discrepancies')
          .select('id', 'dedupe_key')
          .where({ account_code: account.code, date, source: 't1', resolved_by: null })
          .whereIn('status', undecided)
          .where('id', '>', after)
          // In the order of ids PostgreSQL might go through the whole table for a page.
          .orderByRaw(isPostgres(trx) ? 'id + 0' : 'id')
          .limit(keysAtOnce),
      ),
    );
    for (const { dedupeKey, id } of page) standing.set(dedupeKey, id);
    const last = page.at(-1);
    if (last === undefined || page.length < keysAtOnce) return standing;
    after = last.id;
  }
}

/** Takes away what no longer differs, as far as nobody has decided on it by now. */
async function takeAway(trx: Knex, ids: number[], now: Date): Promise<void> {
  for (const piece of pieces(ids)) {
    const rows: unknown = await trx('discrepancies').select(comparedColumns).whereIn('id', piece).forUpdate();
    const gone = readRows(comparable, rows).filter(isUndecided);
    const untouched = gone.flatMap(({ id, touchedAt }) => (touchedAt === null ? [id] : []));
    await trx('discrepancies').whereIn('id', untouched).delete();
    const healed = gone.filter(({ touchedAt, status }) => touchedAt !== null && status !== 'void');
    for (const row of healed) await heal(trx, row, now);
  }
}

/** What differs in one order again on another day: each day has its own case. */
const keyOfDay = (dedupeKey: string, date: string): string => `${dedupeKey}:${date}`;

/** Writes what is new of these and what differs otherwise than before; it is not `gone`. */
async function put(
  trx: Knex,
  { date, currency, runNo }: WrittenDay,
  cases: DayCase[],
  gone: Map<string, number>,
  now: Date,
): Promise<void> {
  const keys = cases.flatMap(({ dedupeKey }) => [dedupeKey, keyOfDay(dedupeKey, date)]);
  // Of a list in JSON PostgreSQL would go through what this transaction has added, key by key.
  const isAsked = isPostgres(trx) ? trx.raw('dedupe_key = ANY(?)', [keys]) : among(trx, 'dedupe_key', keys);
  const rows: unknown = await trx('discrepancies').select(comparedColumns).where(isAsked).forUpdate();
  const known = new Map(readRows(comparable, rows).map((row) => [row.dedupeKey, row]));
  const keyOf = (dedupeKey: string): string => {
    const standing = known.get(dedupeKey);
    const isAnotherDays = standing?.source === 't1' && standing.date !== date;
    const own = keyOfDay(dedupeKey, date);
    return isAnotherDays || known.has(own) ? own : dedupeKey;
  };
  const inserts: Record<string, Knex.Value>[] = [];
  for (const found of cases) {
    const entry = { ...found, dedupeKey: keyOf(found.dedupeKey), currency };
    gone.delete(entry.dedupeKey);
    const row = known.get(entry.dedupeKey);
    if (row && isUndecided(row)) await rewrite(trx, row, entry, runNo, now);
    if (row) continue;
    const caseNo = caseNoOf(entry.dedupeKey, entry.date);
    inserts.push(completeRow(trx, { ...entry, caseNo, runNo }, now));
  }
  for (const piece of pieces(inserts, 1000)) await insertCases(trx, piece);
}

/**
 * A day of these merchants of which a run has written a part and not the rest. On SQLite alone: it is being written now,
 * or the run that did so has ended in the middle and no other has written the day since.
 */
export async function isHalfWritten(db: Knex, scope: string[] | null, date: string): Promise<boolean> {
  const query = db('reconciliation_runs as begun')
    .where('begun.date', date)
    .whereNotNull('begun.writing_at')
    .whereNot('begun.status', 'done')
    .whereNotExists(
      db('reconciliation_runs as whole')
        .where({ 'whole.date': date, 'whole.status': 'done' })
        .whereRaw('whole.account_code = begun.account_code')
        .whereRaw('whole.writing_at >= begun.writing_at')
        .select(db.raw('1')),
    );
  if (scope !== null) query.whereIn('begun.merchant_code', scope);
  return (await query.first('begun.id')) !== undefined;
}

type StoredDayCase = z.output<typeof comparable>;

/**
 * Thousands of cases as one parameter: with one for each cell, reading the statement takes longer than carrying it
 * out. Real time may have raised the same case in between, which stays.
 */
async function insertCases(trx: Knex, cases: Record<string, Knex.Value>[]): Promise<void> {
  const columns = Object.keys(cases[0] ?? {});
  const names = columns.map(() => '??').join(', ');
  if (isPostgres(trx)) {
    const rows = cases.map((row) =>
      Object.fromEntries(
        Object.entries(row).map(([name, value]) => [name, types.isDate(value) ? wallClock(value) : value]),
      ),
    );
    await trx.raw(
      `INSERT INTO discrepancies (${names}) SELECT ${names}
       FROM json_populate_recordset(NULL::discrepancies, ?::json) ON CONFLICT (dedupe_key) DO NOTHING`,
      [...columns, ...columns, JSON.stringify(rows)],
    );
    return;
  }
  const cells = columns.map((_, place) => `value ->> ${place}`).join(', ');
  await trx.raw(
    `INSERT INTO discrepancies (${names}) SELECT ${cells} FROM json_each(?) WHERE true ON CONFLICT (dedupe_key) DO NOTHING`,
    [...columns, JSON.stringify(cases.map((row) => columns.map((name) => row[name])))],
  );
}

/** As the driver writes a moment into a column without a zone. */
const wallClock = (moment: Date): string =>
  new Date(moment.getTime() - moment.getTimezoneOffset() * 60_000).toISOString().slice(0, -1);

/** What a run wrote and on which nobody has decided. Comments and a handler stay with it whatever later runs find. */
const isUndecided = ({ source, resolvedBy, status }: StoredDayCase): boolean =>
  source === 't1' && resolvedBy === null && undecided.some((each) => each === status);

/** A case that people had to do with is not removed when its difference is gone: it says that it healed. */
async function heal(trx: Knex, row: StoredDayCase, now: Date): Promise<void> {
  const healed = { status: 'void', resolution: 'healed', resolutionFen: 0, resolvedAt: now, updatedAt: now };
  await trx('discrepancies').where({ id: row.id, status: row.status }).update(toColumns(trx, healed));
  await tellTouched(trx, row, 'void', now);
}

async function rewrite(
  trx: Knex,
  row: StoredDayCase,
  entry: DayCase & { currency: string },
  runNo: string,
  now: Date,
): Promise<void> {
  // As long as the difference is there, it is in transit for as long as somebody said.
  const status = row.status === 'in_transit' && entry.status === 'open' ? row.status : entry.status;
  const found = { ...entry, status };
  if (isSame(row, found)) return;
  await trx('discrepancies')
    .where({ id: row.id, status: row.status })
    .update(toColumns(trx, { ...found, runNo, updatedAt: now }));
  await tellTouched(trx, row, status, now);
}

function isSame(
  row: StoredDayCase,
  entry: Omit<DayCase, 'status'> & { status: string; currency: string },
): boolean {
  return (
    row.currency === entry.currency &&
    row.status === entry.status &&
    row.kind === entry.kind &&
    row.platformFen === entry.platformFen &&
    row.hisFen === entry.hisFen &&
    row.channelFen === entry.channelFen &&
    row.differenceFen === entry.differenceFen &&
    row.feeFen === entry.feeFen &&
    row.remark === entry.remark &&
    row.hisSerialNo === entry.hisSerialNo &&
    row.patientName === entry.patientName &&
    row.cardNo === entry.cardNo
  );
}

const totalRow = z.object({
  id: z.number(),
  hisFen: z.number(),
  platformFen: z.number(),
  abnormalRefundFen: z
    .number()
    .nullable()
    .transform((value) => value ?? 0),
  channelFen: z.number(),
  feeFen: z.number(),
  differenceFen: z.number(),
  hisCount: z.number(),
  platformCount: z.number(),
  channelCount: z.number(),
});

async function writeTotals(
  trx: Knex,
  { account, date, runNo }: WrittenDay,
  totals: MatchTotals,
  now: Date,
): Promise<void> {
  const identity = {
    merchant_code: account.merchantCode,
    account_code: account.code,
    pay_type: account.channel,
    date,
  };
  const row = readRow(totalRow, await trx('daily_totals').where(identity).first().forUpdate());
  if (!row) {
    const attributes = {
      merchantCode: account.merchantCode,
      accountCode: account.code,
      payType: account.channel,
      date,
      ...totals,
      runNo,
    };
    await trx('daily_totals').insert(completeRow(trx, attributes, now));
    return;
  }
  const { id, ...stored } = row;
  const isUnchanged =
    stored.hisFen === totals.hisFen &&
    stored.platformFen === totals.platformFen &&
    stored.abnormalRefundFen === totals.abnormalRefundFen &&
    stored.channelFen === totals.channelFen &&
    stored.feeFen === totals.feeFen &&
    stored.differenceFen === totals.differenceFen &&
    stored.hisCount === totals.hisCount &&
    stored.platformCount === totals.platformCount &&
    stored.channelCount === totals.channelCount;
  if (isUnchanged) return;
  await trx('daily_totals')
    .where({ id })
    .update(toColumns(trx, { ...totals, runNo, updatedAt: now }));
}
