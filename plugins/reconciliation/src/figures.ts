import type { Clock } from '@hospital-pay/jobs';
import {
  businessDay,
  businessDayBounds,
  type DayRule,
  dateValue,
  isPostgres,
  shiftDay,
  toMinor,
} from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { settlingRefunds } from './abnormal-refunds';
import type { Resolution } from './cases';
import { frozenFigures, lockedDays, openDays } from './closings/ledger';
import { askedCurrency, inCurrency } from './currency';
import { type Days, hisIncome, type LateRefund, platformIncome } from './facts';
import { caseStatuses, isUnhandled, resolutions, unhandled } from './handling/states';
import { hisRecordsOf } from './order-numbers';
import { inEnglish } from './remarks';
import {
  among,
  byIndex,
  merchantRow,
  moneyStates,
  orderRow,
  pieces,
  readRow,
  readRows,
  refundRow,
} from './rows';
import { parts } from './shares';
import { type DayStatistics, dayStatistics } from './statistics';
import { isHalfWritten } from './write-back';

/** Which merchants' rows a question is about; `null` is all of them. */
export type MerchantScope = string[] | null;

/** All amounts of an answer are of one currency. */
interface OneCurrency {
  currency: string;
  /** Those that could be asked for, the hospital's own first. */
  currencies: string[];
}

export interface Today extends OneCurrency {
  date: string;
  /** When the business day began. */
  start: Date;
  takenFen: number;
  takenCount: number;
  refundedFen: number;
  refundedCount: number;
  attempted: number;
  /** Of the orders of today that have ended, the share that was paid. */
  successRate: number | null;
  openDiscrepancies: number;
  openDifferenceFen: number;
  unknownOrders: number;
  byChannel: { payType: string; takenFen: number; count: number }[];
  trend: { date: string; takenFen: number; hisFen: number; count: number }[];
  hourly: { hour: number; takenFen: number; count: number }[];
}

/** 差额 here is platform − hospital. `live`: no run has closed the day yet, the figures are as of now. */
export interface SummaryLine {
  payType: string;
  hisFen: number;
  platformFen: number;
  differenceFen: number;
  /** Given back on these days for payments of earlier days that HIS never charged; no part of `platformFen`. */
  abnormalRefundFen: number;
}
export interface Summary extends OneCurrency {
  byType: SummaryLine[];
  byDay: (SummaryLine & { date: string; live: boolean })[];
}

export interface Analysis extends OneCurrency {
  /** A run has written a part of the day's cases and not the rest. */
  isHalfWritten: boolean;
  /** `differenceFen` is platform − the other side: the reasons of leg `his` add up to the day's difference. */
  reasons: { leg: 'his' | 'channel'; kind: string; count: number; differenceFen: number }[];
  /** The first of `caseCount`: those of the reason that is asked for, or all. */
  cases: CaseView[];
  caseCount: number;
}

export interface Statistics extends DayStatistics, OneCurrency {
  date: string;
  /** As in the analysis. */
  isHalfWritten: boolean;
  /** Of the day's own differences: settled, still to be settled, and carried to a later day's work. */
  handled: number;
  open: number;
  carriedOut: number;
  /** Differences of earlier days that were carried to this one. */
  carriedIn: CaseView[];
  /** They add up to `abnormalRefundFen`. */
  refundDetail: RefundDetail[];
  /** Given back on the day of the payment itself: in the platform's income both net to nothing. */
  sameDayRefundFen: number;
  sameDayDetail: RefundDetail[];
  /** The first of `differenceCount`. */
  differenceDetail: CaseView[];
  differenceCount: number;
}

/** Cases that an answer lists at most: on a day without HIS there is one for each order. */
const mostListed = 1000;

/** The cases of a day that explain its difference. */
export interface CaseQuestion {
  date: string;
  payType?: string | undefined;
  currency: string;
  leg?: 'his' | 'channel' | undefined;
  kind?: string | undefined;
}

