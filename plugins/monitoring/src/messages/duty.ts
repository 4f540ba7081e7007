import { DateTime } from 'luxon';

export const weekdays = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof weekdays)[number];

/** Every week on a weekday, or once on a date. Times are HH:MM of the hospital's clock; an end before its start is the next day's. */
export interface DutyShift {
  username: string;
  weekday: Weekday | null;
  date: string | null;
  timeFrom: string;
  timeTo: string;
  mobile: string | null;
  email: string | null;
}

export const clockTime = /^([01]\d|2[0-3]):[0-5]\d$/;

const minutesOf = (time: string): number => Number(time.slice(0, 2)) * 60 + Number(time.slice(3));
const minutesAt = (at: DateTime): number => at.hour * 60 + at.minute;

/** Whether a time of day lies between two others, over midnight when the second is not later. */
export function isBetween(minutes: number, timeFrom: string, timeTo: string): boolean {
  const [from, to] = [minutesOf(timeFrom), minutesOf(timeTo)];
  return from < to ? minutes >= from && minutes < to : minutes >= from || minutes < to;
}

/** A date with rows of its own follows these alone. */
function shiftsOf(day: DateTime, roster: readonly DutyShift[]): DutyShift[] {
  const date = day.toFormat('yyyy-MM-dd');
  const own = roster.filter((shift) => shift.date === date);
  return own.length > 0 ? own : roster.filter(({ weekday }) => weekday === weekdays[day.weekday - 1]);
}

/** Who is on duty at a moment: shifts of the day, and those of the day before that run past midnight. */
export function onDuty(roster: readonly DutyShift[], moment: Date, zone: string): DutyShift[] {
  const at = DateTime.fromJSDate(moment, { zone });
  const now = minutesAt(at);
  const runsOver = ({ timeFrom, timeTo }: DutyShift) => minutesOf(timeTo) <= minutesOf(timeFrom);
  const today = shiftsOf(at, roster).filter((shift) =>
    runsOver(shift)
      ? now >= minutesOf(shift.timeFrom)
      : now >= minutesOf(shift.timeFrom) && now < minutesOf(shift.timeTo),
  );
  const since = shiftsOf(at.minus({ days: 1 }), roster).filter(
    (shift) => runsOver(shift) && now < minutesOf(shift.timeTo),
  );
  return [...today, ...since];
}

/** When quiet hours that hold now are over; `null` when they do not hold. */
export function quietUntil(
  quiet: { quietFrom: string | null; quietTo: string | null },
  moment: Date,
  zone: string,
): Date | null {
  const { quietFrom, quietTo } = quiet;
  if (!quietFrom || !quietTo) return null;
  const at = DateTime.fromJSDate(moment, { zone });
  if (!isBetween(minutesAt(at), quietFrom, quietTo)) return null;
  const end = at.set({
    hour: Number(quietTo.slice(0, 2)),
    minute: Number(quietTo.slice(3)),
    second: 0,
    millisecond: 0,
  });
  return (end <= at ? end.plus({ days: 1 }) : end).toJSDate();
}

/** Days as 1 (Monday) to 7, in text; none means every day. */
export function isWithin(
  hours: { workDays: string | null; timeFrom: string | null; timeTo: string | null },
  moment: Date,
  zone: string,
): boolean {
  const at = DateTime.fromJSDate(moment, { zone });
  const days = (hours.workDays ?? '').split(',').filter(Boolean).map(Number);
  if (days.length > 0 && !days.includes(at.weekday)) return false;
  return !hours.timeFrom || !hours.timeTo || isBetween(minutesAt(at), hours.timeFrom, hours.timeTo);
}

export const shownTime = (moment: Date, zone: string): string =>
  DateTime.fromJSDate(moment, { zone }).toFormat('yyyy-MM-dd HH:mm:ss');
