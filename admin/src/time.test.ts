import { describe, expect, test } from 'vitest';
import { addDays, dateTimeText, dayStart, fromPicker, stamp, today, toPicker } from './time';

describe('the hospital’s clock', () => {
  test('instants are shown in Shanghai, whatever the browser’s zone', () => {
    expect(dateTimeText('2018-10-17T23:03:18.000Z')).toBe('2018-10-18 07:03:18');
    expect(dateTimeText(1539817398000)).toBe('2018-10-18 07:03:18');
    expect(dateTimeText(null)).toBe('');
  });

  test('a day begins at midnight in Shanghai', () => {
    expect(dayStart('2026-11-22')).toBe('2026-11-21T16:00:00.000Z');
    expect(today(new Date('2026-11-22T16:30:00Z'))).toBe('2026-11-23');
    expect(addDays('2026-02-28', 1)).toBe('2026-03-01');
    expect(stamp(new Date('2026-11-22T16:30:05Z'))).toBe('20261123003005');
  });

  test('a picked day comes out as it went in', () => {
    expect(fromPicker(toPicker('2026-11-22'))).toBe('2026-11-22');
    expect(toPicker(undefined)).toBeNull();
  });
});
