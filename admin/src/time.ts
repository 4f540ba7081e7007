import dayjs, { type Dayjs } from 'dayjs';
import timezone from 'dayjs/plugin/timezone';
import utc from 'dayjs/plugin/utc';

dayjs.extend(utc);
dayjs.extend(timezone);

/** The hospital's zone: what is shown and picked is the hospital's wall clock, whatever the browser's zone. */
export const hospitalZone = 'Asia/Shanghai';

// rc-picker reads "now" through dayjs().tz(): the highlighted day is the hospital's, too.
dayjs.tz.setDefault(hospitalZone);

export function dateTimeText(value: string | number | Date | null | undefined): string {
  if (value === null || value === undefined || value === '') return '';
  const at = dayjs(value);
  return at.isValid() ? at.tz(hospitalZone).format('YYYY-MM-DD HH:mm:ss') : String(value);
}

/** The hospital's wall clock, without the day. */
export const clockText = (value: string): string => dateTimeText(value).slice(11);

export function today(now: Date = new Date()): string {
  return dayjs(now).tz(hospitalZone).format('YYYY-MM-DD');
}

export function addDays(day: string, days: number): string {
  return dayjs.utc(day).add(days, 'day').format('YYYY-MM-DD');
}

/** The instant at which a business day of the hospital begins, as ISO text. */
export function dayStart(day: string): string {
  return dayjs.tz(`${day} 00:00:00`, hospitalZone).toISOString();
}

/** A picker works on wall clocks: only the day's text goes in and out of it. */
export function toPicker(day: string | undefined): Dayjs | null {
  return day ? dayjs(day, 'YYYY-MM-DD') : null;
}

export function fromPicker(value: Dayjs | null): string | undefined {
  return value ? value.format('YYYY-MM-DD') : undefined;
}

/** Today at this time of the hospital's clock, as ISO text. */
export function atWallClock(time: Dayjs): string {
  return dayjs.tz(`${today()} ${time.format('HH:mm')}:00`, hospitalZone).toISOString();
}

export function stamp(now: Date = new Date()): string {
  return dayjs(now).tz(hospitalZone).format('YYYYMMDDHHmmss');
}
