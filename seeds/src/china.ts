import { DateTime } from 'luxon';

export const zone = 'Asia/Shanghai';

export const dayOf = (at: Date): string => DateTime.fromJSDate(at, { zone }).toFormat('yyyy-MM-dd');
export const compact = (at: Date): string => DateTime.fromJSDate(at, { zone }).toFormat('yyyyMMddHHmmss');
export const shiftDay = (day: string, days: number): string =>
  DateTime.fromISO(day, { zone: 'utc' }).plus({ days }).toFormat('yyyy-MM-dd');
/** 1 = Monday … 7 = Sunday. */
export const weekday = (day: string): number => DateTime.fromISO(day, { zone: 'utc' }).weekday;

/** A moment by the hospital's clock: `2018-10-18`, `07:03:18`. */
export const moment = (day: string, time: string): Date =>
  DateTime.fromISO(`${day}T${time}`, { zone }).toJSDate();
export const afterSeconds = (at: Date, seconds: number): Date => new Date(at.getTime() + seconds * 1000);

/** Days from the first to the last, both included. */
export function daysBetween(first: string, last: string): string[] {
  const days: string[] = [];
  for (let day = first; day <= last; day = shiftDay(day, 1)) days.push(day);
  return days;
}
