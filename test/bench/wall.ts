import { setTimeout as pause } from 'node:timers/promises';
import { access, type SignedInAccount } from '@hospital-pay/access';
import { monitoring } from '@hospital-pay/monitoring';
import { dateValue, insertRow, isPostgres } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Knex } from 'knex';
import { z } from 'zod';
import { startPlatform } from '../harness/platform';

/**
 * What one round of 支付监控大屏 costs when yesterday and today have so many orders, each with a call to its
 * channel, one in a hundred with an abnormal request and one in fifty with a refund; and what the bare question for today's
 * and yesterday's money costs on the orders themselves.
 */
export interface WallBench {
  orders: number;
  /** Adding up everything for the first time, and one round of it when a hundred orders have come. */
  firstCountSeconds: number;
  countMs: number;
  /** Rows that the wall's panels read of orders. */
  minuteRows: number;
  /** The median of all panels' answers together, nothing kept from before. */
  refreshMs: number;
  bareMs: number;
  /** Orders that the wall counts, today and yesterday until now. */
  counted: number;
}

/** Answers are shared for four seconds. */
const pauseMs = 4200;
const median = (values: number[]) =>
  values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;

const indexOfSource = z.object({ rows: z.array(z.object({ indexname: z.string() })) });
/** Those that neither counting nor the wall uses would cost hours of loading. */
async function dropOtherIndexes(strapi: Core.Strapi): Promise<void> {
  const db = strapi.db.connection;
  if (!isPostgres(db)) return;
  const { rows } = indexOfSource.parse(
    await db.raw(`SELECT indexname FROM pg_indexes
      WHERE tablename = 'orders' AND indexname NOT IN ('orders_pkey', 'orders_created_time_idx', 'orders_status_created_time_idx',
        'orders_account_code_created_time_idx')`),
  );
  for (const { indexname } of rows) {
    await db.raw('ALTER TABLE orders DROP CONSTRAINT IF EXISTS ??', [indexname]);
    await db.raw('DROP INDEX IF EXISTS ??', [indexname]);
  }
}

/** One of some words by a number, as both databases read it. */
const among = (number: string, words: readonly string[]) =>
  `CASE ${number} % ${words.length} ${words.map((word, place) => `WHEN ${place} THEN '${word}'`).join(' ')} END`;
const channel = among('(i / 3)', ['alipay', 'wechat', 'unionpay', 'ccb']);
const merchant = "'H00' || (1 + i % 3)";
const twoDaysMs = 48 * 3_600_000;

async function fill(strapi: Core.Strapi, orders: number): Promise<void> {
  const db = strapi.db.connection;
  const onPostgres = isPostgres(db);
  const counted = ['order_minutes', 'refund_minutes', 'call_minutes', 'error_minutes'];
  for (const table of ['orders', 'refunds', 'interface_logs', 'abnormal_requests', ...counted])
    await (onPostgres ? db.raw('TRUNCATE ?? RESTART IDENTITY', [table]) : db(table).delete());
  // The last two days, the same number in each second.
  const at = onPostgres
    ? `now() AT TIME ZONE 'UTC' - interval '48 hours' * (i::float8 / ${orders})`
    : `${Date.now()} - ${twoDaysMs} * i / ${orders}`;
  const series = onPostgres
    ? `generate_series(1, ${orders}) AS i`
    : `(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${orders}) SELECT i FROM n)`;
  await db.raw(`INSERT INTO orders (document_id, order_no, merchant_order_no, merchant_code, channel, account_code, scene,
      trade_type, currency, status, amount_fen, paid_fen, refunded_fen, created_time)
    SELECT i, i, i, ${merchant}, ${channel}, ${merchant} || '-' || ${channel},
      ${among('(i / 12)', ['micropay', 'native', 'jsapi'])}, 'x', 'CNY',
      CASE WHEN i % 33 = 0 THEN 'failed' WHEN i % 25 = 0 THEN 'closed'
        WHEN i % 20 = 0 AND i < ${orders} / 288 THEN 'pending' ELSE 'paid' END,
      100 + i % 90000, CASE WHEN i % 33 = 0 OR i % 25 = 0 THEN 0 ELSE 100 + i % 90000 END, 0, ${at}
    FROM ${series}`);
  await db.raw(`INSERT INTO refunds (document_id, refund_no, merchant_refund_no, merchant_code, channel, currency, status,
      amount_fen, requested_at)
    SELECT i, i, i, ${merchant}, ${channel}, 'CNY', 'succeeded', 100, ${at} FROM ${series} WHERE i % 50 = 0`);
  await db.raw(`INSERT INTO interface_logs (document_id, at, channel, method, direction, duration_ms, error_code)
    SELECT i, ${at}, ${channel}, 'create_order', 'out', 30 + i % 300 + CASE WHEN i % 50 = 0 THEN 4000 ELSE 0 END,
      CASE WHEN i % 100 = 0 THEN 'E' || i % 7 END
    FROM ${series}`);
  await db.raw(`INSERT INTO abnormal_requests (document_id, at, channel, action, error_code, error_message)
    SELECT i, ${at}, ${channel}, '订单创建', 'E' || i % 7, 'x' FROM ${series} WHERE i % 100 = 0`);
  await db.raw('ANALYZE');
}

