import { expect, test } from '@jest/globals';
import { benchReconcile } from './reconcile';

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
  120_000,
);
