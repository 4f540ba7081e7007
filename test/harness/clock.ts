import type { Clock } from '@hospital-pay/jobs';

/** Real time plus what it was turned by; a timer fires when its own time has come, turned or waited for. */
export interface TurnableClock extends Clock {
  turn(ms: number): void;
}

interface Waiting {
  at: number;
  task: () => void;
  timer?: NodeJS.Timeout;
}

const longestTimer = 2 ** 31 - 1;

export function createTurnableClock(turnedBefore: number): TurnableClock {
  let turned = turnedBefore;
  const now = () => Date.now() + turned;
  const waiting = new Set<Waiting>();
  const arm = (entry: Waiting) => {
    clearTimeout(entry.timer);
    entry.timer = setTimeout(
      () => {
        waiting.delete(entry);
        entry.task();
      },
      Math.min(Math.max(entry.at - now(), 0), longestTimer),
    );
  };
  return {
    now: () => new Date(now()),
    after(ms, task) {
      const entry: Waiting = { at: now() + Math.max(ms, 0), task };
      waiting.add(entry);
      arm(entry);
      return {
        cancel() {
          clearTimeout(entry.timer);
          waiting.delete(entry);
        },
      };
    },
    turn(ms) {
      turned += ms;
      for (const entry of waiting) arm(entry);
    },
  };
}
