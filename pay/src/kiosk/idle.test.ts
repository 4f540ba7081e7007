import { expect, test } from 'vitest';
import { idleAfter } from './idle';

test('the countdown runs from the last touch, warns at the end, and is over at nought', () => {
  expect(idleAfter(1000, 1000, 60_000)).toEqual({ secondsLeft: 60, isWarning: false, isOver: false });
  expect(idleAfter(1000, 46_000, 60_000)).toEqual({ secondsLeft: 15, isWarning: true, isOver: false });
  expect(idleAfter(1000, 60_900, 60_000)).toMatchObject({ secondsLeft: 1, isOver: false });
  expect(idleAfter(1000, 61_000, 60_000)).toMatchObject({ secondsLeft: 0, isOver: true });
  expect(idleAfter(1000, 999_000, 60_000)).toMatchObject({ secondsLeft: 0, isOver: true });
});

test('a touch begins it anew', () => {
  expect(idleAfter(46_000, 46_000, 60_000)).toMatchObject({ secondsLeft: 60, isWarning: false });
});
