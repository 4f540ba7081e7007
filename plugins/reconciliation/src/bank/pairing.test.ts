import { shiftDay } from '@hospital-pay/payments';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Credit, type ExpectedArrival, pairArrivals } from './pairing';

const arrival = (accountCode: string, date: string, expectedFen: number, payer = ''): ExpectedArrival => ({
  accountCode,
  date,
  expectedFen,
  from: shiftDay(date, 1),
  until: shiftDay(date, 5),
  payer,
});
let ids = 0;
const credit = (date: string, amountFen: number, text = ''): Credit => {
  ids += 1;
  return { id: ids, date, amountFen, text };
};

describe('what should arrive is paired with what did', () => {
  test('by amount to the fen, within its days', () => {
    const paid = credit('2026-10-20', 1999);
    const days = [arrival('w', '2026-10-19', 1999), arrival('w', '2026-10-21', 1999)];
    expect(pairArrivals(days, [paid, credit('2026-10-22', 1998)])).toEqual([
      { arrivals: [{ accountCode: 'w', date: '2026-10-19' }], credits: [paid.id] },
    ]);
    expect(
      pairArrivals([arrival('w', '2026-10-10', 5)], [credit('2026-10-20', 5), credit('2026-10-10', 5)]),
    ).toEqual([]);
  });

  test('a weekend paid out in one sum is three days, and a day that nets to less than nothing is offset', () => {
    const monday = credit('2026-10-19', 600);
    const days = [
      arrival('w', '2026-10-16', 400),
      arrival('w', '2026-10-17', -100),
      arrival('w', '2026-10-18', 300),
    ];
    expect(pairArrivals(days, [monday])).toMatchObject([
      { arrivals: [{ date: '2026-10-16' }, { date: '2026-10-17' }, { date: '2026-10-18' }] },
    ]);
  });

  test('a day that came in several sums is paired with all of them, where the payer is known', () => {
    const sums = [
      credit('2026-10-20', 700, '财付通'),
      credit('2026-10-20', 300, '财付通'),
      credit('2026-10-20', 5, '利息'),
    ];
    expect(pairArrivals([arrival('w', '2026-10-19', 1000, '财付通')], sums)).toMatchObject([
      { credits: sums.slice(0, 2).map(({ id }) => id) },
    ]);
    expect(pairArrivals([arrival('w', '2026-10-19', 1000)], sums)).toEqual([]);
  });

  test('what fits two accounts alike is left to a person; the payer tells them apart', () => {
    const paid = credit('2026-10-20', 500, '支付宝');
    const two = (payer: string) => [
      arrival('a', '2026-10-19', 500, payer),
      arrival('w', '2026-10-19', 500, payer && '财付通'),
    ];
    expect(pairArrivals(two(''), [paid])).toEqual([]);
    expect(pairArrivals(two('支付宝'), [paid])).toMatchObject([{ arrivals: [{ accountCode: 'a' }] }]);
  });

  test('nothing is paired twice, every pair is equal to the fen, and the order does not matter', () => {
    const day = fc.integer({ min: 1, max: 9 }).map((number) => `2026-10-0${number}`);
    const expected = fc.uniqueArray(
      fc.record({ account: fc.constantFrom('a', 'w'), date: day, fen: fc.integer({ min: -3, max: 6 }) }),
      { maxLength: 10, selector: ({ account, date }) => `${account}${date}` },
    );
    const credits = fc.array(fc.record({ date: day, amountFen: fc.integer({ min: -2, max: 9 }) }), {
      maxLength: 8,
    });
    fc.assert(
      fc.property(expected, credits, (days, paid) => {
        const arrivals = days.map(({ account, date, fen }) => arrival(account, date, fen));
        const lines = paid.map((each, id) => ({ ...each, id, text: '' }));
        const pairings = pairArrivals(arrivals, lines);
        const keys = pairings.flatMap((pairing) =>
          pairing.arrivals.map(({ accountCode, date }) => accountCode + date),
        );
        const used = pairings.flatMap((pairing) => pairing.credits);
        expect(new Set(keys).size).toBe(keys.length);
        expect(new Set(used).size).toBe(used.length);
        for (const { arrivals: paired, credits: sums } of pairings) {
          const due = paired.map(
            ({ accountCode, date }) =>
              arrivals.find((each) => each.accountCode === accountCode && each.date === date)?.expectedFen ??
              Number.NaN,
          );
          const came = sums.map((id) => lines[id]?.amountFen ?? Number.NaN);
          const total = (amounts: number[]) => amounts.reduce((sum, amount) => sum + amount, 0);
          expect(total(due)).toBe(total(came));
        }
        expect(pairArrivals(arrivals.toReversed(), lines.toReversed())).toEqual(pairings);
      }),
    );
  });
});
