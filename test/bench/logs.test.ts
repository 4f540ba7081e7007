import { expect, test } from '@jest/globals';
import { benchLogs } from './logs';

test('the logs benchmark takes rows, reads every page and pays every order, logged or not', async () => {
  const { pages, takenPerSecond, orders } = await benchLogs({ rows: 3000, taken: 600, reads: 2, orders: 16 });
  expect(pages.map(({ page }) => page)).toHaveLength(5);
  for (const { p50 } of pages) expect(p50).toBeGreaterThan(0);
  expect(takenPerSecond).toBeGreaterThan(0);
  expect(orders.paid).toBe(48);
}, 120_000);
