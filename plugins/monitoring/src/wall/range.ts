import { DateTime } from 'luxon';

const units = { m: 'minute', h: 'hour', d: 'day', w: 'week', M: 'month', y: 'year' } as const;
const isUnit = (text: string | undefined): text is keyof typeof units => text !== undefined && text in units;

/** Grafana's relative times, `now`, `now/d`, `now-30d/d`, in the hospital's zone. */
export function momentOf(text: string, now: Date, zone: string): Date {
  const [match, , count, unit, , start] = /^now(-(\d+)([mhdwMy]))?(\/([mhdwMy]))?$/.exec(text) ?? [];
  if (match === undefined) throw new Error(`not a time: ${text}`);
  let moment = DateTime.fromJSDate(now, { zone });
  if (isUnit(unit)) moment = moment.minus({ [units[unit]]: Number(count) });
  if (isUnit(start)) moment = moment.startOf(units[start]);
  return moment.toJSDate();
}

const steps = [
  [60, '1m'],
  [120, '2m'],
  [300, '5m'],
  [600, '10m'],
  [900, '15m'],
  [1800, '30m'],
  [3600, '1h'],
  [10_800, '3h'],
  [21_600, '6h'],
  [43_200, '12h'],
  [86_400, '1d'],
] as const;

/** The piece of time that makes about so many points, none shorter than the panel wants. */
export function intervalOf(from: Date, to: Date, points: number, shortestSeconds: number): string {
  const wanted = Math.max((to.getTime() - from.getTime()) / 1000 / points, shortestSeconds);
  // As Grafana rounds: what is nearer to the shorter piece is the shorter piece.
  const step = steps.find(([seconds], index) => wanted <= (seconds + (steps[index + 1]?.[0] ?? seconds)) / 2);
  return (step ?? steps[steps.length - 1] ?? steps[0])[1];
}

/** `hospital_time` of the views on SQLite: moments as milliseconds, the day as text. */
export function hospitalTime(zone: string, name: string, now: Date): number | string {
  const local = DateTime.fromJSDate(now, { zone });
  const today = local.startOf('day');
  switch (name) {
    case 'now':
      return local.toMillis();
    case 'today':
      return today.toMillis();
    case 'yesterday':
      return today.minus({ days: 1 }).toMillis();
    case 'yesterday_now':
      return local.minus({ days: 1 }).toMillis();
    case 'date':
      return local.toISODate() ?? '';
    case 'quarter_ago':
      return local.minus({ minutes: 15 }).toMillis();
    case 'hour_ago':
      return local.minus({ hours: 1 }).toMillis();
    case 'week_ago':
      return local.minus({ days: 7 }).toMillis();
    default:
      throw new Error(`no moment ${name}`);
  }
}

export const hospitalDay = (zone: string, date: string): number =>
  DateTime.fromISO(date, { zone }).toMillis();
