import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import { type Part, parts, type Shares } from '../shares';
import { type Books, bill, date, noon, openBooks } from '../testing';
import type { DayCase } from '../write-back';

/** Random days of an insurer's account: what is told part by part must be what is told of the whole. */
jest.setTimeout(60_000);

const fen = fc.constantFrom(0, 100, 100, 300, 1999);
const shares = fc.record({ fund: fen, account: fen, other: fen }).filter((each) => sumOf(each) > 0);
/** How the other side says the same payment or refund. */
const said = fc.oneof(
  { arbitrary: fc.constant({ how: 'alike' } as const), weight: 3 },
  { arbitrary: fc.constant({ how: 'missing' } as const), weight: 1 },
  { arbitrary: fc.constant({ how: 'whole' } as const), weight: 1 },
  { arbitrary: fc.constant({ how: 'changed about' } as const), weight: 2 },
  { arbitrary: fc.record({ how: fc.constant('otherwise' as const), shares }), weight: 2 },
);
type Said = typeof said extends fc.Arbitrary<infer Value> ? Value : never;
const randomDay = fc.array(
  fc.record({
    shares,
    his: said,
    bill: said,
    /** HIS charges it once more. */
    isTwice: fc.boolean(),
    refund: fc.option(fc.record({ his: said, bill: said }), { freq: 1 }),
  }),
  { minLength: 1, maxLength: 5 },
);
type RandomDay = typeof randomDay extends fc.Arbitrary<infer Value> ? Value : never;

const sumOf = ({ fund, account, other }: Shares): number => fund + account + other;
const columns = ({ fund, account, other }: Shares) => ({
  fundFen: fund,
  accountFen: account,
  otherFen: other,
});

/** `null`: said as a whole. `undefined`: not said at all. */
function heard(own: Shares, how: Said): { fen: number; shares: Shares | null } | undefined {
  switch (how.how) {
    case 'alike':
      return { fen: sumOf(own), shares: own };
    case 'missing':
      return undefined;
    case 'whole':
      return { fen: sumOf(own), shares: null };
    case 'changed about':
      return { fen: sumOf(own), shares: { fund: own.account, account: own.other, other: own.fund } };
    case 'otherwise':
      return { fen: sumOf(how.shares), shares: how.shares };
    default:
      return how satisfies never;
  }
}

