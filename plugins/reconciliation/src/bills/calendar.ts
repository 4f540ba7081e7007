import type { Clock } from '@hospital-pay/jobs';
import {
  type BillKind,
  businessDay,
  type ChannelManifest,
  type Payments,
  shiftDay,
} from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { MerchantScope } from '../figures';
import { merchantRow, readRows } from '../rows';
import { billSources } from './archive';
import { billDueAt } from './schedule';

export type BillState =
  | 'arrived'
  | 'uploaded'
  /** The channel says that there was no business. */
  | 'empty'
  /** Not there yet, asked for again at `nextAt`. */
  | 'waiting'
  /** Still not there a day after it was due. */
  | 'late'
  | 'failed'
  /** A gap: due, and nobody has it or asks for it. */
  | 'missing'
  | 'not_due'
  /** The channel has no such bill, or the account did not exist yet. */
  | 'none';

export interface BillDay {
  date: string;
  state: BillState;
  /** It arrived, but more than a day after it was due. */
  arrivedLate: boolean;
  version: number | null;
  fetchedAt: Date | null;
  nextAt: Date | null;
  errorCode: string | null;
  lineNo: number | null;
}

export interface BillCalendar {
  days: string[];
  accounts: {
    accountCode: string;
    name: string;
    channel: string;
    merchantCode: string;
    canUpload: boolean;
    days: BillDay[];
  }[];
}

/** What is known of one bill. */
export interface BillFacts {
  dueAt: Date;
  offered: boolean;
  /** Whether the account had been there, or had business, on that day. */
  expected: boolean;
  kept: { version: number; source: (typeof billSources)[number] | null; fetchedAt: Date } | undefined;
  /** The newest try to get it. */
  attempt:
    | {
        status: 'under_way' | 'deferred' | 'done' | 'empty' | 'none' | 'failed' | 'cancelled';
        at: Date;
        nextAt: Date | null;
        errorCode: string | null;
        lineNo: number | null;
      }
    | undefined;
}

const dayMs = 86_400_000;

/** Pure: where one account's bill of one day stands at `now`. */
export function billDay(date: string, facts: BillFacts, now: Date): BillDay {
  const { kept, attempt, dueAt } = facts;
  const lateFrom = dueAt.getTime() + dayMs;
  const day = (state: BillState): BillDay => ({
    date,
    state,
    arrivedLate: kept !== undefined && kept.fetchedAt.getTime() > lateFrom,
    version: kept?.version ?? null,
    fetchedAt: kept?.fetchedAt ?? null,
    nextAt: state === 'waiting' || state === 'late' ? (attempt?.nextAt ?? null) : null,
    errorCode: state === 'arrived' || state === 'uploaded' ? null : (attempt?.errorCode ?? null),
    lineNo: state === 'failed' ? (attempt?.lineNo ?? null) : null,
  });
  if (kept) {
    const failedSince = attempt?.status === 'failed' && attempt.at > kept.fetchedAt;
    if (failedSince && attempt.errorCode?.startsWith('BILL_')) return day('failed');
    return day(kept.source === 'upload' ? 'uploaded' : 'arrived');
  }
  const status = attempt?.status;
  switch (status) {
    case 'empty':
    case 'none':
    case 'failed':
      return day(status);
    case 'under_way':
    case 'deferred':
      return day(now.getTime() > lateFrom ? 'late' : 'waiting');
    case 'done':
    case 'cancelled':
    case undefined:
      if (!facts.offered) return day('none');
      if (now < dueAt) return day('not_due');
      return day(facts.expected ? 'missing' : 'none');
    default:
      return status satisfies never;
  }
}

const accountRow = z.object({
  code: z.string(),
  name: z.string().nullable(),
  channel: z.string(),
  merchantCode: z.string(),
  createdAt: z.date().nullable(),
});
const keptRow = z.object({
  accountCode: z.string(),
  date: z.string(),
  version: z.number(),
  source: z.enum(billSources).nullable(),
  fetchedAt: z.date(),
});
const runRow = z.object({
  accountCode: z.string(),
  date: z.string(),
  status: z.string(),
  counts: z.object({ bill: z.string() }).partial().nullable().catch(null),
  nextAt: z.date().nullable(),
  errorCode: z.string().nullable(),
  lineNo: z.number().nullable(),
  updatedAt: z.date(),
});
type RunRow = z.output<typeof runRow>;

