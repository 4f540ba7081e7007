import type { Knex } from 'knex';
import type { DayOutcome } from './engine/day';
import type { Engine } from './engine/engine';
import { fail } from './errors';
import type { MerchantScope } from './figures';
import { accountRow, readRow } from './rows';
import { checkedRule, storedRules } from './rule-book';
import { type ReconciliationRule, rulesFor, type Settings, speaksTo } from './rules';
import { questionOf, type Runs } from './runs';
import type { DayCase, DayCases } from './write-back';

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

/** What changes are told by; of a day on which everything differs whole cases would not fit into memory. */
type Brief = Pick<DayCase, 'kind' | 'status' | 'differenceFen'>;

export function createRuleTrial({
  db,
  engine,
  runs,
}: {
  db: Knex;
  engine: Pick<Engine, 'work'>;
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
    return engine.work({}, async (place) => {
      const compare = async (rules: ReconciliationRule[]) => {
        const settings = rulesFor(rules, questionOf(account, date));
        const task = await runs.storedDay(account, date, settings);
        const { cases, counts, totals } = await place.compareDay(task);
        const named = () => byName(cases, date);
        const briefs = new Map<string, Brief>();
        const side: TrialSide = { settings, counts, totals, openCases: 0, openDifferenceFen: 0 };
        for await (const [name, { kind, status, differenceFen }] of named()) {
          briefs.set(name, { kind, status, differenceFen });
          if (status !== 'open') continue;
          side.openCases += 1;
          side.openDifferenceFen += differenceFen;
        }
        return { billKnown: task.rules.billKnown, side, briefs, named };
      };
      const before = await compare(stored);
      const after = await compare([...others, draft]);
      const changes = changesBetween(before.briefs, after.briefs);
      const counted = (kind: TrialChange['change']) => changes.filter(({ change }) => change === kind).length;
      const shown = changes.slice(0, mostShown);
      const names = new Set(shown.map(({ name }) => name));
      const [was, is] = [await entriesOf(before.named(), names), await entriesOf(after.named(), names)];
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
        changes: shown.map(({ change, name }) => ({
          change,
          before: was.get(name) ?? null,
          after: is.get(name) ?? null,
        })),
      };
    });
  };
}

/** Cases by what they are the same by under whichever rule. */
async function* byName(cases: DayCases, date: string): AsyncGenerator<[name: string, entry: DayCase]> {
  const known = new Set<string>();
  for await (const piece of cases()) {
    for (const entry of piece) {
      // What is on its way and what is missing are the same case, told differently.
      let name = entry.dedupeKey.replace(`:transit:${date}`, '');
      while (known.has(name)) name += '+';
      known.add(name);
      yield [name, entry];
    }
  }
}

async function entriesOf(
  named: AsyncIterable<[string, DayCase]>,
  names: Set<string>,
): Promise<Map<string, DayCase>> {
  const found = new Map<string, DayCase>();
  for await (const [name, entry] of named) if (names.has(name)) found.set(name, entry);
  return found;
}

function changesBetween(
  before: Map<string, Brief>,
  after: Map<string, Brief>,
): { change: TrialChange['change']; name: string }[] {
  const names = [...new Set([...before.keys(), ...after.keys()])].sort();
  return names.flatMap((name): { change: TrialChange['change']; name: string }[] => {
    const was = before.get(name);
    const is = after.get(name);
    if (was === undefined) return [{ change: 'appears', name }];
    if (is === undefined) return [{ change: 'disappears', name }];
    const isSame = was.kind === is.kind && was.status === is.status && was.differenceFen === is.differenceFen;
    return isSame ? [] : [{ change: 'changes', name }];
  });
}
