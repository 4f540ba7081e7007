import type { Knex } from 'knex';
import type { DayOutcome } from './engine/day';
import type { Engine } from './engine/engine';
import { fail } from './errors';
import type { MerchantScope } from './figures';
import { accountRow, readRow } from './rows';
import { checkedRule, storedRules } from './rule-book';
import { type ReconciliationRule, rulesFor, type Settings, speaksTo } from './rules';
import { questionOf, type Runs } from './runs';
import type { DayCase } from './write-back';

const mostShown = 200;

export interface TrialSide extends Pick<DayOutcome, 'counts' | 'totals'> {
  settings: Settings;
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

export type TryRule = (
  request: { accountCode: string; date: string; rule: unknown },
  scope: MerchantScope,
) => Promise<Trial>;

export function createRuleTrial({
  db,
  engine,
  runs,
}: {
  db: Knex;
  engine: Pick<Engine, 'compareDay'>;
  runs: Pick<Runs, 'storedDay'>;
}): TryRule {
  return async ({ accountCode, date, rule: input }, scope) => {
    const account = readRow(accountRow, await db('channel_accounts').where({ code: accountCode }).first());
    if (!account || (scope !== null && !scope.includes(account.merchantCode))) {
      throw fail('ACCOUNT_UNKNOWN', { accountCode });
    }
    const draft = await checkedRule(db, input);
    const stored = await storedRules(db);
    const others = stored.filter((rule) => draft.documentId === null || rule.documentId !== draft.documentId);
    const compare = async (rules: ReconciliationRule[]) => {
      const settings = rulesFor(rules, questionOf(account, date));
      const task = await runs.storedDay(account, date, settings);
      return { billKnown: task.rules.billKnown, ...sideOf(await engine.compareDay(task), settings, date) };
    };
    const before = await compare(stored);
    const after = await compare([...others, draft]);
    const changes = changesBetween(before.cases, after.cases);
    const counted = (kind: TrialChange['change']) => changes.filter(({ change }) => change === kind).length;
    return {
      accountCode,
      date,
      billKnown: before.billKnown,
      speaks: speaksTo(draft, questionOf(account, date)),
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
  { cases, counts, totals }: Awaited<ReturnType<Engine['compareDay']>>,
  settings: Settings,
  date: string,
): { side: TrialSide; cases: Map<string, DayCase> } {
  const byKey = new Map<string, DayCase>();
  for (const entry of cases) {
    // What is on its way and what is missing are the same case, told differently.
    let key = entry.dedupeKey.replace(`:transit:${date}`, '');
    while (byKey.has(key)) key += '+';
    byKey.set(key, entry);
  }
  const open = cases.filter(({ status }) => status === 'open');
  const openDifferenceFen = open.reduce((sum, { differenceFen }) => sum + differenceFen, 0);
  return { side: { settings, counts, totals, openCases: open.length, openDifferenceFen }, cases: byKey };
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
