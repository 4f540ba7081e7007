import { expect, test } from 'vitest';
import { runCounts } from './runCounts';

test('results are counted by kind, each leg in its column, what agrees first', () => {
  const counts = {
    'channel.matched': 7,
    'his.amount': 1,
    'his.matched': 6,
    hisFen: 600,
    platformFen: 700,
    channelFen: 700,
    milliseconds: { extracting: 3 },
  };
  expect(runCounts(counts)?.kinds).toEqual([
    { kind: 'matched', his: 6, channel: 7 },
    { kind: 'amount', his: 1, channel: 0 },
  ]);
});

test('a run that has counted nothing yet shows no table', () => {
  expect(runCounts(null)).toBeUndefined();
  expect(runCounts({ lineNo: 3 })).toBeUndefined();
});
