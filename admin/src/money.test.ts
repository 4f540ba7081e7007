import { describe, expect, test } from 'vitest';
import { fenText, parseYuan, pressKey, sumFen } from './money';

describe('amounts on screen', () => {
  test('fen become yuan exactly, with thousands grouped', () => {
    expect(fenText('142587320')).toBe('1,425,873.20');
    expect(fenText(1999)).toBe('19.99');
    expect(fenText('-731')).toBe('-7.31');
    expect(fenText('5')).toBe('0.05');
    expect(fenText('0')).toBe('0.00');
    expect(fenText(-9361806, { grouped: false })).toBe('-93618.06');
  });

  test('yen and New Taiwan dollars have no decimals, neither shown nor typed', () => {
    expect(fenText('1425873', { currency: 'JPY' })).toBe('1,425,873');
    expect(fenText(-5, { currency: 'JPY' })).toBe('-5');
    expect(fenText(0, { currency: 'TWD' })).toBe('0');
    expect(fenText('142587320', { currency: 'CNY' })).toBe('1,425,873.20');
    expect(fenText(1999, { currency: 'THB' })).toBe('19.99');
    for (let yen = 1; yen < 3_000; yen += 1) {
      const typed = fenText(yen, { grouped: false, currency: 'JPY' }) ?? '';
      expect(parseYuan(typed, undefined, 'JPY')).toEqual({ ok: true, fen: yen });
    }
    expect(parseYuan('19.00', undefined, 'JPY')).toEqual({ ok: false, reason: 'format' });
  });

  test('amounts beyond what a float holds keep every digit', () => {
    expect(fenText('9007199254740993123')).toBe('90,071,992,547,409,931.23');
  });

  test('what is no whole number of fen is not shown as an amount', () => {
    expect(fenText('19.99')).toBeUndefined();
    expect(fenText(0.1)).toBeUndefined();
    expect(fenText(null)).toBeUndefined();
    expect(fenText('')).toBeUndefined();
  });

  test('sums are exact', () => {
    expect(fenText(sumFen(['142587320', '155708310', null]))).toBe('2,982,956.30');
  });
});

describe('amounts a person types', () => {
  test('yuan are read to the fen, every cent from 0.01 to 99.99', () => {
    for (let fen = 1; fen < 10_000; fen += 1) {
      const typed = fenText(fen, { grouped: false }) ?? '';
      expect(parseYuan(typed)).toEqual({ ok: true, fen });
    }
  });

  test('forms people use are read', () => {
    expect(parseYuan('19.99')).toEqual({ ok: true, fen: 1999 });
    expect(parseYuan(' ¥1,234.5 ')).toEqual({ ok: true, fen: 123450 });
    expect(parseYuan('12.')).toEqual({ ok: true, fen: 1200 });
    expect(parseYuan('.5')).toEqual({ ok: true, fen: 50 });
    expect(parseYuan('0.01')).toEqual({ ok: true, fen: 1 });
  });

  test('what is no amount is refused with its reason', () => {
    expect(parseYuan('')).toEqual({ ok: false, reason: 'empty' });
    expect(parseYuan('0')).toEqual({ ok: false, reason: 'zero' });
    expect(parseYuan('0.00')).toEqual({ ok: false, reason: 'zero' });
    expect(parseYuan('9007199254740992')).toEqual({ ok: false, reason: 'tooLarge' });
    for (const text of ['-1', '1.999', '1e3', 'abc', '1.2.3', '0x10', '１２', '.', '130000000000000000 1']) {
      expect(parseYuan(text)).toEqual({ ok: false, reason: 'format' });
    }
  });

  test('the keypad only ever makes amounts', () => {
    const typed = ['1', '9', '.', '9', '9', '9', '.', '5'].reduce(pressKey, '');
    expect(typed).toBe('19.99');
    expect(['0', '0', '7'].reduce(pressKey, '')).toBe('7');
    expect(['.', '5'].reduce(pressKey, '')).toBe('0.5');
    expect(pressKey('12', 'back')).toBe('1');
    expect(pressKey('12', 'clear')).toBe('');
  });
});
