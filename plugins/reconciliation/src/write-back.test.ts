import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Books, bill, date, openBooks } from './testing';

let books: Books;
beforeEach(async () => {
  books = await openBooks();
});
afterEach(() => books.close());

/** Payments that only the bill knows: each is a case. */
const strangers = (from: number, to: number) =>
  bill(
    Array.from({ length: to - from }, (_, index) => ({
      orderNo: `X-${from + index}`,
      amountFen: 100 + from + index,
    })),
  );
const count = async () => (await books.cases()).length;
const close = () =>
  books.closings.close({ merchantCode: 'H1', kind: 'day', period: date, by: 'li', reason: '差错次日处理' });
const facts = async () => [
  (await books.cases()).map((row) => [row.dedupe_key, row.status, row.difference_fen, row.currency]),
  (await books.db('daily_totals')).map((row) => [row.date, row.channel_fen, row.channel_count]),
];

describe('a day written on a database with one connection', () => {
  test('lends the connection to others between its pieces', async () => {
    books.bills.set(date, strangers(0, 450));
    let isWritten = false;
    const run = books.run().finally(() => {
      isWritten = true;
    });
    const seen = new Set<number>();
    while (!isWritten) {
      seen.add(await count());
      await setImmediate();
    }
    await run;
    expect([...seen].filter((cases) => cases > 0 && cases < 450)).not.toEqual([]);
    expect(await count()).toBe(450);
  });

  test.each([
    ['at its beginning', 'INSERT', '>= 0', [0, 450], 0],
    ['among its first cases', 'INSERT', '>= 199', [0, 450], 0],
    ['in the middle', 'INSERT', '>= 300', [0, 450], 200],
    ['while it takes away what no longer differs', 'DELETE', '<= 200', [400, 500], 300],
  ] as const)(
    'that is cut off %s says so, is not closed, and ends the same when it is run again',
    async (_, change, where, [from, to], left) => {
      if (change === 'DELETE') {
        books.bills.set(date, strangers(0, 450));
        await books.run();
      }
      books.bills.set(date, strangers(from, to));
      await books.clock.advance(60_000);
      await books.db.raw(
        `CREATE TRIGGER power_cut BEFORE ${change} ON discrepancies
       WHEN (SELECT count(*) FROM discrepancies) ${where} BEGIN SELECT RAISE(ABORT, 'power cut'); END`,
      );
      expect((await books.run()).status).toBe('failed');
      expect(await count()).toBe(left);
      expect(await books.figures.statistics(null, date)).toMatchObject({ isHalfWritten: true });
      await expect(close()).rejects.toMatchObject({ code: 'DAY_HALF_WRITTEN' });
      await books.db.raw('DROP TRIGGER power_cut');
      expect((await books.run()).status).toBe('done');
      const resumed = await facts();
      expect(await books.figures.statistics(null, date)).toMatchObject({ isHalfWritten: false });
      await close();
      await books.close();
      books = await openBooks();
      books.bills.set(date, strangers(from, to));
      await books.run();
      expect(resumed).toEqual(await facts());
    },
  );

  test('keeps what a person has decided on a part of it', async () => {
    books.bills.set(date, strangers(0, 450));
    await books.db.raw(
      `CREATE TRIGGER power_cut BEFORE INSERT ON discrepancies
       WHEN (SELECT count(*) FROM discrepancies) >= 300 BEGIN SELECT RAISE(ABORT, 'power cut'); END`,
    );
    await books.run();
    const first = { dedupe_key: 'channel:H1:X-0:payment' };
    await books.db('discrepancies').where(first).update({ status: 'resolved', resolved_by: 'finance' });
    await books.db.raw('DROP TRIGGER power_cut');
    await books.run();
    expect(await books.db('discrepancies').where(first).first()).toMatchObject({ status: 'resolved' });
    expect(await count()).toBe(450);
  });

  test('fails rather than lose a case whose number another one has', async () => {
    books.bills.set(date, strangers(0, 2));
    await books.run();
    const [taken] = await books.db('discrepancies').select('case_no', 'dedupe_key').orderBy('id');
    // Somebody has decided on it, so that it stays.
    await books.db('discrepancies').update({ status: 'resolved', resolved_by: 'finance' });
    await books.db('discrepancies').where(taken).update({ dedupe_key: 'channel:H1:another:payment' });
    await books.clock.advance(60_000);
    expect((await books.run()).status).toBe('failed');
  });

  test('is written by one run after the other', async () => {
    books.bills.set(date, strangers(0, 450));
    const [first] = await books.runs.request({ date, accountCode: 'A1', requestedBy: 'finance' });
    await books.db('reconciliation_runs').update({ status: 'deferred' });
    const [second] = await books.runs.request({ date, accountCode: 'A1', requestedBy: 'finance' });
    const both = await Promise.all([first, second].map((run) => books.runs.execute(run?.runNo ?? '')));
    expect(both.map(({ status }) => status)).toEqual(['done', 'done']);
    expect(await count()).toBe(450);
    expect(await books.db('daily_totals')).toHaveLength(1);
  });
});
