import Bull from 'bull';
import type { Transport } from './embedded';
import type { Json } from './queue';

interface Envelope {
  payload: Json;
  key?: string;
}

const keyBusyMs = 200;

/** Jobs in Redis, one bull queue a name: any process may add, any worker may run. */
export function createRedis(
  url: string,
  prefix: string,
  failed: (name: string, error: unknown) => void,
): Transport {
  const queues = new Map<string, Bull.Queue<Envelope>>();

  const queueOf = (name: string) => {
    const existing = queues.get(name);
    if (existing) return existing;
    const queue = new Bull<Envelope>(name, url, {
      prefix,
      defaultJobOptions: { removeOnComplete: true, removeOnFail: true },
    });
    queue.on('error', (error) => failed(name, error));
    queue.on('failed', (job, error) => {
      if (job.attemptsMade >= (job.opts.attempts ?? 1)) failed(name, error);
    });
    queues.set(name, queue);
    return queue;
  };

  return {
    async add(name, payload, options) {
      await queueOf(name).add(
        { payload, ...(options.key === undefined ? {} : { key: options.key }) },
        {
          ...(options.id === undefined ? {} : { jobId: options.id.replaceAll(':', '|') }),
          ...(options.delay === undefined ? {} : { delay: Math.max(options.delay, 0) }),
          attempts: options.attempts ?? 1,
          backoff: { type: 'exponential', delay: options.backoff ?? 1000 },
        },
      );
    },
    work(name, concurrency, run) {
      const queue = queueOf(name);
      queue
        .process(concurrency, async (job) => {
          const { payload, key } = job.data;
          if (await run({ name, payload, attempt: job.attemptsMade + 1 }, key)) return;
          await queue.add(job.data, { delay: keyBusyMs, attempts: job.opts.attempts ?? 1 });
        })
        .catch((error: unknown) => failed(name, error));
    },
    async close() {
      await Promise.all([...queues.values()].map((queue) => queue.close()));
    },
  };
}
