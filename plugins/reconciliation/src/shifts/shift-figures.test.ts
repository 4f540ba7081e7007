import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Counted, shiftFigures, shiftTotals } from './shift-figures';

const sums = (payType: string, side: 'payment' | 'refund' | 'his_charge' | 'his_refund', fen: number) => ({
  pay_type: payType,
  side,
  currency: 'CNY',
  fen,
  count: 1,
});
const drawer = (openingFloatFen: number) => ({ currency: 'CNY', openingFloatFen });

describe('what a shift comes to', () => {
  test('the platform is held against HIS by payment type, the drawer against what HIS took in cash', () => {
    const { lines, cash } = shiftFigures(
      [
        sums('wechat', 'payment', 10_000),
        sums('wechat', 'refund', 2_000),
        sums('wechat', 'his_charge', 9_000),
        sums('现金', 'his_charge', 5_000),
        sums('现金', 'his_refund', 1_000),
      ],
      drawer(20_000),
      {
        denominations: [
          { fen: 10_000, count: 2 },
          { fen: 500, count: 7 },
          { fen: 100, count: 0 },
        ],
      },
    );
    expect(lines).toMatchObject([
      { payType: 'wechat', netFen: 8_000, hisFen: 9_000, differenceFen: -1_000, terminalDifferenceFen: null },
      { payType: '现金', isCash: true, hisFen: 4_000, differenceFen: 0 },
    ]);
    expect(cash).toEqual({
      openingFloatFen: 20_000,
      hisFen: 4_000,
      expectedFen: 24_000,
      countedFen: 23_500,
      differenceFen: -500,
      denominations: [
        { fen: 10_000, count: 2 },
        { fen: 500, count: 7 },
      ],
    });
  });

  test('a terminal’s slip is compared even where the platform knows nothing of it', () => {
    const counted: Counted = { terminalTotals: [{ payType: 'mispos', takenFen: 700, refundedFen: 200 }] };
    expect(shiftFigures([], drawer(0), counted).lines).toMatchObject([
      { payType: 'mispos', netFen: 0, terminalFen: 500, terminalDifferenceFen: 500 },
    ]);
  });

  test('another currency is a line of its own, and part of no sum', () => {
    const figures = shiftFigures(
      [
        sums('linepay', 'payment', 500),
        { ...sums('linepay', 'payment', 3_000), currency: 'JPY' },
        { ...sums('cash', 'his_charge', 9_000), currency: 'JPY' },
      ],
      drawer(100),
      {},
    );
    expect(figures.lines).toMatchObject([
      { payType: 'cash', currency: 'JPY', hisFen: 9_000 },
      { payType: 'linepay', currency: 'CNY', takenFen: 500 },
      { payType: 'linepay', currency: 'JPY', takenFen: 3_000 },
    ]);
    expect(figures.cash.expectedFen).toBe(100);
    expect(shiftTotals(figures)).toMatchObject({ takenFen: 500, takenCount: 1, hisFen: 0 });
  });

  test('what was not counted is neither over nor short', () => {
    const { cash } = shiftFigures([sums('cash', 'his_charge', 100)], drawer(0), {});
    expect(cash).toMatchObject({ expectedFen: 100, countedFen: null, differenceFen: null });
  });

  test('the drawer agrees exactly when what is in it is the float and what HIS took', () => {
    fc.assert(
      fc.property(
        fc.nat(1_000_000),
        fc.nat(1_000_000),
        fc.integer({ min: -50, max: 50 }),
        (float, taken, off) => {
          const cashFen = Math.max(float + taken + off, 0);
          const { cash } = shiftFigures([sums('cash', 'his_charge', taken)], drawer(float), { cashFen });
          expect(cash.differenceFen).toBe(cashFen - float - taken);
        },
      ),
    );
  });
});
