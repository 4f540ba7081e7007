import { DateTime } from 'luxon';

/** Alipay cuts its days and writes its times in China, whatever zone the process runs in. */
export const alipayZone = 'Asia/Shanghai';
const pattern = 'yyyy-MM-dd HH:mm:ss';

export const wireTime = (date: Date): string =>
  DateTime.fromJSDate(date, { zone: alipayZone }).toFormat(pattern);

/** `undefined` when the text is no time as Alipay writes it (fractions of a second are accepted). */
export function readWireTime(text: string | undefined): Date | undefined {
  if (text === undefined) return undefined;
  const time = DateTime.fromFormat(text.trim().replace(/\.\d{1,3}$/, ''), pattern, { zone: alipayZone });
  return time.isValid ? time.toJSDate() : undefined;
}

export const dayOf = (date: Date): string =>
  DateTime.fromJSDate(date, { zone: alipayZone }).toFormat('yyyy-MM-dd');

/** The moment of `hour` o'clock, `days` after the day `date` (yyyy-MM-dd). */
export const hourAfter = (date: string, days: number, hour: number): Date =>
  DateTime.fromISO(date, { zone: alipayZone }).plus({ days }).set({ hour }).toJSDate();

export const isDay = (date: string): boolean =>
  /^\d{4}-\d{2}-\d{2}$/.test(date) && DateTime.fromISO(date, { zone: alipayZone }).isValid;
