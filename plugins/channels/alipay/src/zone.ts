import { DateTime } from 'luxon';

/** Alipay cuts its days and writes its times in China, whatever zone the process runs in. */
export const alipayZone = 'Asia/Shanghai';
const pattern = 'yyyy-MM-dd HH:mm:ss';

export const wireTime = (date: Date): string =>
  DateTime.fromJSDate(date, { zone: alipayZone }).toFormat(pattern);

/**
 * `undefined` when the text is no time as Alipay writes it (fractions of a second are accepted). China has kept one
 * offset since 1992, and a bill has a million of these: no zone table is asked.
 */
export function readWireTime(text: string | undefined): Date | undefined {
  const match = /^(\d{4}-\d{2}-\d{2}) ([01]\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.\d{1,3})?$/.exec(
    text?.trim() ?? '',
  );
  if (!match) return undefined;
  const [, day = '', hours, minutes, seconds] = match;
  if (day !== lastDay.text) lastDay = { text: day, start: startOf(day) };
  const start = lastDay.start;
  return start === undefined
    ? undefined
    : new Date(start + ((Number(hours) * 60 + Number(minutes)) * 60 + Number(seconds)) * 1000);
}

/** A bill is one day's: its midnight is worked out once. */
let lastDay: { text: string; start: number | undefined } = { text: '', start: undefined };

function startOf(day: string): number | undefined {
  const start = new Date(`${day}T00:00:00+08:00`);
  // A 31st of February must not become a 3rd of March.
  return Number.isNaN(start.getTime()) || dayOf(start) !== day ? undefined : start.getTime();
}

export const dayOf = (date: Date): string =>
  new Date(date.getTime() + 8 * 3_600_000).toISOString().slice(0, 10);

/** The moment of `hour` o'clock, `days` after the day `date` (yyyy-MM-dd). */
export const hourAfter = (date: string, days: number, hour: number): Date =>
  DateTime.fromISO(date, { zone: alipayZone }).plus({ days }).set({ hour }).toJSDate();

export const isDay = (date: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(date) && DateTime.fromISO(date, { zone: alipayZone }).isValid;
