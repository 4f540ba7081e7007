import { expect, test } from 'vitest';
import { refundsOf } from './approving';

test('before an approval one is told how many refunds it sends and what they come to, by currency', () => {
  const row = (proposedAction: string, proposedFen: string, currency = 'CNY') => ({
    proposedAction,
    proposedFen,
    currency,
  });
  expect(
    refundsOf([
      row('online_refund', '89300'),
      row('write_off', '29650'),
      row('online_refund', '1'),
      row('online_refund', '500', 'JPY'),
    ]),
  ).toEqual({
    count: 3,
    totals: [
      { currency: 'CNY', fen: 89301n },
      { currency: 'JPY', fen: 500n },
    ],
  });
  expect(refundsOf([row('cash', '100')])).toEqual({ count: 0, totals: [] });
});
