import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { isPostgres } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { type MatchResult, type MatchRules, type MatchTotals, match } from '../match';
import { asCharged, isAnomaly, orderState, tolerated } from '../order-state';
import {
  among,
  amongIds,
  byIndex,
  carriesMoney,
  hisRow,
  orderRow,
  readRows,
  type StoredAccount,
} from '../rows';
import { type DaySources, hisNumbersOf, type NearbyBills, readDay } from '../source-rows';
import { casesOf, type DayCase } from '../write-back';
import { findLines } from './bill-lines';
import { type Cleared, type ClearQuestion, clear, type LookUp, type OrderBill, type Portions } from './clear';
import { openDuck } from './duck';
import { type DayQuestion, extractDay } from './extract';
import { byParts } from './part-cases';

export interface DayTask {
  account: StoredAccount;
  currency: string;
  rules: MatchRules;
  bill: ClearQuestion['bill'];
  /** The bills of the days around, as far as they are there and the channel may report late. */
  nearby: { date: string; path: string }[];
  /** The account is an insurer's: its orders are compared part by part as well. */
  isInsurer?: boolean;
}

export type Stage = 'extracting' | 'clearing' | 'matching';

export interface DayOutcome {
  cases: DayCase[];
  totals: MatchTotals;
  /** How many results of each kind, as `leg.kind`. */
  counts: Record<string, number>;
  /** Orders whose own state does not say yet what HIS booked. */
  stale: string[];
  /** Orders that agreed at first sight. */
  cleared: number;
  milliseconds: Record<Stage, number>;
}

/** One account's day as its rows were in one moment: what differs is looked up in the same snapshot. */
export interface OpenDay {
  question: DayQuestion;
  trx: Knex.Transaction;
  /** Holds the rows as CSV; the caller's own, and left to the caller to remove. */
  folder: string;
  milliseconds: number;
}

export const questionOf = ({ account, currency, rules }: DayTask): DayQuestion => ({
  merchantCode: account.merchantCode,
  channel: account.channel,
  accountCode: account.code,
  currency,
  date: rules.date,
});

/** Reads the day's rows. The snapshot lasts until the transaction is ended. */
export async function openDay(db: Knex, question: DayQuestion, folder: string): Promise<OpenDay> {
  await mkdir(folder, { recursive: true });
  const started = performance.now();
  const trx = await db.transaction(
    isPostgres(db) ? { isolationLevel: 'repeatable read', readOnly: true } : {},
  );
  try {
    await extractDay(trx, question, folder);
  } catch (error) {
    await trx.rollback();
    throw error;
  }
  return { question, trx, folder, milliseconds: Math.round(performance.now() - started) };
}

/**
 * Compares one account's day: takes out what agrees at first sight, in DuckDB, and gives the rest to the match. Cases are
 * given to `onCases` as they are found: those of a long day are not to lie here all at once.
 */
