import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createEmptyHouse } from '../harness/empty-house';
import { keptKeys } from '../harness/kept';
import { freePort } from '../services/ports';
import { startPostgres } from '../services/postgres';
import { drive, type Percentiles, percentiles, platformRequest } from './orders';
import { startPart } from './processes';

/** What payments take while a long day is reconciled, and without that, in one run of one platform. */
export interface LoadBench {
  database: 'sqlite' | 'postgres';
  withoutMs: Percentiles;
  withMs: Percentiles;
  paidWithout: number;
  paidWith: number;
  runSeconds: number;
}

export async function benchLoad(options: {
  orders: number;
  sales: number;
  concurrency: number;
  databases: readonly LoadBench['database'][];
}): Promise<LoadBench[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-bench-'));
  const shared = {
    CREDENTIALS: keptKeys(),
    GATEWAY_URL: `http://127.0.0.1:${await freePort()}/sandbox`,
    ORDERS: String(options.orders),
  };
  const postgres = await startPostgres({ durable: true });
  const gateway = await startPart('gateway', shared);
  const results: LoadBench[] = [];
  try {
    for (const database of options.databases) {
      const part = await startPart('reconcile-platform', {
        ...shared,
        DATABASE_URL: database === 'postgres' ? await createEmptyHouse(postgres) : '',
        TEST_POSTGRES_URL: postgres.url,
      });
      try {
        const send = platformRequest(part.ready);
        await drive(send, options.concurrency * 4, options.concurrency);
        const without = await drive(send, options.sales, options.concurrency);
        const started = performance.now();
        let isRunning = true;
        let runSeconds = 0;
        const running = part.ask('reconcile').finally(() => {
          isRunning = false;
          runSeconds = (performance.now() - started) / 1000;
        });
        // What went wrong with a payment is told first.
        running.catch(() => undefined);
        const during = await drive(send, () => isRunning, options.concurrency);
        const runStatus = String(await running);
        if (runStatus !== 'done') throw new Error(`the run on ${database}: ${runStatus}`);
        results.push({
          database,
          withoutMs: percentiles([...without.times.values()]),
          withMs: percentiles([...during.times.values()]),
          paidWithout: without.paid,
          paidWith: during.paid,
          runSeconds,
        });
      } finally {
        await part.stop();
      }
    }
  } finally {
    await gateway.stop();
    postgres.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return results;
}