const caseView = z.object({
  caseNo: z.string(),
  occurredAt: z.date(),
  merchantCode: z.string(),
  accountCode: z.string().nullable(),
  date: z.string(),
  orderNo: z.string().nullable(),
  refundNo: z.string().nullable(),
  hisSerialNo: z.string().nullable(),
  channelTradeNo: z.string().nullable(),
  bizType: z.string().nullable(),
  payType: z.string().nullable(),
  tradeKind: z.enum(['payment', 'refund']),
  /** Of an insurance order: which part of it. */
  part: z.enum(parts).nullable(),
  leg: z.enum(['his', 'channel']).nullable(),
  kind: z.string(),
  source: z.string(),
  status: z.enum(caseStatuses),
  currency: z
    .string()
    .nullable()
    .transform((value) => value ?? 'CNY'),
  platformFen: z.number(),
  hisFen: z.number(),
  channelFen: z.number().nullable(),
  differenceFen: z.number(),
  bonusFen: z.number().nullable(),
  feeFen: z.number().nullable(),
  patientName: z.string().nullable(),
  cardNo: z.string().nullable(),
  remark: z.string().nullable(),
  resolution: z.enum(resolutions).nullable(),
  resolutionFen: z.number().nullable(),
  resolutionNote: z.string().nullable(),
  resolvedBy: z.string().nullable(),
  resolvedAt: z.date().nullable(),
  /** The later day to whose work it was carried forward. */
  carriedTo: z.string().nullable(),
});
export type CaseView = z.output<typeof caseView> & { remarkEn: string | null };

/** Cases as they are shown. */
export const readCases = (rows: unknown): CaseView[] => readRows(caseView, rows).map(inEnglish);

/** One line of 异常退款金额明细. */
export interface RefundDetail {
  refundedAt: Date;
  /** When the difference arose. */
  occurredAt: Date;
  merchantCode: string;
  accountCode: string | null;
  payType: string | null;
  cardNo: string | null;
  patientName: string | null;
  orderNo: string | null;
  channelTradeNo: string | null;
  refundNo: string | null;
  caseNo: string | null;
  amountFen: number;
  method: 'online_refund' | 'cash' | 'other';
}
export { caseView };

/** Without a currency figures are of the hospital's own. */
type Which<Question> = Question & { payType?: string | undefined; currency?: string | undefined };

export interface Figures {
  today(
    scope: MerchantScope,
    options?: { trendDays?: number; currency?: string | undefined },
  ): Promise<Today>;
  takenByMerchant(
    scope: MerchantScope,
    day: { date: string; currency: string },
  ): Promise<{ merchantCode: string; takenFen: number; count: number }[]>;
  /** What was taken in each of the last sixty minutes. */
  lastHour(
    scope: MerchantScope,
    which: { currency: string },
  ): Promise<{ at: Date; takenFen: number; count: number }[]>;
  summary(scope: MerchantScope, range: Which<{ from: string; to: string }>): Promise<Summary>;
  analysis(scope: MerchantScope, day: Which<Pick<CaseQuestion, 'date' | 'leg' | 'kind'>>): Promise<Analysis>;
  /** All of those that `analysis` and `statistics` list, in the same order, for a file. */
  eachCase(scope: MerchantScope, question: CaseQuestion): AsyncGenerator<CaseView>;
  statistics(scope: MerchantScope, date: string, currency?: string): Promise<Statistics>;
  /** Abnormal refunds of these days for payments of other days. */
  lateRefunds(scope: MerchantScope, days: Days): Promise<LateRefund[]>;
}

const china: DayRule = { zone: 'Asia/Shanghai', dayCutoff: '00:00' };
const fortnight = 14;
const minuteMs = 60_000;
const caseOrder = ['occurred_at', 'case_no'];

const money = z.unknown().transform((value) => (value === null || value === undefined ? 0 : toMinor(value)));
const amount = z.object({ fen: money, count: money });

