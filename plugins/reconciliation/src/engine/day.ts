import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { isPostgres } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { type MatchResult, type MatchRules, type MatchTotals, match } from '../match';
import { asCharged, isAnomaly, orderState, tolerated } from '../order-state';
import { carriesMoney, type StoredAccount } from '../rows';
import { type DaySources, type NearbyBills, readDay } from '../source-rows';
import { casesOf, type DayCase } from '../write-back';
import { linesUnder } from './bill-lines';
import { type Cleared, type ClearQuestion, clear, type Portions } from './clear';
import { openDuck } from './duck';
import { type DayQuestion, extractDay } from './extract';
import { lookUpIn } from './look-up';
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
): Promise<DayOutcome> {
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
        return parquet ? linesUnder(duck, parquet.path, numbers) : [];
      },
    };
    return await timed('matching', async () => {
      const outcome: DayOutcome = {
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
