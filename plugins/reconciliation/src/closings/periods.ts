import { shiftDay } from '@hospital-pay/payments';
import { z } from 'zod';
import { fail } from '../errors';

export const periodKinds = ['day', 'month', 'year'] as const;
export type PeriodKind = (typeof periodKinds)[number];

/** A day yyyy-MM-dd, a month yyyy-MM or a year yyyy, with the business days it holds. */
export interface Period {
  kind: PeriodKind;
  period: string;
  firstDay: string;
  lastDay: string;
}

/** @throws PERIOD_INVALID */
export function periodOf(kind: PeriodKind, period: string): Period {
  const first = { day: period, month: `${period}-01`, year: `${period}-01-01` }[kind];
  if (!z.iso.date().safeParse(first).success) throw fail('PERIOD_INVALID', { kind, period });
  return { kind, period, firstDay: first, lastDay: lastDayOf(kind, first) };
}

function lastDayOf(kind: PeriodKind, first: string): string {
  const [year = 0, month = 0] = first.split('-').map(Number);
  switch (kind) {
    case 'day':
      return first;
    case 'month':
      return new Date(Date.UTC(year, month, 0)).toISOString().slice(0, 10);
    case 'year':
      return `${year}-12-31`;
    default:
      return kind satisfies never;
  }
}

/** The days of a month, the months of a year; a day has no parts. */
export function partsOf({ kind, period, firstDay, lastDay }: Period): Period[] {
  switch (kind) {
    case 'day':
      return [];
    case 'month': {
      const days: Period[] = [];
      for (let day = firstDay; day <= lastDay; day = shiftDay(day, 1)) days.push(periodOf('day', day));
      return days;
    }
    case 'year':
      return Array.from({ length: 12 }, (_, index) =>
        periodOf('month', `${period}-${String(index + 1).padStart(2, '0')}`),
      );
    default:
      return kind satisfies never;
  }
}