export function createFigures(db: Knex, clock: Clock): Figures {
  const scoped = (query: Knex.QueryBuilder, scope: MerchantScope): Knex.QueryBuilder =>
    scope === null ? query : query.whereIn('merchant_code', scope);
  const paid = (scope: MerchantScope, currency: string) =>
    inCurrency(scoped(db('orders').whereIn('status', [...moneyStates]), scope), 'orders', currency);
  const succeeded = (scope: MerchantScope) => scoped(db('refunds').where({ status: 'succeeded' }), scope);
  const booked = (scope: MerchantScope, currency: string) =>
    inCurrency(scoped(db('his_records').where({ status: 'booked' }), scope), 'his_records', currency);

  async function dayRule(scope: MerchantScope): Promise<DayRule> {
    const query = db('merchants').orderBy('code').select('code', 'zone', 'day_cutoff');
    const row = await (scope === null ? query : query.whereIn('code', scope)).first();
    return readRow(merchantRow, row) ?? china;
  }

  function casesOf(
    scope: MerchantScope,
    { date, payType, currency, leg, kind }: CaseQuestion,
    from: Knex.Raw | string = 'discrepancies',
  ): Knex.QueryBuilder {
    const query = inCurrency(scoped(db(from).where({ date }), scope), 'discrepancies', currency)
      // What healed by itself explains nothing any more, except the pairs that lie across midnight.
      .where((shown) => shown.whereNot({ status: 'void' }).orWhere({ kind: 'in_transit' }));
    if (payType !== undefined) query.where({ pay_type: payType });
    if (leg === 'his') query.where((his) => his.where({ leg }).orWhereNull('leg'));
    if (leg === 'channel') query.where({ leg });
    return kind === undefined ? query : query.where({ kind });
  }

  async function* eachCase(scope: MerchantScope, question: CaseQuestion): AsyncGenerator<CaseView> {
    let page = readCases(await casesOf(scope, question).orderBy(caseOrder).limit(mostListed));
    for (;;) {
      yield* page;
      const last = page.at(-1);
      if (last === undefined || page.length < mostListed) return;
      const at = dateValue(db, last.occurredAt);
      const inOrder = byIndex(db, 'discrepancies', 'discrepancies_occurred_at_idx');
      page = readCases(
        await casesOf(scope, question, inOrder)
          .where('occurred_at', '>=', at)
          .where((after) => after.where('occurred_at', '>', at).orWhere('case_no', '>', last.caseNo))
          .orderBy(caseOrder)
          .limit(mostListed),
      );
    }
  }

  async function count(query: Knex.QueryBuilder): Promise<number> {
    return z.object({ count: money }).parse(await query.count({ count: '*' }).first()).count;
  }

  async function amountOf(query: Knex.QueryBuilder, column: string): Promise<{ fen: number; count: number }> {
    return amount.parse(await query.sum({ fen: column }).count({ count: '*' }).first());
  }

  /** How many whole pieces of so many seconds have gone by since, in SQL that both databases speak. */
  function piecesSince(start: Date, seconds: number): Knex.Raw {
    return isPostgres(db)
      ? db.raw('floor(extract(epoch from (paid_at - ?::timestamp)) / ?::integer)', [
          start.toISOString().slice(0, -1),
          seconds,
        ])
      : // Bound numbers are reals to SQLite: without the cast every payment would be a piece of its own.
        db.raw('cast((paid_at - ?) / ? as integer)', [start.getTime(), seconds * 1000]);
  }

  async function live(
    scope: MerchantScope,
    { from, to }: Days,
    currency: string,
  ): Promise<Map<string, LiveLine>> {
    const lines = new Map<string, LiveLine>();
    const add = async (
      query: Knex.QueryBuilder,
      payType: string,
      column: string,
      side: 'hisFen' | 'platformFen',
      sign: 1 | -1,
    ): Promise<void> => {
      const by = { merchant: 'merchant_code', date: 'settled_on', type: payType };
      // HIS does not know by which account the money came.
      const columns = side === 'hisFen' ? by : { ...by, account: 'account_code' };
      const rows: unknown = await query
        .whereBetween('settled_on', [from, to])
        .groupBy(Object.values(columns))
        .select(columns)
        .sum({ fen: column });
      for (const row of z.array(groupRow).parse(rows)) {
        const key = lineKey(row.merchant, row.date, row.type ?? '');
        const line = lines.get(key) ?? {
          merchant: row.merchant,
          date: row.date,
          payType: row.type ?? '',
          hisFen: 0,
          platformFen: 0,
          abnormalRefundFen: 0,
          untold: new Set<string>(),
        };
        line[side] += sign * row.fen;
        if (side === 'platformFen') line.untold.add(row.account ?? '');
        lines.set(key, line);
      }
    };
    const refunds = inCurrency(succeeded(scope), 'refunds', currency);
    await add(paid(scope, currency), 'pay_type', 'paid_fen', 'platformFen', 1);
    await add(refunds, 'channel', 'amount_fen', 'platformFen', -1);
    await add(booked(scope, currency).where({ kind: 'charge' }), 'pay_type', 'amount_fen', 'hisFen', 1);
    await add(booked(scope, currency).where({ kind: 'refund' }), 'pay_type', 'amount_fen', 'hisFen', -1);
    for (const refund of await abnormalRefunds(scope, { from, to }, currency)) {
      const line = lines.get(lineKey(refund.merchantCode, refund.day, refund.channel));
      if (refund.isSameDay || !line) continue;
      line.platformFen += refund.amountFen;
      line.abnormalRefundFen += refund.amountFen;
    }
    return lines;
  }

  /** Refunds of these days that gave back what HIS never charged, on whatever day it had been paid. */
  async function abnormalRefunds(
    scope: MerchantScope,
    { from, to }: Days,
    currency?: string,
  ): Promise<AbnormalRefund[]> {
    const refunds = succeeded(scope);
    const candidates = readRows(
      refundRow,
      await (currency === undefined ? refunds : inCurrency(refunds, 'refunds', currency))
        .whereBetween('settled_on', [from, to])
        .whereExists(
          db('orders')
            .whereRaw('orders.order_no = refunds.order_no')
            .whereRaw('coalesce(orders.his_charged_fen, 0) < orders.paid_fen')
            .select(db.raw('1')),
        )
        .orderBy(['refunded_at', 'refund_no']),
    );
    const found: AbnormalRefund[] = [];
    for (const piece of pieces(new Set(candidates.map(({ orderNo }) => orderNo)))) {
      const siblings = readRows(
        refundRow,
        await db('refunds').whereIn('order_no', piece).where({ status: 'succeeded' }),
      );
      for (const order of readRows(orderRow, await db('orders').whereIn('order_no', piece))) {
        if (order.anomalies?.includes('currency_differs')) continue;
        const records = order.hisRefundedFen === 0 ? [] : await hisRecordsOf(db, order);
        const settling = settlingRefunds({
          paidFen: order.paidFen,
          chargedFen: order.hisChargedFen,
          refunds: siblings
            .filter((refund) => refund.orderNo === order.orderNo)
            .map((refund) => ({
              refundNo: refund.refundNo,
              numbers: [refund.refundNo, refund.merchantRefundNo],
              amountFen: refund.amountFen,
              occurredAt: (refund.refundedAt ?? refund.requestedAt).getTime(),
            })),
          hisRefunds: records
            .filter((record) => record.kind === 'refund' && record.status === 'booked')
            .map(({ amountFen, refundNo }) => ({ amountFen, numbers: refundNo ? [refundNo] : [] })),
        });
        for (const refund of candidates) {
          if (refund.orderNo !== order.orderNo || !settling.has(refund.refundNo)) continue;
          const day = refund.settledOn ?? '';
          found.push({
            refundedAt: refund.refundedAt ?? refund.requestedAt,
            occurredAt: order.paidAt ?? order.createdTime,
            merchantCode: order.merchantCode,
            accountCode: order.accountCode,
            payType: order.payType,
            channel: order.channel ?? '',
            cardNo: order.cardNo,
            patientName: order.patientName,
            orderNo: order.orderNo,
            channelTradeNo: order.channelTradeNo,
            refundNo: refund.refundNo,
            amountFen: refund.amountFen,
            day,
            isSameDay: day === order.settledOn,
          });
        }
      }
    }
    return found.sort((a, b) => a.refundedAt.getTime() - b.refundedAt.getTime());
  }

  /** What runs have told of each account's day, as far as one of them began after the day was over. */
  async function totalsOf(scope: MerchantScope, days: Days, runs: AskedDay[]): Promise<TotalLine[]> {
    const comparedAt = new Map(runs.map((run) => [`${run.accountCode} ${run.date}`, run.startedAt]));
    const merchants = readRows(merchantRow, await db('merchants').select('code', 'zone', 'day_cutoff'));
    const rules = new Map(merchants.map((merchant) => [merchant.code, merchant]));
    const ends = new Map<string, Date>();
    const endOf = ({ merchant, date }: TotalLine): Date => {
      const key = `${merchant} ${date}`;
      const end = ends.get(key) ?? businessDayBounds(date, rules.get(merchant) ?? china).end;
      ends.set(key, end);
      return end;
    };
    const rows: unknown = await scoped(
      db('daily_totals').whereBetween('date', [days.from, days.to]),
      scope,
    ).select({
      merchant: 'merchant_code',
      date: 'date',
      payType: 'pay_type',
      account: 'account_code',
      hisFen: 'his_fen',
      platformFen: 'platform_fen',
      abnormalRefundFen: 'abnormal_refund_fen',
    });
    return z
      .array(totalRow)
      .parse(rows)
      .filter((row) => (comparedAt.get(`${row.account} ${row.date}`) ?? clock.now()) >= endOf(row));
  }

  /** The days of these accounts that somebody asked to compare, and when the last run that did so began. */
  async function askedDays(accounts: string[], { from, to }: Days): Promise<AskedDay[]> {
    const rows: unknown = await db('reconciliation_runs')
      .whereIn('account_code', accounts)
      .whereBetween('date', [from, to])
      .whereNot({ status: 'cancelled' })
      .groupBy('merchant_code', 'date', 'channel', 'account_code')
      .select('merchant_code', 'date', 'channel', 'account_code')
      .select(db.raw("max(case when status = 'done' then started_at end) as started_at"));
    return readRows(askedDay, rows);
  }

  /**
   * A closed day speaks by what was frozen. On any other day a payment type of a merchant speaks by its totals once
   * each of its accounts has one; until then it is added up as it stands. Adjustments of closed days stand on the day on
   * which they are booked.
   */
  async function summary(
    scope: MerchantScope,
    { from, to, payType, ...which }: Which<Days>,
  ): Promise<Summary> {
    const asked = await askedCurrency(db, scope, which.currency);
    const { currency, own, currencies, byAccount } = asked;
    const isOfCurrency = (account: string): boolean => (byAccount.get(account) ?? own) === currency;
    const locked = await lockedDays(db, scope, { from, to });
    const isFrozen = (line: Line): boolean => locked.has(`${line.merchant} ${line.date}`);
    const open = await openDays(db, scope, { from, to }, locked);
    const standing = open ? await live(scope, open, currency) : new Map<string, LiveLine>();
    const runs = await askedDays([...byAccount.keys()].filter(isOfCurrency), { from, to });
    // One of the accounts tells what HIS booked without an order, even if it took nothing itself.
    for (const run of runs) {
      standing.get(lineKey(run.merchantCode, run.date, run.channel))?.untold.add(run.accountCode);
    }
    const totals = (await totalsOf(scope, { from, to }, runs)).filter(
      (total) => isOfCurrency(total.account) && !isFrozen(total),
    );
    for (const total of totals) standing.get(keyOf(total))?.untold.delete(total.account);
    const told = totals.filter((total) => (standing.get(keyOf(total))?.untold.size ?? 0) === 0);
    const toldKeys = new Set(told.map(keyOf));
    const untold = [...standing.values()].filter((line) => !toldKeys.has(keyOf(line)) && !isFrozen(line));
    const lines: (Line & { live: boolean })[] = [
      ...told.map((total) => ({ ...total, live: false })),
      ...untold.map((line) => ({ ...line, live: true })),
    ];
    for (const figure of await frozenFigures(db, scope, { from, to }, [
      'merchantCode',
      'payType',
      'currency',
    ])) {
      if (figure.currency !== currency) continue;
      const { merchantCode: merchant, date, payType, abnormalRefundFen } = figure;
      const income = { hisFen: hisIncome(figure), platformFen: platformIncome(figure) };
      lines.push({ merchant, date, payType, ...income, abnormalRefundFen, live: false });
    }

    const byDay = new Map<string, Summary['byDay'][number]>();
    const byType = new Map<string, SummaryLine>();
    for (const line of lines) {
      if (payType !== undefined && line.payType !== payType) continue;
      const day = byDay.get(`${line.date} ${line.payType}`) ?? {
        date: line.date,
        payType: line.payType,
        hisFen: 0,
        platformFen: 0,
        differenceFen: 0,
        abnormalRefundFen: 0,
        live: false,
      };
      const type = byType.get(line.payType) ?? {
        payType: line.payType,
        hisFen: 0,
        platformFen: 0,
        differenceFen: 0,
        abnormalRefundFen: 0,
      };
      for (const sum of [day, type]) {
        sum.hisFen += line.hisFen;
        sum.platformFen += line.platformFen;
        sum.differenceFen = sum.platformFen - sum.hisFen;
        sum.abnormalRefundFen += line.abnormalRefundFen;
      }
      day.live ||= line.live;
      byDay.set(`${line.date} ${line.payType}`, day);
      byType.set(line.payType, type);
    }
    return {
      currency,
      currencies,
      byType: [...byType.values()].sort((a, b) => (a.payType < b.payType ? -1 : 1)),
      byDay: [...byDay.values()].sort((a, b) =>
        a.date === b.date ? (a.payType < b.payType ? -1 : 1) : a.date < b.date ? 1 : -1,
      ),
    };
  }

  return {
    summary,

    async lateRefunds(scope, days) {
      const found = await abnormalRefunds(scope, days);
      return found.filter(({ isSameDay }) => !isSameDay);
    },

    async today(scope, { trendDays = fortnight, ...which } = {}) {
      const { currency, currencies } = await askedCurrency(db, scope, which.currency);
      const now = clock.now();
      const rule = await dayRule(scope);
      const date = businessDay(now, rule);
      const { start } = businessDayBounds(date, rule);
      const firstDay = shiftDay(date, 1 - trendDays);

      const taken = await amountOf(paid(scope, currency).where({ settled_on: date }), 'paid_fen');
      const refunded = await amountOf(
        inCurrency(succeeded(scope), 'refunds', currency).where({ settled_on: date }),
        'amount_fen',
      );
      const created = () => scoped(db('orders').where('created_time', '>=', dateValue(db, start)), scope);
      const attempted = await count(created());
      const successful = await count(created().whereIn('status', [...moneyStates]));
      const unsuccessful = await count(created().whereIn('status', ['closed', 'reversed', 'failed']));
      const open = () => scoped(db('discrepancies').whereIn('status', [...unhandled]), scope);

      const byChannel: unknown = await paid(scope, currency)
        .where({ settled_on: date })
        .groupBy('pay_type')
        .select({ type: 'pay_type' })
        .sum({ fen: 'paid_fen' })
        .count({ count: '*' });
      const takenByDay: unknown =
        trendDays === 0
          ? []
          : await paid(scope, currency)
              .whereBetween('settled_on', [firstDay, date])
              .groupBy('settled_on')
              .select({ date: 'settled_on' })
              .sum({ fen: 'paid_fen' })
              .count({ count: '*' });
      const bookedByDay: unknown =
        trendDays === 0
          ? []
          : await booked(scope, currency)
              .where({ kind: 'charge' })
              .whereBetween('settled_on', [firstDay, date])
              .groupBy('settled_on')
              .select({ date: 'settled_on' })
              .sum({ fen: 'amount_fen' })
              .count({ count: '*' });
      const hour = piecesSince(start, 3600);
      const hourly: unknown = await paid(scope, currency)
        .where({ settled_on: date })
        .whereNotNull('paid_at')
        .groupBy('hour')
        .select({ hour })
        .sum({ fen: 'paid_fen' })
        .count({ count: '*' });

      const days = z.array(amount.extend({ date: z.string() }));
      const takenDays = new Map(days.parse(takenByDay).map((row) => [row.date, row]));
      const bookedDays = new Map(days.parse(bookedByDay).map((row) => [row.date, row]));
      const hours = new Map(
        z
          .array(amount.extend({ hour: z.coerce.number() }))
          .parse(hourly)
          .map((row) => [Math.floor(row.hour), row]),
      );
      const ended = successful + unsuccessful;
      return {
        currency,
        currencies,
        date,
        start,
        takenFen: taken.fen,
        takenCount: taken.count,
        refundedFen: refunded.fen,
        refundedCount: refunded.count,
        attempted,
        successRate: ended === 0 ? null : successful / ended,
        openDiscrepancies: await count(open()),
        openDifferenceFen: (await amountOf(inCurrency(open(), 'discrepancies', currency), 'difference_fen'))
          .fen,
        unknownOrders: await count(scoped(db('orders').where({ status: 'unknown' }), scope)),
        byChannel: z
          .array(amount.extend({ type: z.string().nullable() }))
          .parse(byChannel)
          .map((row) => ({ payType: row.type ?? '', takenFen: row.fen, count: row.count }))
          .sort((a, b) => b.takenFen - a.takenFen),
        trend: Array.from({ length: trendDays }, (_, index) => {
          const day = shiftDay(firstDay, index);
          const row = takenDays.get(day);
          return {
            date: day,
            takenFen: row?.fen ?? 0,
            hisFen: bookedDays.get(day)?.fen ?? 0,
            count: row?.count ?? 0,
          };
        }),
        hourly: Array.from({ length: 24 }, (_, index) => {
          const row = hours.get(index);
          return { hour: index, takenFen: row?.fen ?? 0, count: row?.count ?? 0 };
        }),
      };
    },

    async takenByMerchant(scope, { date, currency }) {
      const rows: unknown = await paid(scope, currency)
        .where({ settled_on: date })
        .groupBy('merchant_code')
        .select({ merchantCode: 'merchant_code' })
        .sum({ fen: 'paid_fen' })
        .count({ count: '*' });
      return z
        .array(amount.extend({ merchantCode: z.string() }))
        .parse(rows)
        .map(({ merchantCode, fen, count }) => ({ merchantCode, takenFen: fen, count }))
        .sort((a, b) => b.takenFen - a.takenFen);
    },

    async lastHour(scope, { currency }) {
      const now = clock.now();
      const start = new Date(Math.floor(now.getTime() / minuteMs - 59) * minuteMs);
      const rule = await dayRule(scope);
      const minute = piecesSince(start, 60);
      const rows: unknown = await paid(scope, currency)
        .whereIn('settled_on', [...new Set([businessDay(start, rule), businessDay(now, rule)])])
        .where('paid_at', '>=', dateValue(db, start))
        .groupBy('minute')
        .select({ minute })
        .sum({ fen: 'paid_fen' })
        .count({ count: '*' });
      const found = new Map(
        z
          .array(amount.extend({ minute: z.coerce.number() }))
          .parse(rows)
          .map((row) => [Math.floor(row.minute), row]),
      );
      return Array.from({ length: 60 }, (_, index) => ({
        at: new Date(start.getTime() + index * minuteMs),
        takenFen: found.get(index)?.fen ?? 0,
        count: found.get(index)?.count ?? 0,
      }));
    },

    async analysis(scope, { date, payType, leg, kind, ...which }) {
      const { currency, currencies } = await askedCurrency(db, scope, which.currency);
      const day = { date, payType, currency };
      const found: unknown = await casesOf(scope, day)
        .groupBy('leg', 'kind')
        .select('leg', 'kind')
        .count({ count: '*' })
        .sum({ fen: 'difference_fen' })
        .min({ first: 'occurred_at' })
        .orderBy('first');
      const reasons = new Map<string, Analysis['reasons'][number]>();
      for (const { leg: against, ...row } of z.array(reasonRow).parse(found)) {
        const name = `${against} ${row.kind}`;
        const reason = reasons.get(name) ?? { leg: against, kind: row.kind, count: 0, differenceFen: 0 };
        reason.count += row.count;
        reason.differenceFen = toMinor(reason.differenceFen - row.fen);
        reasons.set(name, reason);
      }
      const asked = { ...day, leg, kind };
      return {
        currency,
        currencies,
        isHalfWritten: await isHalfWritten(db, scope, date),
        reasons: [...reasons.values()],
        cases: readCases(await casesOf(scope, asked).orderBy(caseOrder).limit(mostListed)),
        caseCount: await count(casesOf(scope, asked)),
      };
    },

    eachCase,

    async statistics(scope, date, which) {
      const { currency, currencies } = await askedCurrency(db, scope, which);
      const cases = (where: Record<string, string>) =>
        inCurrency(scoped(db('discrepancies').where(where), scope), 'discrepancies', currency);
      const { start, end } = businessDayBounds(date, await dayRule(scope));
      const givenBack: Resolution[] = ['online_refund', 'cash', 'other'];
      // What a person settled without a refund of the platform: cash at the counter, or online by another way.
      const closings = readCases(
        await cases({ status: 'resolved', trade_kind: 'payment' })
          .whereIn('resolution', givenBack)
          .where('resolution_fen', '>', 0)
          .whereRaw('platform_fen > his_fen')
          .where('resolved_at', '>=', dateValue(db, start))
          .where('resolved_at', '<', dateValue(db, end))
          .whereNotExists(
            db('refunds')
              .whereRaw('refunds.order_no = discrepancies.order_no')
              .whereRaw("discrepancies.resolution = 'online_refund'")
              .where({ status: 'succeeded' })
              .select(db.raw('1')),
          )
          .orderBy(['resolved_at', 'case_no']),
      );
      const differences = { date, currency, leg: 'his' } as const;
      const differenceDetail = readCases(
        await casesOf(scope, differences).orderBy(caseOrder).limit(mostListed),
      );
      const standing = z.array(standingRow).parse(
        await casesOf(scope, differences)
          .groupBy('status')
          .select('status')
          .count({ count: '*' })
          // How many of them are carried to a later day.
          .count({ carried: 'carried_to' }),
      );
      const sumOf = (of: (row: z.output<typeof standingRow>) => number): number =>
        standing.reduce((sum, row) => sum + of(row), 0);
      const carriedIn = readCases(
        await cases({ carried_to: date }).whereNot({ status: 'void' }).orderBy(['occurred_at', 'case_no']),
      );
      const { byType } = await summary(scope, { from: date, to: date, currency });
      const total = (of: (line: SummaryLine) => number): number =>
        byType.reduce((sum, line) => sum + of(line), 0);
      const figures = dayStatistics({
        hisFen: total((line) => line.hisFen),
        platformFen: total((line) => line.platformFen),
        abnormalRefundFen: total((line) => line.abnormalRefundFen),
        settled: closings.flatMap(({ resolution, resolutionFen }) =>
          resolution === null ? [] : [{ resolution, resolutionFen: resolutionFen ?? 0 }],
        ),
      });
      const refunds = await abnormalRefunds(scope, { from: date, to: date }, currency);
      const caseOf = new Map(
        readRows(
          caseView.pick({ caseNo: true, orderNo: true }),
          await db('discrepancies')
            .where({ trade_kind: 'payment' })
            .andWhere(
              among(
                db,
                'order_no',
                refunds.map(({ orderNo }) => orderNo),
              ),
            )
            .select('case_no', 'order_no'),
        ).map(({ caseNo, orderNo }) => [orderNo, caseNo]),
      );
      const detailOf = ({ channel, day, isSameDay, ...refund }: AbnormalRefund): RefundDetail => ({
        ...refund,
        method: 'online_refund',
        caseNo: caseOf.get(refund.orderNo) ?? null,
      });
      const refundDetail = [
        ...refunds.filter(({ isSameDay }) => !isSameDay).map(detailOf),
        ...closings.flatMap((row) => detailOfClosing(row) ?? []),
      ];
      const sameDayDetail = refunds.filter(({ isSameDay }) => isSameDay).map(detailOf);
      return {
        currency,
        currencies,
        date,
        isHalfWritten: await isHalfWritten(db, scope, date),
        ...figures,
        handled: sumOf(({ status, count }) => (status === 'resolved' ? count : 0)),
        open: sumOf(({ status, count, carried }) => (isUnhandled(status) ? count - carried : 0)),
        carriedOut: sumOf(({ status, carried }) => (isUnhandled(status) ? carried : 0)),
        carriedIn,
        refundDetail,
        sameDayRefundFen: sameDayDetail.reduce((sum, { amountFen }) => sum + amountFen, 0),
        sameDayDetail,
        differenceDetail,
        differenceCount: sumOf(({ count }) => count),
      };
    },
  };
}

