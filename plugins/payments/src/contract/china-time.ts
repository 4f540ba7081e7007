/** China has kept one offset since 1992, and no bank cuts its day anywhere else. */
const offsetMs = 8 * 3_600_000;

/** `yyyy-MM-dd HH:mm:ss` in China. */
export const chinaTime = (date: Date): string =>
  new Date(date.getTime() + offsetMs).toISOString().slice(0, 19).replace('T', ' ');

/** `yyyyMMddHHmmss` in China, as the banks write times. */
export const chinaCompact = (date: Date): string => chinaTime(date).replace(/\D/g, '');

/** `yyyy-MM-dd` in China. */
export const chinaDay = (date: Date): string => chinaTime(date).slice(0, 10);

/** `undefined` when the text is no `yyyyMMddHHmmss` that the calendar knows. */
export function readChinaCompact(text: string | undefined): Date | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})(\d{2})(\d{2})(\d{2})$/.exec(text ?? '');
  if (!match) return undefined;
  const [, year, month, day, hours, minutes, seconds] = match;
  const date = new Date(`${year}-${month}-${day}T${hours}:${minutes}:${seconds}+08:00`);
  // A 31st of February must not become a 3rd of March.
  return Number.isNaN(date.getTime()) || chinaCompact(date) !== text ? undefined : date;
}

/** The moment of `hour` o'clock in China, `days` after the day `date` (yyyy-MM-dd). */
export const chinaHourAfter = (date: string, days: number, hour: number): Date =>
  new Date(Date.parse(`${date}T00:00:00+08:00`) + (days * 24 + hour) * 3_600_000);
