import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { monitoring } from '@hospital-pay/monitoring';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import { createEmptyHouse } from '../harness/empty-house';
import { keptKeys } from '../harness/kept';
import { startPlatform } from '../harness/platform';
import { freePort } from '../services/ports';
import { startPostgres } from '../services/postgres';
import { drive, percentiles, platformRequest } from './orders';
import { startPart } from './processes';

/** What the logs cost: taking rows, reading pages of a large log on PostgreSQL, and each order that is logged. */
export interface LogsBench {
  rows: number;
  fillSeconds: number;
  takenPerSecond: number;
  pages: { page: string; p50: number; p99: number }[];
  /** The median block of each setting; `paid` of all of them. */
  orders: { settings: (Block & { setting: Setting })[]; paid: number };
}

/** Orders in a row: the median time of one, and what it takes of the platform's processor, the database's own aside. */
interface Block {
  ms: number;
  processorMs: number;
}

const settings = ['whole', 'without logging', 'without counting'] as const;
type Setting = (typeof settings)[number];
const rounds = 8;

export async function benchLogs(options: {
  rows: number;
  taken: number;
  reads: number;
  orders: number;
}): Promise<LogsBench> {
  const postgres = await startPostgres({ durable: true });
  try {
    return {
      rows: options.rows,
      ...(await readAndTake(await createEmptyHouse(postgres), options)),
      orders: await costOfAnOrder(await postgres.createDatabase(), postgres.url, options.orders),
    };
  } finally {
    postgres.stop();
  }
}

async function readAndTake(databaseUrl: string, options: { rows: number; taken: number; reads: number }) {
  const platform = await startPlatform({ env: { DATABASE_URL: databaseUrl } });
  try {
    const strapi = platform.strapi();
    const db = strapi.db.connection;
    const fillSeconds = await filled(db, options.rows);
    const { logs } = monitoring(strapi);
    const deepAt = Date.now();
    const [begin] = (await db.raw("SELECT extract(epoch FROM date_trunc('month', now())) * 1000 AS at")).rows;
    const deep = `${Math.round(Number(begin?.at ?? deepAt) + 3_600_000)}-1`;
    const orderNo = `1301178801${String(Math.floor(options.rows / 6)).padStart(14, '0')}`;
    const byOrder = { filters: { orderNo: { $eq: orderNo } } };
    const asked: Record<string, () => Promise<unknown>> = {
      'first page': () => logs.page('interface-log', {}),
      'deep page': () => logs.page('interface-log', { pagination: { after: deep } }),
      'by order number': () => logs.page('interface-log', byOrder),
      'by type and method': () =>
        logs.page('interface-log', {
          filters: { tradeType: { $eq: 'weixin_native' }, method: { $eq: 'refund_order' } },
        }),
      'deep page by OFFSET': () =>
        db('interface_logs')
          .orderBy([
            { column: 'at', order: 'desc' },
            { column: 'id', order: 'desc' },
          ])
          .offset(Math.floor(options.rows * 0.98))
          .limit(20)
          .select('id', 'at', 'order_no'),
    };
    const pages: LogsBench['pages'] = [];
    for (const [page, read] of Object.entries(asked)) {
      const times: number[] = [];
      const reads = page.includes('OFFSET') ? Math.min(options.reads, 3) : options.reads;
      await read();
      for (let time = 0; time < reads; time += 1) {
        const started = performance.now();
        await read();
        times.push(performance.now() - started);
      }
      pages.push({ page, ...percentiles(times) });
    }
    const { events } = payments(strapi);
    const started = performance.now();
    for (let taken = 0; taken < options.taken; taken += 1) {
      events.emit('channel.call', {
        method: 'create_order',
        url: 'https://gateway.example/pay',
        request: `{"out_trade_no":"${randomBytes(12).toString('hex')}","body":"${'x'.repeat(400)}"}`,
        response: `{"code":"SUCCESS","trade_no":"${randomBytes(12).toString('hex')}"}`,
        httpStatus: 200,
        startedAt: new Date(),
        durationMs: 41,
        channel: 'wechat',
        accountCode: 'WX-MAIN',
        orderNo: `B${taken}`,
        tradeType: 'weixin_micropay',
        direction: 'out',
      });
      // As calls come: some, then the database's turn.
      if (taken % 500 === 499) await monitoring(strapi).flush();
    }
    await monitoring(strapi).flush();
    return { fillSeconds, pages, takenPerSecond: options.taken / ((performance.now() - started) / 1000) };
  } finally {
    await platform.stop();
  }
}