async function measure(
  strapi: Core.Strapi,
  account: SignedInAccount,
  orders: number,
  rounds: number,
): Promise<WallBench> {
  const db = strapi.db.connection;
  const { minutes, wall } = monitoring(strapi);
  await fill(strapi, orders);
  await strapi.store({ type: 'core', name: 'wall-minutes' }).delete({ key: 'state' });
  const timed = async (work: () => Promise<unknown>) => {
    const started = performance.now();
    await work();
    return performance.now() - started;
  };
  const firstCountMs = await timed(() => minutes.count());
  await db.raw('ANALYZE');
  const sum = async (query: Knex.QueryBuilder): Promise<number> => Number((await query)[0]?.n ?? 0);
  const [today, yesterday, yesterdayNow] = daysOf(new Date());
  const moment = (date: Date) => dateValue(db, date);
  const counted = await sum(db('order_minutes').where('at', '>=', moment(yesterday)).sum({ n: 'orders' }));
  const minuteRows = await sum(db('order_minutes').count({ n: '*' }));

  for (let index = 0; index < 100; index += 1)
    await insertRow(db, 'orders', {
      orderNo: `n${index}`,
      merchantCode: 'H001',
      channel: 'alipay',
      scene: 'native',
      currency: 'CNY',
      status: 'pending',
      amountFen: 1,
      paidFen: 0,
      createdTime: new Date(),
    });
  const countMs = await timed(() => minutes.count());

  const refreshes: number[] = [];
  const bare: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    await pause(pauseMs);
    refreshes.push(await timed(() => wall.answer('hospital-pay-wall', {}, account)));
    bare.push(
      await timed(() =>
        db.raw(
          `SELECT sum(paid_fen) FILTER (WHERE created_time >= ?), sum(paid_fen) FILTER (WHERE created_time <= ?)
          FROM orders WHERE created_time >= ? AND status = 'paid'`,
          [today, yesterdayNow, yesterday].map(moment),
        ),
      ),
    );
  }
  return {
    orders,
    firstCountSeconds: firstCountMs / 1000,
    countMs,
    minuteRows,
    refreshMs: median(refreshes),
    bareMs: median(bare),
    counted,
  };
}

/** When today and yesterday began at the hospital, and this moment yesterday. */
function daysOf(now: Date): [today: Date, yesterday: Date, yesterdayNow: Date] {
  const dayMs = twoDaysMs / 2;
  const eastMs = 8 * 3_600_000;
  const today = Math.floor((now.getTime() + eastMs) / dayMs) * dayMs - eastMs;
  return [new Date(today), new Date(today - dayMs), new Date(now.getTime() - dayMs)];
}

export async function benchWall(
  database: 'sqlite' | 'postgres',
  sizes: number[],
  { rounds = 7, tell = () => undefined }: { rounds?: number; tell?: (result: WallBench) => void } = {},
): Promise<WallBench[]> {
  const platform = await startPlatform({ database, env: { ROLE: 'web' } });
  try {
    const strapi = platform.strapi();
    const db = strapi.db.connection;
    for (const code of ['H001', 'H002', 'H003']) {
      await insertRow(db, 'merchants', { code, name: code, zone: 'Asia/Shanghai', enabled: true });
      for (const one of ['alipay', 'wechat', 'unionpay', 'ccb'])
        await insertRow(db, 'channel_accounts', {
          code: `${code}-${one}`,
          name: one,
          channel: one,
          merchantCode: code,
          enabled: true,
        });
    }
    await dropOtherIndexes(strapi);
    const { accounts } = access(strapi);
    await accounts.create({
      username: 'screen',
      password: 'Hospital@2026',
      displayName: 'screen',
      roles: ['ops'],
      merchantCodes: null,
    });
    const row = await accounts.byUsername('screen');
    if (!row) throw new Error('the account has gone');
    const account = await accounts.signedIn(row);
    const results: WallBench[] = [];
    for (const orders of sizes) {
      const result = await measure(strapi, account, orders, rounds);
      tell(result);
      results.push(result);
    }
    return results;
  } finally {
    await platform.stop();
  }
}
