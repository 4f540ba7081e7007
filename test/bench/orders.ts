import { randomInt } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { signedHeaders } from '../harness/client';
import { keptKeys } from '../harness/kept';
import { freePort } from '../services/ports';
import { startPostgres } from '../services/postgres';
import { startPart } from './processes';

/**
 * Orders per second, and what the platform adds to the gateway's own time, beside a bare Koa handler that makes one
 * signed call and one insert. Platform, peer and gateways run in processes of their own; databases are durable.
 */
export interface OrdersBench {
  subject: string;
  orders: number;
  paid: number;
  perSecond: number;
  totalMs: Percentiles;
  /** Time beyond the gateway's own, per order. */
  addedMs: Percentiles;
}

export interface Percentiles {
  p50: number;
  p99: number;
  worst: number;
}

interface Sale {
  merchantOrderNo: string;
  authCode: string;
}

const gatewayTimes = z.record(z.string(), z.number());

export async function benchOrders(options: { orders: number; concurrency: number }): Promise<OrdersBench[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-bench-'));
  const gatewayUrl = `http://127.0.0.1:${await freePort()}/sandbox`;
  const shared = { CREDENTIALS: keptKeys(), GATEWAY_URL: gatewayUrl };
  const postgres = await startPostgres({ durable: true });
  const gateway = await startPart('gateway', shared);
  const results: OrdersBench[] = [];
  try {
    for (const database of ['sqlite', 'postgres'] as const) {
      for (const subject of ['bare', 'platform'] as const) {
        const part = await startPart(subject, {
          ...shared,
          DATABASE_URL: database === 'postgres' ? await postgres.createDatabase() : '',
          DATABASE_FILENAME: path.join(folder, `${subject}.db`),
          TEST_POSTGRES_URL: postgres.url,
        });
        try {
          const send = subject === 'bare' ? bareRequest(part.ready) : platformRequest(part.ready);
          await drive(send, options.concurrency * 4, options.concurrency);
          await part.ask('gateway times');
          const run = await drive(send, options.orders, options.concurrency);
          const times = gatewayTimes.parse(await part.ask('gateway times'));
          results.push({
            subject: `${subject} · ${database}`,
            orders: options.orders,
            paid: run.paid,
            perSecond: options.orders / (run.elapsedMs / 1000),
            totalMs: percentiles([...run.times.values()]),
            addedMs: percentiles([...run.times].map(([no, ms]) => ms - (times[no] ?? 0))),
          });
        } finally {
          await part.stop();
        }
      }
    }
  } finally {
    await gateway.stop();
    postgres.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return results;
}

function bareRequest(ready: Record<string, string>) {
  return async (sale: Sale) => {
    const body = JSON.stringify({
      merchantOrderNo: sale.merchantOrderNo,
      amount: '12.00',
      authCode: sale.authCode,
    });
    return fetch(ready.url ?? '', { method: 'POST', body });
  };
}

export function platformRequest(ready: Record<string, string>) {
  const app = { appId: ready.appId ?? '', secret: ready.secret ?? '' };
  return async ({ merchantOrderNo, authCode }: Sale) => {
    const body = JSON.stringify({
      merchantOrderNo,
      authCode,
      amountFen: 1200,
      subject: 'bench',
      scene: 'micropay',
    });
    const headers = signedHeaders(app, { method: 'POST', path: '/api/v1/orders', body });
    return fetch(`${ready.url}/api/v1/orders`, { method: 'POST', body, headers });
  };
}

const answer = z.object({ status: z.string(), orderNo: z.string().optional() });

/** `goesOn`: how many orders, or as long as it says so. */
export async function drive(
  send: (sale: Sale) => Promise<Response>,
  goesOn: number | (() => boolean),
  concurrency: number,
) {
  const times = new Map<string, number>();
  let paid = 0;
  let begun = 0;
  const hasMore = typeof goesOn === 'number' ? () => begun++ < goesOn : goesOn;
  const worker = async () => {
    while (hasMore()) {
      const sale = {
        merchantOrderNo: `B${Date.now().toString(36)}${randomInt(2 ** 47).toString(36)}`,
        authCode: `28${String(randomInt(2 ** 47))
          .padStart(16, '0')
          .slice(-16)}`,
      };
      const started = performance.now();
      const response = await send(sale);
      const said = answer.parse(await response.json());
      times.set(said.orderNo ?? sale.merchantOrderNo, performance.now() - started);
      if (said.status === 'paid') paid++;
    }
  };
  const started = performance.now();
  await Promise.all(Array.from({ length: concurrency }, worker));
  return { times, paid, elapsedMs: performance.now() - started };
}

export function percentiles(values: number[]): Percentiles {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) =>
    sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), worst: at(1) };
}
