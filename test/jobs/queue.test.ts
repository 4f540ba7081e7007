import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createLeases, createManualClock, createQueue, systemClock } from '@hospital-pay/jobs';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import knex, { type Knex } from 'knex';
import { until } from '../harness/waiting';
import { startRedis } from '../services/redis';

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-jobs-'));
let db: Knex;

beforeAll(async () => {
  db = knex({
    client: 'better-sqlite3',
    connection: { filename: path.join(folder, 'jobs.db') },
    useNullAsDefault: true,
    pool: { min: 1, max: 1 },
  });
  await db.schema.createTable('leases', (table) => {
    table.increments('id');
    table.string('document_id');
    table.string('name').unique();
    table.string('holder');
    for (const column of ['expires_at', 'created_at', 'updated_at', 'published_at']) table.bigInteger(column);
  });
});
afterAll(async () => {
  await db.destroy();
  fs.rmSync(folder, { recursive: true, force: true });
});

describe.each(['embedded', 'redis'] as const)('the queue, %s', (kind) => {
  let redis: { url: string; stop(): Promise<void> } | undefined;
  const open: { close(): Promise<void> }[] = [];
  const prefix = randomBytes(4).toString('hex');

  beforeAll(async () => {
    if (kind === 'redis') redis = await startRedis();
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((queue) => queue.close()));
  });
  afterAll(async () => {
    await redis?.stop();
  });

  const start = (failed: (name: string) => void = () => undefined, role: 'all' | 'web' = 'all') => {
    const queue = createQueue({ db, redisUrl: redis?.url, prefix, role, failed });
    open.push(queue);
    queue.start();
    return queue;
  };

  test('runs what is added, with its payload', async () => {
    const queue = start();
    const seen: unknown[] = [];
    queue.work('plain', async (job) => {
      seen.push(job.payload);
    });
    await queue.add('plain', { orderNo: '1' });
    await until(() => seen.length === 1);
    expect(seen).toEqual([{ orderNo: '1' }]);
  });

  test('a delayed job waits', async () => {
    const queue = start();
    let ranAfter = 0;
    const startedAt = Date.now();
    queue.work('delayed', async () => {
      ranAfter = Date.now() - startedAt;
    });
    await queue.add('delayed', {}, { delay: 300 });
    await until(() => ranAfter > 0);
    expect(ranAfter).toBeGreaterThanOrEqual(290);
  });

  test('a failing job is tried again as often as it may, then reported', async () => {
    const failures: string[] = [];
    const queue = start((name) => failures.push(name));
    const attempts: number[] = [];
    queue.work('failing', async (job) => {
      attempts.push(job.attempt);
      throw new Error('no');
    });
    await queue.add('failing', {}, { attempts: 3, backoff: 10 });
    await until(() => failures.length > 0);
    expect(attempts).toEqual([1, 2, 3]);
    expect(failures).toEqual(['failing']);
  });

  test('a job id is taken once while it waits, and free again after', async () => {
    const queue = start();
    let count = 0;
    queue.work('same', async () => {
      count++;
    });
    await queue.add('same', {}, { id: 'a:1', delay: 100 });
    await queue.add('same', {}, { id: 'a:1', delay: 100 });
    await until(() => count > 0);
    await pause(300);
    expect(count).toBe(1);
    await queue.add('same', {}, { id: 'a:1' });
    await until(() => count === 2);
  });

  test('jobs of one key run one at a time, those of others beside them', async () => {
    const queue = start();
    let running = 0;
    let most = 0;
    let done = 0;
    queue.work(
      'keyed',
      async () => {
        most = Math.max(most, ++running);
        await pause(60);
        running--;
        done++;
      },
      { concurrency: 5 },
    );
    for (let index = 0; index < 4; index++) await queue.add('keyed', { index }, { key: 'order' });
    await until(() => done === 4);
    expect(most).toBe(1);
  });

  test('closing waits for what runs', async () => {
    const queue = start();
    let isDone = false;
    let isRunning = false;
    queue.work('slow', async () => {
      isRunning = true;
      await pause(300);
      isDone = true;
    });
    await queue.add('slow', {});
    await until(() => isRunning);
    await queue.close();
    expect(isDone).toBe(true);
  });

  test('closing tells a schedule that runs to stop where it is', async () => {
    const queue = start();
    let isRunning = false;
    queue.every(`long-${kind}`, 50, async (stopping) => {
      isRunning = true;
      await until(() => stopping.aborted);
    });
    await until(() => isRunning);
    await queue.close();
  });

  test('a schedule fires on one of two instances', async () => {
    const name = `tick-${kind}`;
    let count = 0;
    for (const queue of [start(), start()]) {
      queue.every(name, 300, async () => {
        count++;
      });
    }
    await pause(1700);
    expect(count).toBeGreaterThanOrEqual(3);
    expect(count).toBeLessThanOrEqual(6);
  });

  test('a web process runs nothing', async () => {
    const queue = start(undefined, 'web');
    let count = 0;
    queue.work('idle', async () => {
      count++;
    });
    queue.every('idle', 50, async () => {
      count++;
    });
    await queue.add('idle', {});
    await pause(300);
    expect(count).toBe(0);
  });
});

describe('leases', () => {
  test('one holder at a time, another when its time is over', async () => {
    const clock = createManualClock(new Date('2026-11-22T00:00:00Z'));
    const leases = createLeases(db, clock);
    const inTen = () => new Date(clock.now().getTime() + 10_000);
    expect(await leases.take('door', 'a', inTen())).toBe(true);
    expect(await leases.take('door', 'b', inTen())).toBe(false);
    await clock.advance(10_000);
    expect(await leases.take('door', 'b', inTen())).toBe(true);
    await leases.release('door', 'a');
    expect(await leases.holder('door')).toBe('b');
  });

  test('of twenty that try at once one gets it', async () => {
    const leases = createLeases(db, systemClock);
    const until = new Date(Date.now() + 10_000);
    const taken = await Promise.all(
      Array.from({ length: 20 }, (_, index) => leases.take('rush', String(index), until)),
    );
    expect(taken.filter(Boolean)).toHaveLength(1);
  });
});

test('a cron pattern is read in its zone and fires once a day', async () => {
  const clock = createManualClock(new Date('2026-11-22T01:59:00Z'));
  const queue = createQueue({ db, clock });
  const fired: string[] = [];
  queue.every('daily', '0 10 * * *', async () => {
    fired.push(clock.now().toISOString());
  });
  queue.start();
  await pause(50);
  await clock.advance(90_000);
  await until(() => fired.length === 1);
  expect(fired).toEqual(['2026-11-22T02:00:00.000Z']);
  await pause(50);
  await clock.advance(24 * 3600_000);
  await until(() => fired.length === 2);
  await queue.close();
});
