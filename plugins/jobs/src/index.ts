import type { Queue } from './queue';

export { type Clock, clockOf, createManualClock, type ManualClock, systemClock, useClock } from './clock';
export { createQueue, type QueueOptions } from './create';
export { createLeases, type Leases } from './leases';
export { writeLightly } from './light-write';
export type { AddOptions, Handler, Job, Json, Queue } from './queue';

const queues = new WeakMap<object, Queue>();

/** The queue of one running application (`host` is its Strapi instance), from its register phase on. */
export function jobs(host: object): Queue {
  const queue = queues.get(host);
  if (!queue) throw new Error('the jobs plugin is not registered');
  return queue;
}

/** @internal called by the plugin's register. */
export function provideQueue(host: object, queue: Queue): void {
  queues.set(host, queue);
}
