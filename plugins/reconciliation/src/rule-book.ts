import { type GraceRule, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from './errors';
import { readRows } from './rows';
import {
  type Question,
  type ReconciliationRule,
  reconciliationRule,
  rivalOf,
  rulesFor,
  type Settings,
  statedInVain,
} from './rules';

/** The rules as stored; read anew for every question, so that a change holds at once in every process. */
export async function storedRules(db: Knex): Promise<ReconciliationRule[]> {
  return readRows(
    reconciliationRule,
    await db('reconciliation_rules').where(toColumns(db, { enabled: true })),
  );
}

export async function settingsFor(db: Knex, question: Question): Promise<Settings> {
  return rulesFor(await storedRules(db), question);
}

/** How long payments and HIS wait for the other side, when a rule says so. */
export const graceByRules: GraceRule = async (db, { merchantCode, date }) => {
  const rules = await storedRules(db);
  return ({ channel, bizType }) => {
    const { graceMinutes } = rulesFor(rules, { merchantCode, channel, bizType, date });
    return graceMinutes === null ? undefined : graceMinutes * 60;
  };
};

/**
 * Reads a rule that is about to be stored or tried.
 * @throws RULE_INVALID, RULE_BIZ_TYPE, RULE_OVERLAPS
 */
export async function checkedRule(db: Knex, input: unknown): Promise<ReconciliationRule> {
  const parsed = reconciliationRule.safeParse(input);
  if (!parsed.success) {
    throw fail('RULE_INVALID', { fields: parsed.error.issues.map(({ path }) => path.join('.')) });
  }
  const rule = parsed.data;
  const inVain = statedInVain(rule);
  if (inVain.length > 0) throw fail('RULE_BIZ_TYPE', { fields: inVain });
  const rival = rivalOf(rule, await storedRules(db));
  if (rival) throw fail('RULE_OVERLAPS', { issues: [{ message: rival.name }] });
  return rule;
}

const jsonObject = z.record(z.string(), z.unknown());

interface Lifecycles {
  subscribe(subscriber: {
    models: string[];
    beforeCreate(event: { params: { data?: unknown } }): Promise<void>;
    beforeUpdate(event: { params: { data?: unknown; where?: unknown } }): Promise<void>;
  }): unknown;
}

/** Whoever writes a rule, through whatever door: what its check does not take is refused. */
export function guardRules(
  lifecycles: Lifecycles,
  type: 'reconciliation-rule' | 'approval-rule' | 'bank-settlement',
  check: (rule: unknown) => Promise<unknown>,
  stored: (where: object) => Promise<unknown>,
): void {
  lifecycles.subscribe({
    models: [`api::${type}.${type}`],
    async beforeCreate({ params }) {
      await check(params.data);
    },
    async beforeUpdate({ params }) {
      const before = await stored(z.looseObject({}).parse(params.where));
      await check({ ...jsonObject.parse(before ?? {}), ...jsonObject.parse(params.data ?? {}) });
    },
  });
}