export async function compareDay(
  { question, trx, folder, milliseconds: extracting }: OpenDay,
  { account, currency, rules, bill, nearby, isInsurer }: DayTask,
  onCases: (cases: DayCase[]) => Promise<void>,
  onProgress: (stage: Stage, done: number) => void = () => undefined,
  portions?: Portions,
): Promise<Omit<DayOutcome, 'cases'>> {
  const milliseconds: Record<Stage, number> = { extracting, clearing: 0, matching: 0 };
  const timed = async <Value>(stage: Stage, work: () => Promise<Value>): Promise<Value> => {
    onProgress(stage, 0);
    const started = performance.now();
    const value = await work();
    milliseconds[stage] = Math.round(performance.now() - started);
    return value;
  };
  const parquets = [...(bill.kind === 'file' ? [bill.path] : []), ...nearby.map((each) => each.path)];
  const duck = await openDuck(
    folder,
    parquets.map((file) => path.dirname(file)),
  );
  try {
    const { cleared, leftovers } = await timed('clearing', () =>
      clear(
        duck,
        { bill, feePpm: rules.feePpm },
        folder,
        lookUpIn(trx, account.merchantCode, () => extractDay(trx, question, folder, ['alias'])),
        portions,
      ),
    );
    const nearbyBills: NearbyBills = {
      days: nearby.map((each) => each.date),
      async lines(day, numbers) {
        const parquet = nearby.find((each) => each.date === day);
        return parquet ? findLines(duck, parquet.path, numbers) : [];
      },
    };
    return await timed('matching', async () => {
      const outcome: Omit<DayOutcome, 'cases'> = {
        ...ofCleared(cleared, rules.billKnown),
        stale: [],
        cleared: cleared.orders,
        milliseconds,
      };
      /** An insurer's cases are told once more by their parts, all together. */
      const ofInsurer: DayCase[] = [];
      for await (const leftover of leftovers()) {
        const sources = await readDay(
          trx,
          account,
          currency,
          rules.date,
          leftover,
          rules.billKnown ? nearbyBills : undefined,
        );
        const { results, totals } = match({ ...sources.input, rules });
        addTo(outcome, results, totals);
        const found = casesOf(results, sources, account, rules);
        if (isInsurer) ofInsurer.push(...found);
        else await onCases(found);
        outcome.stale.push(...staleOrders(sources, results, rules.toleranceFen?.his ?? 0));
        onProgress('matching', outcome.totals.platformCount);
      }
      if (isInsurer) {
        const day = { account, date: rules.date, bill: bill.kind === 'file' ? bill.path : undefined };
        await onCases(await byParts(trx, duck, day, ofInsurer));
      }
      outcome.totals.differenceFen = outcome.totals.platformFen - outcome.totals.hisFen;
      return outcome;
    });
  } finally {
    duck.close();
  }
}

const orderOfNumber = z.object({ orderNo: z.string(), number: z.string() });
const orderBills = orderRow.pick({ orderNo: true, businessNo: true, hisOrderNo: true });
const askedBill = z.object({ bill: z.string() });
const recordBill = hisRow.pick({ id: true, hisOrderNo: true });
const namedOrder = orderRow.pick({ orderNo: true, merchantOrderNo: true, channelTradeNo: true });
const attemptNumber = z.object({ orderNo: z.string(), attemptNo: z.string() });
const bookedBill = z.object({ number: z.string(), hisOrderNo: z.string().nullable() });
const recordOfBill = hisRow.pick({ orderNo: true, channelTradeNo: true, refundNo: true, hisOrderNo: true });
const recordNumbers = hisRow.pick({ id: true, orderNo: true, channelTradeNo: true, refundNo: true });

