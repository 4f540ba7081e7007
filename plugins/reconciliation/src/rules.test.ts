import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import {
  builtIn,
  type ReconciliationRule,
  reconciliationRule,
  rivalOf,
  rulesFor,
  statedInVain,
} from './rules';

const rule = (more: Partial<ReconciliationRule>): ReconciliationRule =>
  reconciliationRule.parse({ name: 'rule', ...more });
const question = { merchantCode: 'H1', channel: 'alipay', bizType: '门诊', date: '2026-10-18' };

describe('the settings that hold', () => {
  test('are the house’s own where no rule speaks', () => {
    expect(rulesFor([], question)).toEqual(builtIn);
    const silent = [
      rule({ midnightMinutes: 1, enabled: false }),
      rule({ midnightMinutes: 2, merchantCode: 'H2' }),
      rule({ midnightMinutes: 3, validTo: '2026-10-17' }),
      rule({ midnightMinutes: 4, validFrom: '2026-10-19' }),
    ];
    expect(rulesFor(silent, question)).toEqual(builtIn);
  });

  test('come from the most specific rule, one setting at a time', () => {
    const rules = [
      rule({ graceMinutes: 5, feePpm: 6000 }),
      rule({ graceMinutes: 10, merchantCode: 'H1' }),
      rule({ graceMinutes: 30, bizType: '门诊', merchantCode: 'H1' }),
    ];
    expect(rulesFor(rules, question)).toMatchObject({ graceMinutes: 30, feePpm: 6000 });
    expect(rulesFor(rules, { ...question, bizType: null })).toMatchObject({ graceMinutes: 10 });
    expect(rulesFor(rules, { ...question, merchantCode: 'H2' })).toMatchObject({ graceMinutes: 5 });
  });

  test('zero is a statement, and so is no', () => {
    const rules = [
      rule({ graceMinutes: 5, manyToOne: 'yes' }),
      rule({ graceMinutes: 0, manyToOne: 'no', merchantCode: 'H1' }),
    ];
    expect(rulesFor(rules, question)).toMatchObject({ graceMinutes: 0, manyToOne: false });
  });

  test('a tolerance holds on its own leg, and the other leg asks on', () => {
    const rules = [
      rule({ toleranceFen: 5 }),
      rule({ toleranceFen: 2, toleranceLeg: 'his', merchantCode: 'H1' }),
    ];
    expect(rulesFor(rules, question).toleranceFen).toEqual({ his: 2, channel: 5 });
  });
});

const maybe = <Value>(value: fc.Arbitrary<Value>) => fc.option(value, { nil: null });
const anyRule = fc
  .record({
    documentId: fc.uuid(),
    merchantCode: maybe(fc.constantFrom('H1', 'H2')),
    channel: maybe(fc.constantFrom('alipay', 'wechat')),
    bizType: maybe(fc.constantFrom('门诊', '住院')),
    enabled: fc.boolean(),
    validFrom: maybe(fc.constantFrom('2026-10-17', '2026-10-18', '2026-10-19')),
    graceMinutes: maybe(fc.nat(60)),
    midnightMinutes: maybe(fc.nat(60)),
    toleranceFen: maybe(fc.nat(60)),
    toleranceLeg: fc.constantFrom('his' as const, 'channel' as const, 'both' as const),
    feePpm: maybe(fc.nat(60)),
    manyToOne: maybe(fc.constantFrom('yes' as const, 'no' as const)),
  })
  .map((row) => rule(row));

describe('whatever the rules', () => {
  test('their order is irrelevant', () => {
    const shuffled = fc
      .array(anyRule, { maxLength: 8 })
      .chain((rules) =>
        fc.tuple(fc.constant(rules), fc.shuffledSubarray(rules, { minLength: rules.length })),
      );
    fc.assert(
      fc.property(shuffled, ([rules, others]) => {
        expect(rulesFor(others, question)).toEqual(rulesFor(rules, question));
      }),
    );
  });

  test('a less specific rule never changes a more specific answer', () => {
    fc.assert(
      fc.property(fc.array(anyRule, { maxLength: 6 }), fc.nat(60), (rules, graceMinutes) => {
        const exact = rule({ ...question, graceMinutes });
        const withExact = [exact, ...rules.filter((other) => !isExact(other))];
        expect(rulesFor(withExact, question).graceMinutes).toBe(graceMinutes);
        // … and one that says nothing about a setting leaves it to the others.
        expect(rulesFor(withExact, question).feePpm).toBe(rulesFor(withExact.slice(1), question).feePpm);
      }),
    );
  });
});
const isExact = (other: ReconciliationRule) =>
  other.merchantCode !== null && other.channel !== null && other.bizType !== null;

describe('a rule is refused', () => {
  test('when another of the same scope holds on one of its days', () => {
    const stored = rule({
      documentId: 'a',
      merchantCode: 'H1',
      validFrom: '2026-10-01',
      validTo: '2026-10-31',
    });
    const rival = (more: Partial<ReconciliationRule>) =>
      rivalOf(rule({ documentId: 'b', merchantCode: 'H1', ...more }), [stored]) !== undefined;
    expect(rival({})).toBe(true);
    expect(rival({ validFrom: '2026-10-31' })).toBe(true);
    expect(rival({ validFrom: '2026-11-01' })).toBe(false);
    expect(rival({ validTo: '2026-09-30' })).toBe(false);
    expect(rival({ enabled: false })).toBe(false);
    expect(rival({ channel: 'alipay' })).toBe(false);
    expect(rival({ documentId: 'a' })).toBe(false);
  });

  test('when it says for one business type what only a whole day can follow', () => {
    expect(statedInVain(rule({ bizType: '门诊', graceMinutes: 5, feePpm: 1, toleranceFen: 0 }))).toEqual([
      'toleranceFen',
      'feePpm',
    ]);
    expect(statedInVain(rule({ feePpm: 1 }))).toEqual([]);
  });

  test('when a value is out of its range or the days run backwards', () => {
    for (const wrong of [
      { graceMinutes: -1 },
      { midnightMinutes: 181 },
      { toleranceFen: '10001' },
      { feePpm: 1.5 },
      { validFrom: '2026-10-19', validTo: '2026-10-18' },
      { validFrom: '19.10.2026' },
      { name: ' ' },
    ]) {
      expect(reconciliationRule.safeParse({ name: 'rule', ...wrong }).success).toBe(false);
    }
  });
});
