import { expect, test } from '@jest/globals';
import { caseNoOf } from './cases';

const date = '2026-10-18';

test('a case has the same number whenever it is found', () => {
  const key = 'his:H001:20261018000001:payment';
  expect(caseNoOf(key, date)).toBe(caseNoOf(key, date));
  expect(caseNoOf(key, date)).toMatch(/^D20261018[0-9A-F]{16}$/);
});

test('two cases whose keys begin with the same forty bits of hash have numbers of their own', () => {
  const one = 'his:H001:202610180024352990132781:payment:transit:2026-10-18';
  const another = 'channel:H001:202610180079298240276256:payment:transit:2026-10-18';
  const start = (key: string) => caseNoOf(key, date).slice(0, 'D20261018'.length + 10);
  expect(start(one)).toBe(start(another));
  expect(caseNoOf(one, date)).not.toBe(caseNoOf(another, date));
});
