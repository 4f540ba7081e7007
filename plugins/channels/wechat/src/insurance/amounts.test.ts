import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { addsUp, mixedAmounts } from './amounts';

const example = {
  total_fee: 202_000,
  med_ins_gov_fee: 100_000,
  med_ins_self_fee: 45_000,
  med_ins_other_fee: 5_000,
  med_ins_cash_fee: 50_000,
  wechat_pay_cash_fee: 42_000,
};
const changes = { add: 2_000, reduce: 10_000 };

describe('the amounts of a mixed order', () => {
  test('are those of the published example', () => {
    const split = { fundFen: 100_000, accountFen: 45_000, otherFen: 5_000, cashFen: 42_000 };
    expect(mixedAmounts(split, changes)).toEqual(example);
    expect(addsUp(example, changes)).toBe(true);
  });

  const fen = fc.nat(10_000_000);
  const split = fc.record({ fundFen: fen, accountFen: fen, otherFen: fen, cashFen: fen });
  const change = fc.record({ add: fc.nat(20_000), reduce: fc.nat(20_000) });

  test('add up for every split, and no longer when one of them is altered', () => {
    const names = [
      'total_fee',
      'med_ins_gov_fee',
      'med_ins_self_fee',
      'med_ins_other_fee',
      'med_ins_cash_fee',
      'wechat_pay_cash_fee',
    ] as const;
    fc.assert(
      fc.property(split, change, fc.constantFrom(...names), fc.integer(), (whole, by, name, step) => {
        const amounts = mixedAmounts(whole, by);
        if (amounts === undefined) {
          expect(whole.cashFen + by.reduce).toBeLessThan(by.add);
          return;
        }
        expect(addsUp(amounts, by)).toBe(true);
        expect(addsUp({ ...amounts, [name]: amounts[name] + step }, by)).toBe(step === 0);
      }),
    );
  });
});
