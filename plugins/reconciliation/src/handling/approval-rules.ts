import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';
import { readRows } from '../rows';
import { type Proposal, proposals } from './states';

const text = z
  .string()
  .nullish()
  .transform((value) => value?.trim() || null);
/** Strapi gives large integers as text. */
const fen = z
  .union([z.number(), z.string().regex(/^\d+$/).transform(Number)])
  .pipe(z.int().min(0).max(Number.MAX_SAFE_INTEGER));

/** From which amount on a second person has to agree. A scope that is empty is everywhere. */
export const approvalRule = z.object({
  documentId: text,
  name: z.string().trim().min(1).max(64),
  merchantCode: text,
  action: z
    .enum(proposals)
    .nullish()
    .or(z.literal('').transform(() => null))
    .transform((value) => value ?? null),
  /** More than this needs two people; 0: every amount does. */
  overFen: fen,
  enabled: z
    .union([z.boolean(), z.number()])
    .nullish()
    .transform((value) => Boolean(value ?? true)),
});
export type ApprovalRule = z.output<typeof approvalRule>;

/** Without a rule, in fen. `null`: one person suffices, whatever the amount. */
export const houseThresholds: Record<Proposal, number | null> = {
  online_refund: 50_000,
  cash: 50_000,
  other: 50_000,
  his_supplement: 100_000,
  write_off: 10_000,
  // By what is left over: two sides that agree need no second person.
  match: 0,
  in_transit: null,
  carry: null,
};

type Scope = Pick<ApprovalRule, 'merchantCode' | 'action'>;
const specificity = ({ merchantCode, action }: Scope): number => (merchantCode ? 2 : 0) + (action ? 1 : 0);

/** By the most specific rule that speaks to the merchant and the action, else the house's own. */
export function thresholdFor(
  rules: readonly ApprovalRule[],
  merchantCode: string,
  action: Proposal,
): number | null {
  const speaking = rules
    .filter(
      (rule) =>
        rule.enabled &&
        (rule.merchantCode === null || rule.merchantCode === merchantCode) &&
        (rule.action === null || rule.action === action),
    )
    .sort((a, b) => specificity(b) - specificity(a) || a.overFen - b.overFen);
  return speaking[0]?.overFen ?? houseThresholds[action];
}

export async function storedApprovalRules(db: Knex): Promise<ApprovalRule[]> {
  return readRows(approvalRule, await db('approval_rules'));
}

/** @throws RULE_INVALID, RULE_OVERLAPS */
export async function checkApprovalRule(db: Knex, input: unknown): Promise<void> {
  const parsed = approvalRule.safeParse(input);
  if (!parsed.success) {
    throw fail('RULE_INVALID', { fields: parsed.error.issues.map(({ path }) => path.join('.')) });
  }
  const rule = parsed.data;
  const rival = (await storedApprovalRules(db)).find(
    (other) =>
      rule.enabled &&
      other.enabled &&
      other.documentId !== rule.documentId &&
      other.merchantCode === rule.merchantCode &&
      other.action === rule.action,
  );
  if (rival) throw fail('RULE_OVERLAPS', { issues: [{ message: rival.name }] });
}
