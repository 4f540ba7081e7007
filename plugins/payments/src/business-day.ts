import { DateTime } from 'luxon';

/** Where a merchant cuts its business days. `dayCutoff` is HH:mm in `zone`. */
export interface DayRule {
  zone: string;
  dayCutoff: string;
}

/** A cut-off in the morning lets a day run on past midnight; one in the evening lets it begin before midnight. */
function cutoffMinutes(dayCutoff: string): number {
  const [hours = 0, minutes = 0] = dayCutoff.split(':').map(Number);
  const total = hours * 60 + minutes;
  return total < 720 ? total : total - 1440;
}

/** The business day (yyyy-MM-dd) a moment is booked on. */
export function businessDay(moment: Date, rule: DayRule): string {
  return DateTime.fromJSDate(moment, { zone: rule.zone })
    .minus({ minutes: cutoffMinutes(rule.dayCutoff) })
    .toFormat('yyyy-MM-dd');
}

/** When a business day begins and when the next one does. */
export function businessDayBounds(day: string, rule: DayRule): { start: Date; end: Date } {
  const midnight = DateTime.fromISO(day, { zone: rule.zone });
  const minutes = cutoffMinutes(rule.dayCutoff);
  return {
    start: midnight.plus({ minutes }).toJSDate(),
    end: midnight.plus({ days: 1 }).plus({ minutes }).toJSDate(),
  };
}

/** Days around a day, as text: no zone can bend them. */
export function shiftDay(day: string, days: number): string {
  return DateTime.fromISO(day, { zone: 'utc' }).plus({ days }).toFormat('yyyy-MM-dd');
}
