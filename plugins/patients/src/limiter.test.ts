import { expect, test } from '@jest/globals';
import { createLimiter } from './limiter';

test('a window holds as many as it may, for each key by itself, and ends', () => {
  let now = 0;
  const limiter = createLimiter(2, 1000, () => now);
  expect([limiter.take('a'), limiter.take('a'), limiter.take('a')]).toEqual([true, true, false]);
  expect(limiter.isOver('a')).toBe(true);
  expect(limiter.take('b')).toBe(true);
  now = 1000;
  expect(limiter.isOver('a')).toBe(false);
  expect(limiter.take('a')).toBe(true);
});