function lookUpIn(db: Knex, merchantCode: string, readAliases: LookUp['readAliases']): LookUp {
  const merchant = { merchant_code: merchantCode };
  const billsIn = (rows: unknown) =>
    readRows(orderBills, rows).flatMap((order) =>
      hisNumbersOf(order).map((bill) => ({ number: order.orderNo, bill })),
    );
  const bills = () => db('orders').select('order_no', 'business_no', 'his_order_no');
  return {
    readAliases,
    async numbersOf(hisIds) {
      const found: unknown = await db('his_records')
        .select('id', 'order_no', 'channel_trade_no', 'refund_no')
        .where(amongIds(db, hisIds));
      return readRows(recordNumbers, found).flatMap(({ id, ...numbers }) =>
        Object.values(numbers).flatMap((number) => (number ? [{ id, number }] : [])),
      );
    },
    async ordersNamed(numbers) {
      const named = async (table: string, column: string, where: Record<string, string>) => {
        const found: unknown = await db(table)
          .select({ order_no: 'order_no', number: column })
          .where(where)
          .andWhere(among(db, column, numbers));
        return readRows(orderOfNumber, found);
      };
      return [
        ...(await named('attempts', 'attempt_no', {})),
        ...(await named('orders', 'merchant_order_no', merchant)),
        ...(await named('orders', 'channel_trade_no', {})),
        ...(await named('refunds', 'refund_no', {})),
        ...(await named('refunds', 'merchant_refund_no', merchant)),
      ];
    },
    async billsOf(asked) {
      if ('orderNos' in asked) return billsIn(await bills().where(among(db, 'order_no', asked.orderNos)));
      const found: unknown = await db('his_records')
        .select('id', 'his_order_no')
        .where(amongIds(db, asked.hisIds))
        .whereNotNull('his_order_no');
      return readRows(recordBill, found).map(({ id, hisOrderNo }) => ({
        number: String(id),
        bill: hisOrderNo ?? '',
      }));
    },
    async sharedBills(asked) {
      const text = JSON.stringify(asked);
      const askedBills = isPostgres(db)
        ? db.raw('jsonb_to_recordset(?::jsonb) AS asked (bill text, known integer)', [text])
        : db.raw(`(SELECT value ->> 'bill' AS bill, value ->> 'known' AS known FROM json_each(?)) AS asked`, [
            text,
          ]);
      const found: unknown = await db(askedBills)
        .select('bill')
        .whereRaw(
          `(SELECT count(*) FROM ? WHERE his_order_no = bill)
           + (SELECT count(*) FROM ? WHERE merchant_code = ? AND business_no = bill AND his_order_no IS DISTINCT FROM bill)
           > known`,
          [
            byIndex(db, 'orders', 'orders_his_order_no_idx'),
            byIndex(db, 'orders', 'orders_merchant_code_business_no_idx'),
            merchantCode,
          ],
        );
      return readRows(askedBill, found).map(({ bill }) => bill);
    },
    async billsBookedFor(orderNos) {
      const orders = readRows(
        namedOrder,
        await db('orders')
          .select('order_no', 'merchant_order_no', 'channel_trade_no')
          .where(among(db, 'order_no', orderNos)),
      );
      const attempts: unknown = await db('attempts')
        .select('order_no', 'attempt_no')
        .where(among(db, 'order_no', orderNos));
      const owners = new Map<string, string>();
      for (const { attemptNo, orderNo } of readRows(attemptNumber, attempts)) owners.set(attemptNo, orderNo);
      const traded = new Map<string, string>();
      for (const { orderNo, merchantOrderNo, channelTradeNo } of orders) {
        owners.set(merchantOrderNo, orderNo);
        owners.set(orderNo, orderNo);
        if (channelTradeNo) traded.set(channelTradeNo, orderNo);
      }
      const booked = async (column: string, named: Map<string, string>): Promise<OrderBill[]> => {
        const found: unknown = await db('his_records')
          .select({ number: column, his_order_no: 'his_order_no' })
          .where(among(db, column, [...named.keys()]));
        return readRows(bookedBill, found).flatMap(({ number, hisOrderNo: bill }) =>
          bill ? [{ number: named.get(number) ?? number, bill }] : [],
        );
      };
      return [...(await booked('order_no', owners)), ...(await booked('channel_trade_no', traded))];
    },
    async recordsOf(bills) {
      const found: unknown = await db('his_records')
        .select('order_no', 'channel_trade_no', 'refund_no', 'his_order_no')
        .where(among(db, 'his_order_no', bills));
      return readRows(recordOfBill, found).flatMap(({ hisOrderNo, orderNo, channelTradeNo, refundNo }) =>
        [orderNo, channelTradeNo, refundNo].flatMap((number) =>
          number && hisOrderNo ? [{ number, bill: hisOrderNo }] : [],
        ),
      );
    },
    async ordersOf(numbers) {
      const byHis: unknown[] = await bills().where(among(db, 'his_order_no', numbers));
      const byBusiness: unknown[] = await bills()
        .where(merchant)
        .andWhere(among(db, 'business_no', numbers));
      return billsIn([...byHis, ...byBusiness]);
    },
  };
}

