import { describe, expect, test } from '@jest/globals';
import { businessDay, businessDayBounds, shiftDay } from './business-day';

const zone = 'Asia/Shanghai';

describe('business days', () => {
  test('a day is cut at midnight of the merchant’s zone, whatever the process’s zone', () => {
    const rule = { zone, dayCutoff: '00:00' };
    expect(businessDay(new Date('2026-10-18T15:59:59Z'), rule)).toBe('2026-10-18');
    expect(businessDay(new Date('2026-10-18T16:00:00Z'), rule)).toBe('2026-10-19');
    expect(businessDayBounds('2026-10-18', rule)).toEqual({
      start: new Date('2026-10-17T16:00:00Z'),
      end: new Date('2026-10-18T16:00:00Z'),
    });
  });

  test('a morning cut-off lets the day run on, an evening one lets the next begin', () => {
    expect(businessDay(new Date('2026-10-19T01:59:00+08:00'), { zone, dayCutoff: '02:00' })).toBe(
      '2026-10-18',
    );
    expect(businessDay(new Date('2026-10-18T22:30:00+08:00'), { zone, dayCutoff: '22:00' })).toBe(
      '2026-10-19',
    );
  });

  test('days are counted over months and years', () => {
    expect(shiftDay('2026-12-31', 1)).toBe('2027-01-01');
    expect(shiftDay('2024-03-01', -1)).toBe('2024-02-29');
  });
});
