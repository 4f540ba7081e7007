import { describe, expect, test } from 'vitest';
import { closingBody, drawerFen, nothingCounted } from './counting';

describe('what a cashier counts', () => {
  test('is the sum of the pieces, to the fen', () => {
    expect(drawerFen({ ...nothingCounted, pieces: { 10000: 3, 50: 1, 10: 7 } })).toBe(30_120);
  });

  test('an empty drawer that was counted is not a drawer that was not counted', () => {
    expect(drawerFen({ ...nothingCounted, pieces: { 100: 0 } })).toBe(0);
    expect(drawerFen(nothingCounted)).toBeUndefined();
    expect(closingBody(nothingCounted, 'CNY')).toEqual({});
    expect(closingBody({ ...nothingCounted, pieces: { 100: 0 } }, 'CNY')).toEqual({
      denominations: [{ fen: 100, count: 0 }],
    });
  });

  test('a slip is read exactly, and what is no amount is not sent', () => {
    const slip = (taken: string, refunded: string) => ({
      ...nothingCounted,
      slips: { mispos: { taken, refunded } },
    });
    expect(closingBody(slip('19.99', ''), 'CNY')).toEqual({
      terminalTotals: [{ payType: 'mispos', takenFen: 1999, refundedFen: 0 }],
    });
    expect(closingBody(slip('', ''), 'CNY')).toEqual({});
    expect(closingBody(slip('1.999', ''), 'CNY')).toBeUndefined();
    expect(closingBody(slip('1999', ''), 'JPY')).toEqual({
      terminalTotals: [{ payType: 'mispos', takenFen: 1999, refundedFen: 0 }],
    });
    expect(closingBody(slip('19.99', ''), 'JPY')).toBeUndefined();
  });
});
