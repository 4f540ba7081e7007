import { DateTime } from 'luxon';

const zone = 'Asia/Shanghai';

/** Cut by characters, never through one. */
export const cut = (text: string, length: number) => Array.from(text).slice(0, length).join('');

export const rfc3339 = (date: Date): string =>
  DateTime.fromJSDate(date, { zone }).toFormat("yyyy-MM-dd'T'HH:mm:ssZZ");

/** RFC 3339 as v3 writes it; `undefined` when absent or unreadable. */
export function readRfc3339(text: string | undefined): Date | undefined {
  if (!text) return undefined;
  const read = DateTime.fromISO(text, { setZone: true });
  return read.isValid ? read.toJSDate() : undefined;
}

/** `yyyyMMddHHmmss` or `yyyy-MM-dd HH:mm:ss`, China time, as v2 writes them. */
export function readChinaTime(text: string | undefined): Date | undefined {
  if (!text) return undefined;
  const format = text.includes('-') ? 'yyyy-MM-dd HH:mm:ss' : 'yyyyMMddHHmmss';
  const read = DateTime.fromFormat(text, format, { zone });
  return read.isValid ? read.toJSDate() : undefined;
}

export const chinaDay = (date: Date): string => DateTime.fromJSDate(date, { zone }).toFormat('yyyy-MM-dd');

/** The bill of a day may be asked for at ten the next morning. */
export function minutesUntilBill(day: string, now: Date): number {
  const ready = DateTime.fromISO(day, { zone }).plus({ days: 1 }).set({ hour: 10 });
  return Math.max(1, Math.ceil((ready.toMillis() - now.getTime()) / 60_000));
}