describe('an insurer’s day compared by parts', () => {
  let books: Books;
  beforeAll(async () => {
    books = await openBooks();
  });
  afterAll(() => books.close());

  async function fill(day: RandomDay, mayBeTwice: boolean): Promise<void> {
    for (const table of ['orders', 'attempts', 'refunds', 'his_records']) await books.db(table).delete();
    for (const [index, each] of day.entries()) {
      const orderNo = `P${index}`;
      const own = sumOf(each.shares);
      await books.pay(orderNo, own, columns(each.shares));
      const charge = heard(each.shares, each.his);
      for (const serial of mayBeTwice && each.isTwice ? ['h', 'again'] : ['h']) {
        const told = charge?.shares ? columns(charge.shares) : {};
        if (charge) await books.book(`${serial}${index}`, orderNo, charge.fen, told);
      }
      if (!each.refund) continue;
      await books.refund(`r${index}`, orderNo, own);
      const back = heard(each.shares, each.refund.his);
      if (!back) continue;
      const more = back.shares ? columns(back.shares) : {};
      await books.book(`hr${index}`, orderNo, back.fen, { kind: 'refund', refundNo: `r${index}`, ...more });
    }
  }

  const billOf = (day: RandomDay) =>
    day.flatMap((each, index) => {
      const line = (kind: 'payment' | 'refund', how: Said) => {
        const found = heard(each.shares, how);
        if (!found) return [];
        const { fund: fundFen, account: accountFen, other: otherFen } = found.shares ?? each.shares;
        return [
          {
            kind,
            orderNo: `P${index}`,
            amountFen: found.fen,
            ...(kind === 'refund' ? { refundNo: `r${index}` } : {}),
            ...(found.shares ? { split: { fundFen, accountFen, otherFen, cashFen: 0 } } : {}),
          },
        ];
      };
      return [...line('payment', each.bill), ...(each.refund ? line('refund', each.refund.bill) : [])];
    });

  async function compare(day: RandomDay, isInsurer: boolean) {
    const account = { code: 'A1', channel: 'alipay', merchantCode: 'H1', enabled: true };
    const lines = billOf(day);
    const ready = bill(lines, { text: JSON.stringify(lines) })();
    if (ready.kind !== 'ready') throw new Error('no bill');
    const receipt = { at: noon, source: 'schedule', by: 'system' } as const;
    const { parquet } = await books.archive.keep(account, date, ready, receipt);
    return books.compareDay({
      account,
      currency: 'CNY',
      rules: {
        date,
        dayStart: noon.getTime() - 43_200_000,
        dayEnd: noon.getTime() + 43_200_000,
        midnightMinutes: 10,
        nextBillKnown: false,
        billKnown: true,
        suspenseDays: 0,
      },
      bill: { kind: 'file', path: parquet },
      nearby: [],
      isInsurer,
    });
  }

  const nameOf = ({ leg, tradeKind, orderNo }: DayCase) => `${leg} ${tradeKind} ${orderNo}`;
  const byName = (cases: DayCase[]) => {
    const found = new Map<string, DayCase[]>();
    for (const each of cases) found.set(nameOf(each), [...(found.get(nameOf(each)) ?? []), each]);
    return found;
  };
  const differenceOf = (cases: DayCase[] = []) =>
    cases.reduce((sum, { differenceFen }) => sum + differenceFen, 0);

  test('each payment and refund is told whole or by its parts, never both, and the parts add up to the whole', async () => {
    let told = 0;
    await fc.assert(
      fc.asyncProperty(randomDay, async (day) => {
        await fill(day, true);
        const whole = await compare(day, false);
        const split = await compare(day, true);
        expect(split.totals).toEqual(whole.totals);
        expect(split.counts).toEqual(whole.counts);
        const [before, after] = [byName(whole.cases), byName(split.cases)];
        for (const name of new Set([...before.keys(), ...after.keys()])) {
          expect([name, differenceOf(after.get(name))]).toEqual([name, differenceOf(before.get(name))]);
        }
        for (const cases of after.values()) {
          const named = cases.flatMap(({ part }) => part ?? []);
          told += named.length;
          expect(new Set<Part>(named).size).toBe(named.length);
          if (named.length > 0) expect(named).toHaveLength(cases.length);
          for (const each of cases) {
            const other = each.leg === 'his' ? each.hisFen : each.channelFen;
            expect(each.differenceFen).toBe(other - each.platformFen);
          }
        }
        expect(new Set(split.cases.map(({ dedupeKey }) => dedupeKey)).size).toBe(split.cases.length);
      }),
      { numRuns: 15 },
    );
    expect(told).toBeGreaterThan(0);
  });

  test('where both sides say who bore what, exactly the parts that differ are told, each side’s money as it said it', async () => {
    await fc.assert(
      fc.asyncProperty(randomDay, async (day) => {
        await fill(day, false);
        const { cases } = await compare(day, true);
        for (const [index, each] of day.entries()) {
          const sides = [
            { leg: 'his', tradeKind: 'payment', other: heard(each.shares, each.his) },
            { leg: 'channel', tradeKind: 'payment', other: heard(each.shares, each.bill) },
            ...(each.refund
              ? [
                  { leg: 'his', tradeKind: 'refund', other: heard(each.shares, each.refund.his) },
                  { leg: 'channel', tradeKind: 'refund', other: heard(each.shares, each.refund.bill) },
                ]
              : []),
          ];
          for (const { leg, tradeKind, other } of sides) {
            const own = each.shares;
            const theirs = other?.shares;
            const sign = tradeKind === 'refund' ? -1 : 1;
            const expected = theirs
              ? parts
                  .filter((part) => own[part] !== theirs[part])
                  .map((part) => `${part} ${sign * own[part]} ${sign * theirs[part]}`)
              : [];
            const found = cases.filter(
              (one) =>
                one.leg === leg &&
                one.tradeKind === tradeKind &&
                one.orderNo === `P${index}` &&
                one.part !== null,
            );
            const say = (one: DayCase) =>
              `${one.part} ${one.platformFen} ${leg === 'his' ? one.hisFen : one.channelFen}`;
            expect([leg, tradeKind, index, ...found.map(say)].sort()).toEqual(
              [leg, tradeKind, index, ...expected].sort(),
            );
          }
        }
      }),
      { numRuns: 15 },
    );
  });
});
