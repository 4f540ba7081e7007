import { describe, expect, test } from '@jest/globals';
import { lockedUntil } from './lockout';

const now = new Date('2026-11-22T00:00:00Z');
const minutes = (failures: number) => {
  const until = lockedUntil(failures, now);
  return until === undefined ? undefined : (until.getTime() - now.getTime()) / 60_000;
};

describe('lockout', () => {
  test('nothing is locked before the fifth failure, nor between the fives', () => {
    expect([0, 1, 2, 3, 4, 6, 9, 11].map(minutes)).toEqual(Array.from({ length: 8 }, () => undefined));
  });

  test('every five failures lock twice as long, up to a day', () => {
    expect([5, 10, 15, 20].map(minutes)).toEqual([15, 30, 60, 120]);
    expect(minutes(5 * 40)).toBe(24 * 60);
  });
});
