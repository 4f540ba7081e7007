import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Clock, Leases } from '@hospital-pay/jobs';
import { fail } from './errors';

export interface Locks {
  /** One at a time for one order, in this process and among all. */
  withOrder<Result>(orderNo: string, work: () => Promise<Result>): Promise<Result>;
}

const heldMs = 30_000;
const patienceMs = 25_000;
const pollMs = 50;

export function createLocks(leases: Leases, clock: Clock): Locks {
  const queues = new Map<string, Promise<void>>();

  async function underLease<Result>(name: string, work: () => Promise<Result>): Promise<Result> {
    const holder = randomUUID();
    const until = () => new Date(clock.now().getTime() + heldMs);
    const giveUpAt = performance.now() + patienceMs;
    while (!(await leases.take(name, holder, until()))) {
      if (performance.now() > giveUpAt) throw fail('ORDER_BUSY');
      await sleep(pollMs);
    }
    const extending = setInterval(() => {
      // A lease that cannot be extended is lost at most; every move is compare-and-set all the same.
      leases.extend(name, holder, until()).catch(() => false);
    }, heldMs / 3);
    try {
      return await work();
    } finally {
      clearInterval(extending);
      await leases.release(name, holder);
    }
  }

  return {
    async withOrder(orderNo, work) {
      const before = queues.get(orderNo) ?? Promise.resolve();
      const result = before.then(() => underLease(`order:${orderNo}`, work));
      const after = result.then(
        () => undefined,
        () => undefined,
      );
      queues.set(orderNo, after);
      try {
        return await result;
      } finally {
        if (queues.get(orderNo) === after) queues.delete(orderNo);
      }
    },
  };
}
