import { randomUUID } from 'node:crypto';
import type { Knex } from 'knex';
import { type Clock, systemClock } from './clock';
import { createEmbedded } from './embedded';
import { createLeases } from './leases';
import type { Handler, Job, Queue } from './queue';
import { createRedis } from './redis';
import { runSchedule, type Schedule } from './schedule';

export interface QueueOptions {
  db: Knex;
  clock?: Clock;
  /** With an address jobs go through bull; without, they stay in this process. */
  redisUrl?: string | undefined;
  /** Keeps several installations apart on one Redis. */
  prefix?: string;
  role?: 'web' | 'worker' | 'all';
  failed?: (name: string, error: unknown) => void;
}

/** A keyed job that runs longer keeps its key by extending it. */
const keyHeldMs = 60_000;

/** A queue that waits for `start()` before it runs anything. */
export function createQueue(options: QueueOptions): Queue & { start(): void } {
  const { db, clock = systemClock, redisUrl, role = 'all', failed = () => undefined } = options;
  const transport = redisUrl
    ? createRedis(redisUrl, options.prefix ?? 'hospital-pay', failed)
    : createEmbedded(clock, failed);
  const leases = createLeases(db, clock);
  const holder = randomUUID();
  const stopping = new AbortController();
  const works = role !== 'web';
  const schedules: Schedule[] = [];
  const running: { stop(): Promise<void> }[] = [];
  const waiting: (() => void)[] = [];
  let started = false;

  const startSchedule = (schedule: Schedule) =>
    running.push(runSchedule(schedule, { leases, clock, holder, stopping: stopping.signal, failed }));

  const runKeyed = async (handler: Handler, job: Job, key: string): Promise<boolean> => {
    const lease = `job:${job.name}:${key}`;
    const until = () => new Date(clock.now().getTime() + keyHeldMs);
    const owner = randomUUID();
    if (!(await leases.take(lease, owner, until()))) return false;
    const extending = setInterval(() => {
      leases.extend(lease, owner, until()).catch((error: unknown) => failed(job.name, error));
    }, keyHeldMs / 3);
    try {
      await handler(job, stopping.signal);
    } finally {
      clearInterval(extending);
      await leases.release(lease, owner);
    }
    return true;
  };

  return {
    works,
    add: (name, payload, addOptions = {}) => transport.add(name, payload, addOptions),
    work(name, handler, { concurrency = 1 } = {}) {
      if (!works) return;
      const begin = () =>
        transport.work(name, concurrency, async (job, key) => {
          if (key !== undefined) return runKeyed(handler, job, key);
          await handler(job, stopping.signal);
          return true;
        });
      if (started) begin();
      else waiting.push(begin);
    },
    every(name, at, handler, { zone = 'Asia/Shanghai' } = {}) {
      if (!works) return;
      const schedule = { name, at, zone, handler };
      if (started) startSchedule(schedule);
      else schedules.push(schedule);
    },
    start() {
      if (started) return;
      started = true;
      for (const begin of waiting) begin();
      for (const schedule of schedules) startSchedule(schedule);
    },
    async close() {
      stopping.abort();
      await Promise.all(running.map((schedule) => schedule.stop()));
      await transport.close();
    },
  };
}
