import { expect, test } from '@jest/globals';
import { benchOrders } from './orders';

test('the orders benchmark pays every order it sends, on both databases, platform and peer alike', async () => {
  const results = await benchOrders({ orders: 20, concurrency: 4 });
  expect(results.map(({ subject, paid }) => ({ subject, paid }))).toEqual([
    { subject: 'bare · sqlite', paid: 20 },
    { subject: 'platform · sqlite', paid: 20 },
    { subject: 'bare · postgres', paid: 20 },
    { subject: 'platform · postgres', paid: 20 },
  ]);
}, 120_000);
