import { expect, test } from 'vitest';
import { farewellMs, mergeAlerts } from './alerts';

const row = (caseNo: string, occurredAt: string) => ({ caseNo, occurredAt });
const first = row('1', '2026-10-18T01:00:00Z');
const second = row('2', '2026-10-18T02:00:00Z');

test('an alert that is over says so for a moment, then leaves', () => {
  const open = mergeAlerts([], [first, second], true, 0);
  expect(open).toEqual([{ row: second }, { row: first }]);
  const healed = mergeAlerts(open, [second], true, 100);
  expect(healed).toEqual([{ row: second }, { row: first, healedAt: 100 }]);
  expect(mergeAlerts(healed, [second], true, 100 + farewellMs - 1)).toHaveLength(2);
  expect(mergeAlerts(healed, [second], true, 100 + farewellMs)).toEqual([{ row: second }]);
});

test('an alert that comes back is open again', () => {
  const healed = mergeAlerts([{ row: first }], [], true, 100);
  expect(mergeAlerts(healed, [first], true, 200)).toEqual([{ row: first }]);
});

test('what newer alerts pushed out is not said to be over', () => {
  expect(mergeAlerts([{ row: first }], [second], false, 100)).toEqual([{ row: second }]);
});
