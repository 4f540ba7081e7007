import type { Clock } from './clock';
import type { AddOptions, Job, Json } from './queue';

/** How jobs wait and come back; what runs them and what keeps keys apart is common to both kinds. */
export interface Transport {
  add(name: string, payload: Json, options: AddOptions): Promise<void>;
  /** `run` answers false when the job must wait for its key. */
  work(name: string, concurrency: number, run: (job: Job, key: string | undefined) => Promise<boolean>): void;
  close(): Promise<void>;
}

interface Waiting {
  job: Job;
  options: AddOptions;
  timer?: { cancel(): void };
}

interface Worker {
  concurrency: number;
  running: Set<Promise<void>>;
  ready: Waiting[];
  run: (job: Job, key: string | undefined) => Promise<boolean>;
}

const keyBusyMs = 200;

/** Jobs in memory and timers. What is lost with the process is found again in the tables by a sweep. */
export function createEmbedded(clock: Clock, failed: (name: string, error: unknown) => void): Transport {
  const workers = new Map<string, Worker>();
  const known = new Set<string>();
  const delayed = new Set<Waiting>();
  let closed = false;

  const idOf = (entry: Waiting) =>
    entry.options.id === undefined ? undefined : `${entry.job.name} ${entry.options.id}`;

  const forget = (entry: Waiting) => {
    const id = idOf(entry);
    if (id !== undefined) known.delete(id);
  };

  const enqueue = (entry: Waiting, delay: number) => {
    if (closed) return;
    if (delay <= 0) return ready(entry);
    delayed.add(entry);
    entry.timer = clock.after(delay, () => {
      delayed.delete(entry);
      ready(entry);
    });
  };

  const ready = (entry: Waiting) => {
    const worker = workers.get(entry.job.name);
    // Nobody here does this work: the tables will tell somebody who does.
    if (!worker) return forget(entry);
    worker.ready.push(entry);
    pump(worker);
  };

  const pump = (worker: Worker) => {
    while (!closed && worker.running.size < worker.concurrency) {
      const entry = worker.ready.shift();
      if (!entry) return;
      const running: Promise<void> = runOne(worker, entry).finally(() => {
        worker.running.delete(running);
        pump(worker);
      });
      worker.running.add(running);
    }
  };

  const runOne = async (worker: Worker, entry: Waiting) => {
    const { job, options } = entry;
    try {
      if (await worker.run(job, options.key)) forget(entry);
      else enqueue(entry, keyBusyMs);
    } catch (error) {
      if (job.attempt >= (options.attempts ?? 1)) {
        forget(entry);
        failed(job.name, error);
        return;
      }
      const delay = (options.backoff ?? 1000) * 2 ** (job.attempt - 1);
      enqueue({ job: { ...job, attempt: job.attempt + 1 }, options }, delay);
    }
  };

  return {
    async add(name, payload, options) {
      const entry: Waiting = { job: { name, payload, attempt: 1 }, options };
      const id = idOf(entry);
      if (closed || (id !== undefined && known.has(id))) return;
      if (id !== undefined) known.add(id);
      enqueue(entry, options.delay ?? 0);
    },
    work(name, concurrency, run) {
      workers.set(name, { concurrency, run, running: new Set(), ready: [] });
    },
    async close() {
      closed = true;
      for (const entry of delayed) entry.timer?.cancel();
      await Promise.all([...workers.values()].flatMap((worker) => [...worker.running]));
    },
  };
}
