import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { alipayZone, dayOf, readWireTime, wireTime } from './zone';

const moments = fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true });

test('what is written is read back, to the second', () => {
  fc.assert(
    fc.property(moments, (moment) => {
      expect(readWireTime(wireTime(moment))).toEqual(new Date(Math.floor(moment.getTime() / 1000) * 1000));
    }),
  );
});

test('days are cut as the zone table cuts them', () => {
  fc.assert(
    fc.property(moments, (moment) => {
      expect(dayOf(moment)).toBe(DateTime.fromJSDate(moment, { zone: alipayZone }).toISODate());
    }),
  );
});

describe('a text that is no time', () => {
  test.each([
    '',
    '2026-02-30 00:00:00',
    '2026-13-01 00:00:00',
    '2026-11-20',
    '2026-11-20 24:00:01',
    '2026-11-20T10:00:00',
    'x',
  ])('%j is none', (text) => expect(readWireTime(text)).toBeUndefined());
});