const indexDefinitions = z.object({
  rows: z.array(z.object({ indexname: z.string(), indexdef: z.string() })),
});

/** The rows of this month and the two ahead, a moment each, in the order of time; their indexes are made afterwards, which is sooner. */
async function filled(db: Core.Strapi['db']['connection'], rows: number): Promise<number> {
  const started = performance.now();
  const { rows: indexes } = indexDefinitions.parse(
    await db.raw("SELECT indexname, indexdef FROM pg_indexes WHERE tablename = 'interface_logs'"),
  );
  for (const { indexname } of indexes) await db.raw('DROP INDEX ??', [indexname]);
  await db.raw(
    `INSERT INTO interface_logs (document_id, at, order_no, trade_type, method, channel, account_code, direction, url,
       request, response, http_status, duration_ms)
     SELECT 'bench' || n, date_trunc('month', now()) + n * (interval '85 days' / ?),
       '1301178801' || lpad((n / 3)::text, 14, '0'), (ARRAY['weixin_native', 'alipay_micropay'])[1 + n % 2],
       (ARRAY['create_order', 'query_order', 'refund_order'])[1 + n % 3], 'wechat', 'WX-MAIN', 'out',
       'https://gateway.example/pay', repeat('{"out_trade_no":"1301178801"}', 6), repeat('{"code":"SUCCESS"}', 8), 200, 120
     FROM generate_series(1, ?) n`,
    [rows, rows],
  );
  await db.transaction(async (trx) => {
    await trx.raw("SET LOCAL maintenance_work_mem = '512MB'");
    for (const { indexdef } of indexes) await trx.raw(indexdef.replace(' ON ONLY ', ' ON '));
  });
  await db.raw('VACUUM ANALYZE interface_logs');
  return (performance.now() - started) / 1000;
}

/**
 * The same platform as it is, without its calls being logged, and without minutes being added up for the wall; in turns, so
 * that none has the better minute.
 */
async function costOfAnOrder(databaseUrl: string, postgresUrl: string, orders: number) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-bench-'));
  const shared = {
    CREDENTIALS: keptKeys(),
    GATEWAY_URL: `http://127.0.0.1:${await freePort()}/sandbox`,
  };
  const gateway = await startPart('gateway', shared);
  const part = await startPart('platform', {
    ...shared,
    DATABASE_URL: databaseUrl,
    TEST_POSTGRES_URL: postgresUrl,
  });
  try {
    const send = platformRequest(part.ready);
    const processorSeconds = async () => z.number().parse(await part.ask('processor seconds'));
    const blocks: Record<Setting, Block[]> = { whole: [], 'without logging': [], 'without counting': [] };
    let paid = 0;
    await drive(send, Math.min(orders, 64), 4);
    const inBlock = Math.ceil(orders / rounds);
    for (let round = 0; round < rounds; round += 1) {
      for (let turn = 0; turn < settings.length; turn += 1) {
        const setting = settings[(round + turn) % settings.length] ?? 'whole';
        await part.ask(setting);
        const before = await processorSeconds();
        const run = await drive(send, inBlock, 4);
        blocks[setting].push({
          ms: percentiles([...run.times.values()]).p50,
          processorMs: (((await processorSeconds()) - before) * 1000) / inBlock,
        });
        paid += run.paid;
      }
    }
    const median = (setting: Setting, figure: keyof Block) =>
      percentiles(blocks[setting].map((block) => block[figure])).p50;
    return {
      settings: settings.map((setting) => ({
        setting,
        ms: median(setting, 'ms'),
        processorMs: median(setting, 'processorMs'),
      })),
      paid,
    };
  } finally {
    await part.stop();
    await gateway.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}
