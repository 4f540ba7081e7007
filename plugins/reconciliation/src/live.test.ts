import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createLive, type LiveFigures, told } from './live';
import { type Books, date, openBooks } from './testing';

let books: Books;
beforeEach(async () => {
  books = await openBooks();
});
afterEach(() => books.close());

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const failed = (error: unknown): void => {
  throw error;
};

describe('figures that move', () => {
  test('a crowd of changes is one look in half a second, and its last state is shown', async () => {
    const live = createLive(books);
    const shown: LiveFigures[] = [];
    const stop = live.watch({ scope: null, show: (figures) => shown.push(figures), failed });
    const realtime = told(books.realtime, live.changed);
    const at = { createdTime: books.clock.now(), paidAt: books.clock.now(), settledOn: '2026-10-19' };
    for (let no = 1; no <= 20; no += 1) {
      await books.pay(String(no), 100, at);
      await realtime.order(String(no));
    }
    await pause(700);
    stop();
    live.close();
    expect(shown.length).toBeLessThanOrEqual(4);
    expect(shown.at(-1)).toMatchObject({
      today: { takenFen: 2000, takenCount: 20 },
      states: { abnormal: 20, normal: 0 },
      byMerchant: [{ merchantCode: 'H1', takenFen: 2000, count: 20 }],
      byType: [{ payType: 'alipay', platformFen: 2000, differenceFen: 2000 }],
    });
    expect(shown.at(-1)?.lastHour.at(-1)).toMatchObject({ takenFen: 2000, count: 20 });
    expect(shown.at(-1)?.alerts).toHaveLength(20);
  });

  test('a merchant’s figures are not another’s', async () => {
    await books.pay('1', 100, { createdTime: books.clock.now() });
    await books.realtime.order('1');
    const live = createLive(books);
    const seen = await new Promise<LiveFigures>((resolve) => {
      live.watch({ scope: ['H2'], show: resolve, failed });
    });
    live.close();
    expect(seen).toMatchObject({ orders: [], alerts: [], byMerchant: [], states: { abnormal: 0 } });
    expect(seen.today.date).not.toBe(date);
  });
});
