import { parseExpression } from 'cron-parser';
import type { Clock } from './clock';
import type { Leases } from './leases';

export interface Schedule {
  name: string;
  /** ms between starts, or a cron pattern. */
  at: number | string;
  zone: string;
  handler: (stopping: AbortSignal) => Promise<void>;
}

/**
 * Fires a schedule on one of several equal processes. The lease `every:<name>` carries until when the last
 * start counts: the process that moves it on is the one that runs.
 */
export function runSchedule(
  schedule: Schedule,
  context: {
    leases: Leases;
    clock: Clock;
    holder: string;
    stopping: AbortSignal;
    failed: (name: string, error: unknown) => void;
  },
): { stop(): Promise<void> } {
  const { clock, leases, holder } = context;
  const { at } = schedule;
  const lease = `every:${schedule.name}`;
  let timer: { cancel(): void } | undefined;
  let running: Promise<void> | undefined;
  let stopped = false;

  const fire = async (take: () => Promise<boolean>) => {
    let extending: NodeJS.Timeout | undefined;
    try {
      if (!(await take())) return;
      if (typeof at === 'number') {
        // A run longer than its interval must not be started a second time elsewhere.
        const extend = () =>
          leases.extend(lease, holder, new Date(clock.now().getTime() + at)).catch(() => false);
        extending = setInterval(extend, Math.max(at / 2, 100));
        extending.unref();
      }
      await schedule.handler(context.stopping);
    } catch (error) {
      context.failed(schedule.name, error);
    } finally {
      clearInterval(extending);
    }
  };

  const start = (take: () => Promise<boolean>, then: () => void) => {
    if (stopped) return;
    running = fire(take).finally(() => {
      running = undefined;
      if (!stopped) then();
    });
  };

  const everyInterval = (interval: number) => {
    timer = clock.after(interval, () => {
      // Somewhat less than the interval, or the holder's own next start would come a moment too early.
      const until = new Date(clock.now().getTime() + interval * 0.9);
      start(
        () => leases.take(lease, holder, until),
        () => everyInterval(interval),
      );
    });
  };

  const takeSlot = (slot: Date, isFirst: boolean) => {
    const until = new Date(slot.getTime() + 1);
    return isFirst ? leases.retake(lease, holder, until, slot) : leases.take(lease, holder, until, slot);
  };

  const everySlot = (pattern: string) => {
    const slot = parseExpression(pattern, { currentDate: clock.now(), tz: schedule.zone }).next().toDate();
    timer = clock.after(slot.getTime() - clock.now().getTime(), () => {
      // Timers hold 24 days at most and may be early.
      if (clock.now() < slot) return everySlot(pattern);
      start(
        () => takeSlot(slot, false),
        () => everySlot(pattern),
      );
    });
  };

  if (typeof at === 'number') everyInterval(at);
  else {
    // A start missed while every process was down is made up for, once.
    const missed = parseExpression(at, { currentDate: clock.now(), tz: schedule.zone }).prev().toDate();
    start(
      () => takeSlot(missed, true),
      () => everySlot(at),
    );
  }

  return {
    async stop() {
      stopped = true;
      timer?.cancel();
      await running;
    },
  };
}
