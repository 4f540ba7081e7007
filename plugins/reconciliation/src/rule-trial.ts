import type { Clock } from '@hospital-pay/jobs';
import { businessDay, businessDayBounds, type ChannelManifest } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { BillArchive } from './archive';
import { fail } from './errors';
import type { MerchantScope } from './figures';
import { type MatchTotals, match } from './match';
import { accountRow, merchantRow, readRow, type StoredAccount } from './rows';
import { checkedRule, storedRules } from './rule-book';
import { matchSettings, type ReconciliationRule, rulesFor, type Settings, speaksTo } from './rules';
import { type DaySources, readDay } from './source-rows';
import { casesOf, type DayCase } from './write-back';

/** More rows than this are not matched while somebody waits. */
const mostRows = 200_000;
const mostShown = 200;

export interface TrialSide {
  settings: Settings;
  /** Results by leg and kind: `his.matched`, `channel.amount`, … */
  counts: Record<string, number>;
  totals: MatchTotals;
  openCases: number;
  openDifferenceFen: number;
}

export interface TrialChange {
  change: 'appears' | 'disappears' | 'changes';
  before: DayCase | null;
  after: DayCase | null;
}

/** What a draft rule would have made of a past day; nothing of it is written. */
export interface Trial {
  accountCode: string;
  date: string;
  billKnown: boolean;
  /** Whether the draft has a say on this account and day at all. */
  speaks: boolean;
  before: TrialSide;
  after: TrialSide;
  appearing: number;
  disappearing: number;
  changing: number;
  /** The first of them. */
  changes: TrialChange[];
}

export interface TrialOptions {
  db: Knex;
  clock: Clock;
  archive: BillArchive;
  channels(): ChannelManifest[];
}

export type TryRule = (
  request: { accountCode: string; date: string; rule: unknown },
  scope: MerchantScope,
) => Promise<Trial>;

export function createRuleTrial({ db, clock, archive, channels }: TrialOptions): TryRule {
  async function rowsOf(account: StoredAccount, date: string): Promise<number> {
    const count = async (query: Knex.QueryBuilder): Promise<number> =>
      z.object({ rows: z.coerce.number() }).parse(await query.count({ rows: '*' }).first()).rows;
    const own = { account_code: account.code, settled_on: date };
    const records = { merchant_code: account.merchantCode, pay_type: account.channel, settled_on: date };
    return (
      (await count(db('orders').where(own))) +
      (await count(db('refunds').where(own))) +
      (await count(db('his_records').where(records)))
    );
  }

  return async ({ accountCode, date, rule: input }, scope) => {
    const account = readRow(accountRow, await db('channel_accounts').where({ code: accountCode }).first());
    const manifest = channels().find(({ code }) => code === account?.channel);
    if (!account || !manifest || (scope !== null && !scope.includes(account.merchantCode))) {
      throw fail('ACCOUNT_UNKNOWN', { accountCode });
    }
    const merchant = readRow(
      merchantRow,
      await db('merchants').where({ code: account.merchantCode }).first(),
    );
    if (merchant && date > businessDay(clock.now(), merchant)) throw fail('DATE_IN_FUTURE', { date });
    const draft = await checkedRule(db, input);
    if ((await rowsOf(account, date)) > mostRows) throw fail('TRIAL_TOO_LARGE');

    const lines = (await archive.latest(account.code, date))?.lines;
    const sources = await readDay(db, archive, account, manifest.currency, date, lines);
    const stored = await storedRules(db);
    const others = stored.filter((rule) => draft.documentId === null || rule.documentId !== draft.documentId);
    const question = { merchantCode: account.merchantCode, channel: account.channel, bizType: null, date };
    const day = businessDayBounds(date, { zone: manifest.zone, dayCutoff: '00:00' });
    const matched = (rules: ReconciliationRule[]) => {
      const settings = rulesFor(rules, question);
      const { results, totals } = match({
        ...sources.input,
        rules: {
          date,
          dayStart: day.start.getTime(),
          dayEnd: day.end.getTime(),
          ...matchSettings(settings),
          nextBillKnown: sources.nextBillKnown,
          billKnown: lines !== undefined,
        },
      });
      return { results, totals, settings };
    };
    const before = sideOf(matched(stored), sources, account, date);
    const after = sideOf(matched([...others, draft]), sources, account, date);
    const changes = changesBetween(before.cases, after.cases);
    const counted = (kind: TrialChange['change']) => changes.filter(({ change }) => change === kind).length;
    return {
      accountCode,
      date,
      billKnown: lines !== undefined,
      speaks: speaksTo(draft, question),
      before: before.side,
      after: after.side,
      appearing: counted('appears'),
      disappearing: counted('disappears'),
      changing: counted('changes'),
      changes: changes.slice(0, mostShown),
    };
  };
}

function sideOf(
  { results, totals, settings }: ReturnType<typeof match> & { settings: Settings },
  sources: DaySources,
  account: StoredAccount,
  date: string,
): { side: TrialSide; cases: Map<string, DayCase> } {
  const counts: Record<string, number> = {};
  for (const { leg, kind } of results) counts[`${leg}.${kind}`] = (counts[`${leg}.${kind}`] ?? 0) + 1;
  const cases = new Map<string, DayCase>();
  for (const entry of casesOf(results, sources, account, date)) {
    // What is on its way and what is missing are the same case, told differently.
    let key = entry.dedupeKey.replace(`:transit:${date}`, '');
    while (cases.has(key)) key += '+';
    cases.set(key, entry);
  }
  const open = [...cases.values()].filter(({ status }) => status === 'open');
  return {
    side: {
      settings,
      counts,
      totals,
      openCases: open.length,
      openDifferenceFen: open.reduce((sum, { differenceFen }) => sum + differenceFen, 0),
    },
    cases,
  };
}

function changesBetween(before: Map<string, DayCase>, after: Map<string, DayCase>): TrialChange[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key): TrialChange[] => {
    const was = before.get(key) ?? null;
    const is = after.get(key) ?? null;
    if (was === null) return [{ change: 'appears', before: was, after: is }];
    if (is === null) return [{ change: 'disappears', before: was, after: is }];
    const isSame = was.kind === is.kind && was.status === is.status && was.differenceFen === is.differenceFen;
    return isSame ? [] : [{ change: 'changes', before: was, after: is }];
  });
}
