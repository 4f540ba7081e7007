import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { formatAmount, parseAmount, toMinor } from './money';

const safe = fc.integer({ min: -Number.MAX_SAFE_INTEGER, max: Number.MAX_SAFE_INTEGER });

describe('amounts', () => {
  test('every amount survives being written and read, in fen and in yen', () => {
    fc.assert(
      fc.property(safe, fc.constantFrom('CNY' as const, 'JPY' as const), (minor, currency) => {
        expect(parseAmount(formatAmount(minor, currency), currency)).toBe(minor === 0 ? 0 : minor);
      }),
    );
  });

  test('19.99 is 1999 fen, however it is written', () => {
    expect(['19.99', '+19.99', ' 19.99 ', '19.990'].map((text) => parseAmount(text))).toEqual(
      Array(4).fill(1999),
    );
    expect(parseAmount('1,425,873.20')).toBe(142587320);
    expect(parseAmount('-0.04')).toBe(-4);
  });

  test('a fraction of a fen, a word or an empty text is no amount', () => {
    for (const text of ['19.991', '', '.5', 'abc', '1e3', '0x10', '1.2.3', 'NaN', '1,2', '12,34.00']) {
      expect(() => parseAmount(text)).toThrow(RangeError);
    }
  });

  test('nothing beyond 2^53−1 becomes an amount', () => {
    expect(toMinor('9007199254740991')).toBe(Number.MAX_SAFE_INTEGER);
    for (const value of ['9007199254740992', 2 ** 53, 9007199254740992n, 0.5, null, '', Number.NaN]) {
      expect(() => toMinor(value)).toThrow(RangeError);
    }
  });

  test('yen have no minor unit', () => {
    expect(formatAmount(1999, 'JPY')).toBe('1999');
    expect(() => parseAmount('19.99', 'JPY')).toThrow(RangeError);
  });
});
