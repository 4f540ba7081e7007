/** Time in its own name, so that tests can turn it. */
export interface Clock {
  now(): Date;
  /** Runs `task` once after `ms`; the handle takes it back. */
  after(ms: number, task: () => void): { cancel(): void };
}

/** Node's timers hold 2^31−1 ms at most and fire at once beyond it. */
const longestTimer = 2 ** 31 - 1;

export const systemClock: Clock = {
  now: () => new Date(),
  after(ms, task) {
    const timer = setTimeout(task, Math.min(Math.max(ms, 0), longestTimer));
    return { cancel: () => clearTimeout(timer) };
  },
};

/** A clock that stands still until it is turned; used by tests. */
export interface ManualClock extends Clock {
  /** Turns the clock, running what falls due on the way in its order. */
  advance(ms: number): Promise<void>;
  set(time: Date): void;
}

export function createManualClock(start: Date): ManualClock {
  let time = start.getTime();
  let sequence = 0;
  const timers = new Map<number, { at: number; task: () => void }>();
  const settle = () => new Promise<void>((resolve) => setImmediate(resolve));

  const nextDue = (until: number) =>
    [...timers].filter(([, timer]) => timer.at <= until).sort(([a, x], [b, y]) => x.at - y.at || a - b)[0];

  return {
    now: () => new Date(time),
    set: (to) => {
      time = to.getTime();
    },
    after(ms, task) {
      const id = ++sequence;
      timers.set(id, { at: time + Math.max(ms, 0), task });
      return { cancel: () => timers.delete(id) };
    },
    async advance(ms) {
      const until = time + ms;
      for (let due = nextDue(until); due; due = nextDue(until)) {
        const [id, timer] = due;
        timers.delete(id);
        time = Math.max(time, timer.at);
        timer.task();
        await settle();
      }
      time = until;
      await settle();
    },
  };
}

const clocks = new WeakMap<object, Clock>();

/** Gives one running application (`host` is its Strapi instance) another clock; call it before the application loads. */
export function useClock(host: object, clock: Clock): void {
  clocks.set(host, clock);
}

export const clockOf = (host: object): Clock => clocks.get(host) ?? systemClock;
