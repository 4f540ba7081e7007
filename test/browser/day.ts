import { type Clock, systemClock } from '@hospital-pay/jobs';
import { DateTime } from 'luxon';

/** A clock that a test can turn; the hospital's day begins at the given hour, so that no test crosses midnight by accident. */
export interface Day {
  date: string;
  clock: Clock;
  /** How far the clock is ahead of the real one. */
  aheadMs(): number;
  turnTo(time: { daysLater: number; hour: number; minute: number }): void;
}

export function startDay(hour: number): Day {
  const real = DateTime.now().setZone('Asia/Shanghai');
  const start = real.set({ hour, minute: 0, second: 0 });
  let aheadMs = start.toMillis() - real.toMillis();
  return {
    date: start.toFormat('yyyy-MM-dd'),
    clock: { now: () => new Date(Date.now() + aheadMs), after: systemClock.after },
    aheadMs: () => aheadMs,
    turnTo({ daysLater, ...time }) {
      aheadMs = start.plus({ days: daysLater }).set(time).toMillis() - Date.now();
    },
  };
}