function ofRun({ status, counts, updatedAt, nextAt, errorCode, lineNo }: RunRow): BillFacts['attempt'] {
  const shared = { at: updatedAt, nextAt, errorCode, lineNo };
  switch (status) {
    case 'done': {
      const bill = counts?.bill;
      return { ...shared, status: bill === 'empty' || bill === 'none' ? bill : 'done' };
    }
    case 'deferred':
    case 'failed':
    case 'cancelled':
      return { ...shared, status };
    default:
      return { ...shared, status: 'under_way' };
  }
}

const fetchRow = z.object({
  accountCode: z.string(),
  date: z.string(),
  status: z.enum(['waiting', 'done', 'empty', 'failed']),
  nextAt: z.date().nullable(),
  errorCode: z.string().nullable(),
  lineNo: z.number().nullable(),
  updatedAt: z.date(),
});

function ofFetch({ status, updatedAt, ...rest }: z.output<typeof fetchRow>): BillFacts['attempt'] {
  return { ...rest, at: updatedAt, status: status === 'waiting' ? 'deferred' : status };
}

const keyOf = (row: { accountCode: string; date: string }): string => `${row.accountCode} ${row.date}`;

export type ReadCalendar = (
  scope: MerchantScope,
  asked: { from: string; to: string; kind: BillKind },
) => Promise<BillCalendar>;

export function createBillCalendar(
  db: Knex,
  clock: Clock,
  payments: Pick<Payments, 'channels' | 'accounts'>,
): ReadCalendar {
  async function attempts(kind: BillKind, from: string, to: string) {
    if (kind === 'fund-flow') {
      const rows = await db('fund_flow_fetches').whereBetween('date', [from, to]);
      return new Map(readRows(fetchRow, rows).map((row) => [keyOf(row), ofFetch(row)]));
    }
    const rows = await db('reconciliation_runs').whereBetween('date', [from, to]).orderBy('id');
    return new Map(readRows(runRow, rows).map((row) => [keyOf(row), ofRun(row)]));
  }

  return async (scope, { from, to, kind }) => {
    const now = clock.now();
    const merchants = new Map(
      readRows(merchantRow, await db('merchants').select('code', 'zone', 'day_cutoff')).map((row) => [
        row.code,
        row,
      ]),
    );
    const found = readRows(accountRow, await db('channel_accounts').orderBy('code'));
    const accounts = found.filter((row) => scope === null || scope.includes(row.merchantCode));
    const range = (table: string) => db(table).whereBetween('date', [from, to]);
    const kept = new Map(
      readRows(keptRow, await range('bill_archives').where({ kind }).orderBy('version')).map((row) => [
        keyOf(row),
        row,
      ]),
    );
    const tried = await attempts(kind, from, to);
    const withBusiness = new Set(
      readRows(
        z.object({ accountCode: z.string(), date: z.string() }),
        await range('daily_totals').where('platform_count', '>', 0).select('account_code', 'date'),
      ).map(keyOf),
    );
    const channels = new Map(payments.channels().map((channel) => [channel.code, channel]));
    const days: string[] = [];
    for (let date = from; date <= to; date = shiftDay(date, 1)) days.push(date);
    return {
      days,
      accounts: await Promise.all(
        accounts.map(async (account) => {
          const rule = merchants.get(account.merchantCode) ?? { zone: 'Asia/Shanghai', dayCutoff: '00:00' };
          const manifest: ChannelManifest | undefined = channels.get(account.channel);
          const { driver } = (await payments.accounts.connect(account.code).catch(() => undefined)) ?? {};
          const offered = kind === 'trade' ? driver?.bill : driver?.fundFlowBill;
          const since = account.createdAt ? businessDay(account.createdAt, rule) : '';
          return {
            accountCode: account.code,
            name: account.name ?? account.code,
            channel: account.channel,
            merchantCode: account.merchantCode,
            canUpload: kind === 'trade' && manifest?.billReader !== undefined,
            days: days.map((date) => {
              const key = keyOf({ accountCode: account.code, date });
              const facts: BillFacts = {
                dueAt: billDueAt(date, rule, manifest),
                offered: offered !== undefined || manifest?.billReader !== undefined,
                expected: date >= since || withBusiness.has(key),
                kept: kept.get(key),
                attempt: tried.get(key),
              };
              return billDay(date, facts, now);
            }),
          };
        }),
      ),
    };
  };
}
