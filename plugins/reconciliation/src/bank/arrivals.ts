import { randomBytes } from 'node:crypto';
import type { Clock } from '@hospital-pay/jobs';
import { businessDay, completeRow, isUniqueViolation, shiftDay, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';
import type { MerchantScope } from '../figures';
import { merchantRow, readRows } from '../rows';
import { type BankLine, bankLineRow, matchRow, type Settlement } from './bank-rows';
import { type Credit, type ExpectedArrival, mayBe, pairArrivals } from './pairing';
import { heldSettlements } from './settlements';

export type ArrivalStatus =
  /** The platform had business, and there is no bill that says what is paid out. */
  | 'no_bill'
  /** Nothing is paid out: the day nets to nothing or less, and is offset against later ones. */
  | 'nothing'
  | 'due'
  | 'overdue'
  | 'arrived'
  | 'differs';

/** What one account's day brings to the bank, and what came. Amounts in fen. */
export interface Arrival {
  accountCode: string;
  channel: string;
  merchantCode: string;
  bankAccountCode: string;
  /** The bill's day. */
  date: string;
  paymentFen: number;
  refundFen: number;
  feeFen: number;
  /** 应到; null without a bill. */
  expectedFen: number | null;
  /** What the fund-flow bill says moved that day, transfers to the bank left out; null without one. */
  flowFen: number | null;
  expectedOn: string;
  /** 实到; null as long as nothing is matched. */
  arrivedFen: number | null;
  arrivedOn: string | null;
  /** 实到 − 应到; what is overdue counts as missing. */
  differenceFen: number;
  status: ArrivalStatus;
  matchNo: string | null;
  origin: 'auto' | 'manual' | null;
  note: string | null;
}

const longestRangeDays = 366;
const day = z.iso.date();
const code = z.string().min(1).max(64);

/** Bill days, or days of the bank's lines. */
export const arrivalQuestion = z
  .object({ from: day, to: day, accountCode: code.optional(), bankAccountCode: code.optional() })
  .refine(
    ({ from, to }) => from <= to && Date.parse(to) - Date.parse(from) <= longestRangeDays * 86_400_000,
    {
      path: ['from'],
    },
  );
export type ArrivalQuestion = z.output<typeof arrivalQuestion>;

export interface Arrivals {
  read(scope: MerchantScope, asked: ArrivalQuestion): Promise<Arrival[]>;
  /** Lines of the bank that nothing is matched with, within the days: the newest, and what all of them come to. */
  unmatched(
    scope: MerchantScope,
    asked: ArrivalQuestion,
  ): Promise<{ lines: BankLine[]; count: number; sumFen: number }>;
  /** All of them, the newest first. */
  allUnmatched(scope: MerchantScope, asked: ArrivalQuestion): AsyncIterable<BankLine>;
  /** Pairs what fits to the fen. Says how many days were matched. */
  matchAll(scope: MerchantScope, asked: ArrivalQuestion): Promise<number>;
  /**
   * Matches by hand: days of one bank account with lines of it. A sum that is not the expected one needs a note.
   * @throws BANK_MATCH_INVALID, BANK_MATCH_NOTE, BANK_MATCH_TAKEN
   */
  match(
    scope: MerchantScope,
    input: {
      arrivals: { accountCode: string; date: string }[];
      lines: string[];
      note: string | null;
      by: string;
    },
  ): Promise<string>;
  /** @throws BANK_MATCH_UNKNOWN */
  undo(scope: MerchantScope, matchNo: string): Promise<void>;
  /** A line that is no arrival of a channel (interest, a transfer), or is one after all. @throws BANK_LINE_UNKNOWN */
  ignore(
    scope: MerchantScope,
    documentId: string,
    input: { ignored: boolean; note: string | null; by: string },
  ): Promise<void>;
}

const billRow = z.object({
  accountCode: z.string(),
  date: z.string(),
  kind: z.enum(['trade', 'fund-flow']),
  paymentFen: z.number(),
  refundFen: z.number(),
  feeFen: z.number(),
  withdrawnFen: z.number().nullable(),
});
type BillSums = z.output<typeof billRow>;
const accountRow = z.object({ code: z.string(), channel: z.string(), merchantCode: z.string() });
const totalRow = z.object({ accountCode: z.string(), date: z.string() });
const lineSums = z.object({ count: z.coerce.number(), sumFen: z.number().nullable() });
type Match = z.output<typeof matchRow>;

const keyOf = ({ accountCode, date }: { accountCode: string; date: string }): string =>
  `${accountCode} ${date}`;
const compare = (a: string, b: string): number => (a < b ? -1 : Number(a > b));
const mostDaysBack = 40;
const linesAtOnce = 2000;
const china = { zone: 'Asia/Shanghai', dayCutoff: '00:00' };

export function createArrivals(db: Knex, clock: Clock): Arrivals {
  const within = <Query extends Knex.QueryBuilder>(query: Query, scope: MerchantScope): Query => {
    if (scope !== null) query.whereIn('merchant_code', scope);
    return query;
  };

  async function read(scope: MerchantScope, asked: ArrivalQuestion): Promise<Arrival[]> {
    const rules = await heldSettlements(db, scope);
    const isAsked = ({ accountCode, bankAccountCode }: { accountCode: string; bankAccountCode: string }) =>
      (asked.accountCode === undefined || accountCode === asked.accountCode) &&
      (asked.bankAccountCode === undefined || bankAccountCode === asked.bankAccountCode);
    const codes = rules.filter(isAsked).map(({ accountCode }) => accountCode);
    if (codes.length === 0) return [];
    const ofDays = (table: string, of: { from: string; to: string }, accounts: string[]) =>
      db(table).whereIn('account_code', accounts).whereBetween('date', [of.from, of.to]);
    const named = readRows(matchRow, await ofDays('bank_matches', asked, codes)).map(
      ({ matchNo }) => matchNo,
    );
    // A match may reach beyond what is asked for, and is told whole or not at all.
    const matches = readRows(matchRow, await db('bank_matches').whereIn('match_no', [...new Set(named)]));
    const dates = [asked.from, asked.to, ...matches.map(({ date }) => date)].toSorted();
    const span = { from: dates[0] ?? asked.from, to: dates.at(-1) ?? asked.to };
    const all = [...new Set([...codes, ...matches.map(({ accountCode }) => accountCode)])];

    const accounts = new Map(
      readRows(accountRow, await db('channel_accounts').whereIn('code', all)).map((row) => [row.code, row]),
    );
    const bills = readRows(billRow, await ofDays('bill_archives', span, all).orderBy('version'));
    // The newest version comes last and stays.
    const newest = (kind: BillSums['kind']) =>
      new Map(bills.filter((bill) => bill.kind === kind).map((bill) => [keyOf(bill), bill]));
    const [trade, flow] = [newest('trade'), newest('fund-flow')];
    const business = new Set(
      readRows(totalRow, await ofDays('daily_totals', span, all).where('platform_count', '>', 0)).map(keyOf),
    );
    const matchOf = new Map(matches.map((match) => [keyOf(match), match]));
    const merchants = new Map(
      readRows(merchantRow, await db('merchants').select('code', 'zone', 'day_cutoff')).map((row) => [
        row.code,
        row,
      ]),
    );
    const arrivals: Arrival[] = [];
    for (const rule of rules) {
      const account = accounts.get(rule.accountCode);
      if (!account) continue;
      const today = businessDay(clock.now(), merchants.get(account.merchantCode) ?? china);
      for (let date = span.from; date <= span.to; date = shiftDay(date, 1)) {
        const key = keyOf({ accountCode: rule.accountCode, date });
        const found = { trade: trade.get(key), flow: flow.get(key), hadBusiness: business.has(key) };
        const match = matchOf.get(key);
        const arrival = arrivalOf(rule, { ...account, date }, found, today);
        if (arrival || match) arrivals.push(withMatch(arrival ?? emptyOf(rule, { ...account, date }), match));
      }
    }
    settleMatches(arrivals, await matchedSums(named));
    return arrivals
      .filter((arrival) => isAsked(arrival) && arrival.date >= asked.from && arrival.date <= asked.to)
      .toSorted((a, b) => compare(b.date, a.date) || compare(a.accountCode, b.accountCode));
  }

  /** What the lines of each match add up to, and when the last of them came. */
  async function matchedSums(matchNos: string[]): Promise<Map<string, { fen: number; on: string }>> {
    const sums = new Map<string, { fen: number; on: string }>();
    if (matchNos.length === 0) return sums;
    const rows = readRows(
      bankLineRow,
      await db('bank_statement_lines').whereIn('match_no', [...new Set(matchNos)]),
    );
    for (const { matchNo, amountFen, date } of rows) {
      if (matchNo === null) continue;
      const sum = sums.get(matchNo);
      sums.set(matchNo, { fen: (sum?.fen ?? 0) + amountFen, on: sum && sum.on > date ? sum.on : date });
    }
    return sums;
  }

  async function insertMatch(
    days: { accountCode: string; date: string; merchantCode: string; bankAccountCode: string }[],
    lines: number[],
    more: { origin: 'auto' | 'manual'; note: string | null; by: string },
  ): Promise<string> {
    const now = clock.now();
    const matchNo = `K${randomBytes(8).toString('hex').toUpperCase()}`;
    const { origin, note, by: matchedBy } = more;
    try {
      await db.transaction(async (trx) => {
        for (const { accountCode, date, merchantCode, bankAccountCode } of days) {
          const row = {
            matchNo,
            accountCode,
            date,
            merchantCode,
            bankAccountCode,
            origin,
            note,
            matchedBy,
            matchedAt: now,
          };
          await trx('bank_matches').insert(completeRow(trx, row, now));
        }
        const moved = await trx('bank_statement_lines')
          .whereIn('id', lines)
          .where({ status: 'open' })
          .update(toColumns(trx, { status: 'matched', matchNo, updatedAt: now }));
        if (moved !== lines.length) throw fail('BANK_MATCH_TAKEN');
      });
    } catch (error) {
      throw isUniqueViolation(error) ? fail('BANK_MATCH_TAKEN') : error;
    }
    return matchNo;
  }

  function openLines(
    scope: MerchantScope,
    { from, to, bankAccountCode }: ArrivalQuestion,
  ): Knex.QueryBuilder {
    const query = within(
      db('bank_statement_lines').where({ status: 'open' }).whereBetween('date', [from, to]),
      scope,
    );
    return bankAccountCode === undefined ? query : query.where({ bank_account_code: bankAccountCode });
  }

  async function linesAfter(
    scope: MerchantScope,
    asked: ArrivalQuestion,
    last?: BankLine,
  ): Promise<BankLine[]> {
    const query = openLines(scope, { ...asked, to: last?.date ?? asked.to });
    if (last) query.where((after) => after.where('date', '<', last.date).orWhere('id', '>', last.id));
    return readRows(bankLineRow, await query.orderBy('date', 'desc').orderBy('id').limit(linesAtOnce));
  }

  async function* allUnmatched(scope: MerchantScope, asked: ArrivalQuestion): AsyncGenerator<BankLine> {
    let page = await linesAfter(scope, asked);
    while (page.length > 0) {
      yield* page;
      page = await linesAfter(scope, asked, page.at(-1));
    }
  }

  return {
    read,
    allUnmatched,

    async unmatched(scope, asked) {
      const sums = openLines(scope, asked).count({ count: '*' }).sum({ sum_fen: 'amount_fen' });
      const [total] = readRows(lineSums, await sums);
      const lines = await linesAfter(scope, asked);
      return { lines, count: total?.count ?? 0, sumFen: total?.sumFen ?? 0 };
    },

    async matchAll(scope, asked) {
      const open = (await read(scope, { ...asked, from: shiftDay(asked.from, -mostDaysBack) })).filter(
        ({ status }) => status === 'due' || status === 'overdue' || status === 'nothing',
      );
      const rules = new Map((await heldSettlements(db, scope)).map((rule) => [rule.accountCode, rule]));
      let matched = 0;
      for (const bankAccountCode of new Set(open.map((arrival) => arrival.bankAccountCode))) {
        const own = open.filter((arrival) => arrival.bankAccountCode === bankAccountCode);
        const expected = own.flatMap((arrival): ExpectedArrival[] => {
          const rule = rules.get(arrival.accountCode);
          if (!rule || arrival.expectedFen === null) return [];
          const { accountCode, date, expectedFen, expectedOn } = arrival;
          const until = shiftDay(expectedOn, rule.windowDays);
          return [{ accountCode, date, expectedFen, from: expectedOn, until, payer: rule.payer }];
        });
        const credits: Credit[] = [];
        const near = { ...asked, to: shiftDay(asked.to, mostDaysBack), bankAccountCode };
        for await (const line of allUnmatched(scope, near)) {
          const { id, date, amountFen, counterparty, summary, reference } = line;
          const credit = { id, date, amountFen, text: `${counterparty} ${summary} ${reference}` };
          // What can be no day's arrival is not kept: a bank account has many other lines.
          if (expected.some((day) => mayBe(day, day, credit))) credits.push(credit);
        }
        const pairings = pairArrivals(expected, credits);
        for (const { arrivals, credits: lines } of pairings) {
          const days = own.filter((arrival) => arrivals.some((day) => keyOf(day) === keyOf(arrival)));
          await insertMatch(days, lines, { origin: 'auto', note: null, by: 'system' });
          matched += days.length;
        }
      }
      return matched;
    },

    async match(scope, { arrivals, lines, note, by }) {
      const found = readRows(
        bankLineRow,
        await within(db('bank_statement_lines').whereIn('document_id', lines), scope),
      );
      const days: Arrival[] = [];
      for (const { accountCode, date } of arrivals) {
        days.push(...(await read(scope, { from: date, to: date, accountCode })));
      }
      const banks = new Set([...found, ...days].map(({ bankAccountCode }) => bankAccountCode));
      if (found.length !== new Set(lines).size || days.length !== arrivals.length || banks.size !== 1) {
        throw fail('BANK_MATCH_INVALID');
      }
      if (days.some(({ matchNo }) => matchNo !== null)) throw fail('BANK_MATCH_TAKEN');
      const expected = days.reduce((sum, { expectedFen }) => sum + (expectedFen ?? 0), 0);
      const arrived = found.reduce((sum, { amountFen }) => sum + amountFen, 0);
      if (expected !== arrived && note === null) {
        throw fail('BANK_MATCH_NOTE', { expectedFen: expected, arrivedFen: arrived });
      }
      return insertMatch(
        days,
        found.map(({ id }) => id),
        { origin: 'manual', note, by },
      );
    },

    async undo(scope, matchNo) {
      await db.transaction(async (trx) => {
        const removed = await within(trx('bank_matches').where({ match_no: matchNo }), scope).delete();
        if (removed === 0) throw fail('BANK_MATCH_UNKNOWN', { matchNo });
        await trx('bank_statement_lines')
          .where({ match_no: matchNo })
          .update(toColumns(trx, { status: 'open', matchNo: null, updatedAt: clock.now() }));
      });
    },

    async ignore(scope, documentId, { ignored, note, by }) {
      const moved = await within(db('bank_statement_lines').where({ document_id: documentId }), scope)
        .where({ status: ignored ? 'open' : 'ignored' })
        .update(
          toColumns(db, {
            status: ignored ? 'ignored' : 'open',
            note,
            handledBy: by,
            updatedAt: clock.now(),
          }),
        );
      if (moved === 0) throw fail('BANK_LINE_UNKNOWN', { documentId });
    },
  };
}

type Day = { code: string; channel: string; merchantCode: string; date: string };

const emptyOf = (rule: Settlement, { code, channel, merchantCode, date }: Day): Arrival => ({
  accountCode: code,
  channel,
  merchantCode,
  bankAccountCode: rule.bankAccountCode,
  date,
  paymentFen: 0,
  refundFen: 0,
  feeFen: 0,
  expectedFen: null,
  flowFen: null,
  expectedOn: shiftDay(date, rule.settleDays),
  arrivedFen: null,
  arrivedOn: null,
  differenceFen: 0,
  status: 'no_bill',
  matchNo: null,
  origin: null,
  note: null,
});

/** Pure: what a day should bring by its bills; undefined when there is neither a bill nor business. */
export function arrivalOf(
  rule: Settlement,
  day: Day,
  found: { trade: BillSums | undefined; flow: BillSums | undefined; hadBusiness: boolean },
  today: string,
): Arrival | undefined {
  const { trade, flow } = found;
  const arrival = emptyOf(rule, day);
  arrival.paymentFen = trade?.paymentFen ?? 0;
  arrival.refundFen = trade?.refundFen ?? 0;
  arrival.feeFen = trade?.feeFen ?? 0;
  if (flow) arrival.flowFen = flow.paymentFen - flow.refundFen + (flow.withdrawnFen ?? 0);
  switch (rule.expectedBy) {
    case 'bill':
      if (trade) {
        const fees = rule.feesDeducted ? trade.feeFen : 0;
        arrival.expectedFen = trade.paymentFen - trade.refundFen - fees;
      }
      break;
    case 'withdrawal':
      if (flow) arrival.expectedFen = flow.withdrawnFen ?? 0;
      break;
    default:
      rule.expectedBy satisfies never;
  }
  if (arrival.expectedFen === null) return found.hadBusiness || trade || flow ? arrival : undefined;
  const lastDay = shiftDay(arrival.expectedOn, rule.windowDays);
  arrival.status = today > lastDay ? 'overdue' : 'due';
  if (arrival.expectedFen <= 0) arrival.status = 'nothing';
  arrival.differenceFen = arrival.status === 'overdue' ? -arrival.expectedFen : 0;
  return arrival;
}

const withMatch = (arrival: Arrival, match: Match | undefined): Arrival =>
  match ? { ...arrival, matchNo: match.matchNo, origin: match.origin, note: match.note } : arrival;

/**
 * Pure: gives the sums of each match to its days. Every day gets what was expected of it, the latest one also what came
 * more or less than all of them together.
 */
export function settleMatches(arrivals: Arrival[], sums: Map<string, { fen: number; on: string }>): void {
  const byMatch = new Map<string, Arrival[]>();
  for (const arrival of arrivals) {
    if (arrival.matchNo === null) continue;
    byMatch.set(arrival.matchNo, [...(byMatch.get(arrival.matchNo) ?? []), arrival]);
  }
  for (const [matchNo, days] of byMatch) {
    const sum = sums.get(matchNo);
    const ordered = days.toSorted((a, b) => (a.date < b.date ? -1 : 1));
    let left = sum?.fen ?? 0;
    for (const [place, day] of ordered.entries()) {
      const expected = day.expectedFen ?? 0;
      day.arrivedFen = place === ordered.length - 1 ? left : expected;
      left -= day.arrivedFen;
      day.arrivedOn = sum?.on ?? null;
      day.differenceFen = day.arrivedFen - expected;
      day.status = day.differenceFen === 0 ? 'arrived' : 'differs';
    }
  }
}