function detailOfClosing(row: CaseView): RefundDetail | undefined {
  const { resolution: method, resolvedAt } = row;
  const isRefund = method === 'online_refund' || method === 'cash' || method === 'other';
  if (!isRefund || resolvedAt === null) return undefined;
  const { occurredAt, merchantCode, accountCode, payType, cardNo, patientName } = row;
  const { orderNo, channelTradeNo, refundNo, caseNo } = row;
  return {
    refundedAt: resolvedAt,
    occurredAt,
    merchantCode,
    accountCode,
    payType,
    cardNo,
    patientName,
    orderNo,
    channelTradeNo,
    refundNo,
    caseNo,
    amountFen: row.resolutionFen ?? 0,
    method,
  };
}

interface AbnormalRefund extends Omit<RefundDetail, 'method' | 'caseNo'> {
  channel: string;
  orderNo: string;
  refundNo: string;
  /** The business day of the refund. */
  day: string;
  isSameDay: boolean;
}

interface Line {
  merchant: string;
  date: string;
  payType: string;
  hisFen: number;
  platformFen: number;
  abnormalRefundFen: number;
}
interface LiveLine extends Line {
  /** The accounts of which no total tells what is added up here; '' is that of an order without one. */
  untold: Set<string>;
}

const reasonRow = z.object({
  leg: z
    .enum(['his', 'channel'])
    .nullable()
    .transform((leg) => leg ?? 'his'),
  kind: z.string(),
  count: money,
  fen: money,
});
const standingRow = z.object({ status: z.enum(caseStatuses), count: money, carried: money });
const groupRow = z.object({
  merchant: z.string(),
  date: z.string(),
  type: z.string().nullable(),
  account: z.string().nullish(),
  fen: money,
});
const totalRow = z.object({
  merchant: z.string(),
  date: z.string(),
  payType: z.string(),
  account: z.string(),
  hisFen: money,
  platformFen: money,
  abnormalRefundFen: money,
});
type TotalLine = z.output<typeof totalRow>;
const askedDay = z.object({
  merchantCode: z.string(),
  date: z.string(),
  channel: z.string(),
  accountCode: z.string(),
  startedAt: z.date().nullable(),
});
type AskedDay = z.output<typeof askedDay>;
const lineKey = (merchant: string, date: string, payType: string): string => `${merchant} ${date} ${payType}`;
const keyOf = ({ merchant, date, payType }: Line): string => lineKey(merchant, date, payType);
