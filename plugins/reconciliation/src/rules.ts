import { z } from 'zod';
import type { Leg, MatchRules } from './match';

const text = z
  .string()
  .nullish()
  .transform((value) => value?.trim() || null);
const day = z
  .union([z.iso.date(), z.literal('')])
  .nullish()
  .transform((value) => value || null);
/** Strapi gives large integers as text. */
const whole = (min: number, max: number) =>
  z
    .union([
      z.number(),
      z
        .string()
        .regex(/^-?\d+$/)
        .transform(Number),
    ])
    .pipe(z.int().min(min).max(max))
    .nullish()
    .transform((value) => value ?? null);

/**
 * One rule: where and when it holds, and what it says. A scope that is empty is everywhere, a setting that is empty
 * is left to less specific rules.
 */
export const reconciliationRule = z
  .object({
    documentId: text,
    name: z.string().trim().min(1).max(64),
    merchantCode: text,
    channel: text,
    bizType: text,
    enabled: z
      .union([z.boolean(), z.number()])
      .nullish()
      .transform((value) => Boolean(value ?? true)),
    validFrom: day,
    validTo: day,
    /** How long a missing side is waited for in real time. */
    graceMinutes: whole(0, 10_080),
    /** How far from midnight the channel's clock may put a payment into the other day. */
    midnightMinutes: whole(0, 180),
    /** Amounts that differ by no more than this agree, on the leg or legs named. */
    toleranceFen: whole(0, 10_000),
    toleranceLeg: z
      .enum(['his', 'channel', 'both'])
      .nullish()
      .transform((value) => value ?? 'both'),
    /** How many days a payment and its bill line may lie apart, and how long one that its bill lacks is waited for. */
    suspenseDays: whole(0, 30),
    /** The agreed fee in millionths of the amount. */
    feePpm: whole(0, 100_000),
    /** Whether several payments and several HIS records may settle one HIS bill. */
    manyToOne: z
      .enum(['yes', 'no'])
      .nullish()
      .transform((value) => value ?? null),
  })
  .refine((rule) => !rule.validFrom || !rule.validTo || rule.validFrom <= rule.validTo, {
    path: ['validTo'],
  });
export type ReconciliationRule = z.output<typeof reconciliationRule>;

/** What holds for one question, every setting decided. */
export interface Settings {
  /** `null`: no rule says so, the merchant's own setting holds. */
  graceMinutes: number | null;
  midnightMinutes: number;
  toleranceFen: Record<Leg, number>;
  suspenseDays: number;
  /** `null`: no fee was agreed, and fees are not judged. */
  feePpm: number | null;
  manyToOne: boolean;
}

export const builtIn: Settings = {
  graceMinutes: null,
  midnightMinutes: 10,
  toleranceFen: { his: 0, channel: 0 },
  suspenseDays: 1,
  feePpm: null,
  manyToOne: true,
};

export interface Question {
  merchantCode: string;
  channel: string | null;
  /** A day's match knows no business type: rules of one do not speak there. */
  bizType: string | null;
  date: string;
}

type Scope = Pick<ReconciliationRule, 'merchantCode' | 'channel' | 'bizType'>;

/** More names are more specific; of equally many the merchant weighs most, then the channel. */
function specificity({ merchantCode, channel, bizType }: Scope): number {
  const named = [merchantCode, channel, bizType].filter((name) => name !== null).length;
  return named * 8 + (merchantCode ? 4 : 0) + (channel ? 2 : 0) + (bizType ? 1 : 0);
}

const covers = (rule: Scope, question: Question): boolean =>
  (rule.merchantCode === null || rule.merchantCode === question.merchantCode) &&
  (rule.channel === null || rule.channel === question.channel) &&
  (rule.bizType === null || rule.bizType === question.bizType);

export const speaksTo = (rule: ReconciliationRule, question: Question): boolean =>
  rule.enabled &&
  covers(rule, question) &&
  (rule.validFrom === null || rule.validFrom <= question.date) &&
  (rule.validTo === null || rule.validTo >= question.date);

/** Each setting by the most specific rule that states it, else by the house's own value. */
export function rulesFor(rules: readonly ReconciliationRule[], question: Question): Settings {
  const speaking = rules
    .filter((rule) => speaksTo(rule, question))
    .sort((a, b) => specificity(b) - specificity(a) || (identity(a) < identity(b) ? -1 : 1));
  const stated = <Value>(of: (rule: ReconciliationRule) => Value | null): Value | null => {
    for (const rule of speaking) {
      const value = of(rule);
      if (value !== null) return value;
    }
    return null;
  };
  const tolerance = (leg: Leg): number =>
    stated((rule) =>
      rule.toleranceLeg === 'both' || rule.toleranceLeg === leg ? rule.toleranceFen : null,
    ) ?? builtIn.toleranceFen[leg];
  const manyToOne = stated((rule) => rule.manyToOne);
  return {
    graceMinutes: stated((rule) => rule.graceMinutes) ?? builtIn.graceMinutes,
    midnightMinutes: stated((rule) => rule.midnightMinutes) ?? builtIn.midnightMinutes,
    toleranceFen: { his: tolerance('his'), channel: tolerance('channel') },
    suspenseDays: stated((rule) => rule.suspenseDays) ?? builtIn.suspenseDays,
    feePpm: stated((rule) => rule.feePpm) ?? builtIn.feePpm,
    manyToOne: manyToOne === null ? builtIn.manyToOne : manyToOne === 'yes',
  };
}

/** What the match of a day follows. */
export const matchSettings = ({
  midnightMinutes,
  toleranceFen,
  suspenseDays,
  feePpm,
  manyToOne,
}: Settings): Pick<
  MatchRules,
  'midnightMinutes' | 'toleranceFen' | 'suspenseDays' | 'feePpm' | 'manyToOne'
> => ({
  midnightMinutes,
  toleranceFen,
  suspenseDays,
  manyToOne,
  ...(feePpm === null ? {} : { feePpm }),
});

/** Two rules of one scope never hold at once; should they all the same, their content decides, not their order. */
const identity = (rule: ReconciliationRule): string => JSON.stringify(rule);

/** The enabled rule of the same scope whose days meet this one's. */
export function rivalOf(
  rule: ReconciliationRule,
  others: readonly ReconciliationRule[],
): ReconciliationRule | undefined {
  if (!rule.enabled) return undefined;
  return others.find(
    (other) =>
      other.enabled &&
      other.documentId !== rule.documentId &&
      other.merchantCode === rule.merchantCode &&
      other.channel === rule.channel &&
      other.bizType === rule.bizType &&
      (rule.validTo === null || other.validFrom === null || other.validFrom <= rule.validTo) &&
      (other.validTo === null || rule.validFrom === null || rule.validFrom <= other.validTo),
  );
}

/** What a rule of one business type states in vain: a bill and a day's match know no business type. */
export function statedInVain(rule: ReconciliationRule): string[] {
  if (rule.bizType === null) return [];
  const { midnightMinutes, toleranceFen, suspenseDays, feePpm, manyToOne } = rule;
  return Object.entries({ midnightMinutes, toleranceFen, suspenseDays, feePpm, manyToOne })
    .filter(([, value]) => value !== null)
    .map(([name]) => name);
}
