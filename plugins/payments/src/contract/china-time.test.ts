import { describe, expect, test } from '@jest/globals';
import { chinaCompact, chinaDay, chinaHourAfter, chinaTime, readChinaCompact } from './china-time';

describe('time in China', () => {
  const moment = new Date('2024-12-31T17:04:05Z');

  test('is written with and without signs, whatever zone the process runs in', () => {
    expect(chinaTime(moment)).toBe('2025-01-01 01:04:05');
    expect(chinaCompact(moment)).toBe('20250101010405');
    expect(chinaDay(moment)).toBe('2025-01-01');
  });

  test('is read back; a day that no calendar has is no time', () => {
    expect(readChinaCompact('20250101010405')).toEqual(moment);
    for (const text of ['20250231010405', '20250101240405', '2025010101040', '', undefined]) {
      expect(readChinaCompact(text)).toBeUndefined();
    }
  });

  test('hours are counted from midnight in China', () => {
    expect(chinaHourAfter('2024-12-31', 1, 9)).toEqual(new Date('2025-01-01T01:00:00Z'));
  });
});
