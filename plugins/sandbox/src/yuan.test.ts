import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { fenOfYuan, yuan } from './yuan';

describe('fen and yuan', () => {
  test('every amount survives the way out and back', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 99_999_999_999 }), (fen) => fenOfYuan(yuan(fen)) === fen),
    );
  });

  test.each(['0', '0.00', '-1.00', '1.001', '1e3', '', '.5', '1,000.00', ' 1'])('%p is no amount', (text) => {
    expect(fenOfYuan(text)).toBeNull();
  });

  test('19.99 is 1999 fen', () => {
    expect(fenOfYuan('19.99')).toBe(1_999);
    expect(yuan(-1_999)).toBe('-19.99');
  });
});
