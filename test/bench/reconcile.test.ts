import { expect, test } from '@jest/globals';
import { benchReconcile } from './reconcile';
import { benchLoad } from './reconcile-load';

test.each([
  ['sqlite', 'alipay'],
  ['postgres', 'wechat'],
] as const)(
  'a day on %s with a bill of %s: every injected difference is found, and no other',
  async (database, format) => {
    const result = await benchReconcile({ orders: 2000, database, format });
    expect(result.wrong).toEqual([]);
    expect(result.injected).toBe(80);
    expect(result.cases).toBe(64);
  },
  240_000,
);

test.each([
  ['HIS tells nothing of', 'his', 1933],
  ['the platform has lost its orders of', 'orders', 3866],
] as const)(
  'a day that %s has a case for each order on each side that misses it',
  async (_, lost, cases) => {
    const result = await benchReconcile({ orders: 2000, database: 'sqlite', format: 'alipay', lost });
    expect(result.wrong).toEqual([]);
    expect(result.cases).toBe(cases);
  },
  240_000,
);

test('payments go on while a day is reconciled, and all of them are paid', async () => {
  const results = await benchLoad({ orders: 2000, sales: 8, concurrency: 2, databases: ['sqlite'] });
  for (const { paidWithout, paidWith } of results) {
    expect(paidWithout).toBe(8);
    expect(paidWith).toBeGreaterThan(0);
  }
}, 240_000);