function ofCleared(
  { orders, refunds, platformFen, feeFen }: Cleared,
  billKnown: boolean,
): Pick<DayOutcome, 'counts' | 'totals'> {
  const rows = orders + refunds;
  return {
    counts: rows === 0 ? {} : { 'his.matched': rows, ...(billKnown ? { 'channel.matched': rows } : {}) },
    totals: {
      hisFen: platformFen,
      platformFen,
      abnormalRefundFen: 0,
      channelFen: billKnown ? platformFen : 0,
      feeFen,
      hisCount: rows,
      platformCount: rows,
      channelCount: billKnown ? rows : 0,
      differenceFen: 0,
    },
  };
}

function addTo(
  { counts, totals }: Pick<DayOutcome, 'counts' | 'totals'>,
  results: MatchResult[],
  more: MatchTotals,
): void {
  for (const { leg, kind } of results) counts[`${leg}.${kind}`] = (counts[`${leg}.${kind}`] ?? 0) + 1;
  totals.hisFen += more.hisFen;
  totals.platformFen += more.platformFen;
  totals.abnormalRefundFen += more.abnormalRefundFen;
  totals.channelFen += more.channelFen;
  totals.feeFen += more.feeFen;
  totals.hisCount += more.hisCount;
  totals.platformCount += more.platformCount;
  totals.channelCount += more.channelCount;
}

/** Among the orders that differ, those whose stored state is not what their rows give now. */
function staleOrders({ orders, input }: DaySources, results: MatchResult[], toleranceFen: number): string[] {
  // What was settled together with others counts as charged.
  const bridged = new Set(
    results.flatMap((result) =>
      result.bridged && result.leg === 'his' && result.tradeKind === 'payment' ? result.platformIds : [],
    ),
  );
  const differing = new Set([
    ...results.flatMap(({ kind, orderNo }) => (kind === 'matched' || orderNo === undefined ? [] : [orderNo])),
    ...bridged,
  ]);
  const numbers = new Map<string, string>();
  for (const row of input.orders) {
    for (const number of [row.channelTradeNo, row.merchantOrderNo, ...row.attemptNos, row.orderNo]) {
      if (number) numbers.set(number, row.orderNo);
    }
  }
  const booked = new Map<string, { kind: 'charge' | 'refund'; amountFen: number; currency: string }[]>();
  for (const { orderNo, channelTradeNo, kind, amountFen, currency } of input.hisRecords) {
    const owner = numbers.get(orderNo ?? '') ?? numbers.get(channelTradeNo ?? '');
    if (owner === undefined) continue;
    const entry = {
      kind: kind === 'payment' ? ('charge' as const) : ('refund' as const),
      amountFen,
      currency,
    };
    booked.set(owner, [...(booked.get(owner) ?? []), entry]);
  }
  return [...differing].filter((orderNo) => {
    const order = orders.get(orderNo);
    if (!order) return false;
    const isPaid = carriesMoney(order.status);
    const entries = bridged.has(orderNo)
      ? asCharged(order, booked.get(orderNo) ?? [])
      : (booked.get(orderNo) ?? []);
    const taken = {
      paidFen: isPaid ? order.paidFen : 0,
      refundedFen: isPaid ? order.refundedFen : 0,
      currency: order.currency,
    };
    const state = orderState(tolerated(taken, entries, toleranceFen), entries, false);
    const stored = order.anomalies ?? [];
    const anomalies = stored.filter(isAnomaly);
    const reconState = anomalies.length < stored.length ? 'abnormal' : state.reconState;
    return (
      order.dueReconAt !== null ||
      order.reconState !== reconState ||
      order.hisChargedFen !== state.hisChargedFen ||
      order.hisRefundedFen !== state.hisRefundedFen ||
      JSON.stringify(anomalies) !== JSON.stringify(state.anomalies)
    );
  });
}
