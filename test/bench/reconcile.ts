import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { manifest as alipay } from '@hospital-pay/channel-alipay';
import { manifest as wechat } from '@hospital-pay/channel-wechat';
import { shiftDay, toMinor } from '@hospital-pay/payments';
import { type Reconciliation, type Run, reconciliation } from '@hospital-pay/reconciliation';
import type { Knex } from 'knex';
import { z } from 'zod';
import { merchantCode, startHospital } from '../harness/hospital';
import { cpuSeconds } from './cpu';
import { writeAlipayBill, writeWechatBill } from './reconcile/bill-files';
import { accountCode, channel, openDayChannel } from './reconcile/day-channel';
import { fillDay } from './reconcile/fill';
import { type BillEntry, type Day, differenceOf, type Expected, storyOf } from './reconcile/stories';

/**
 * A day of so many orders, reconciled as the platform does it: bill file → archive → comparison → cases and totals. Every
 * case is checked. Beside it, in the same run: DuckDB's bare join of the same keys, and an indexed join in the database.
 */
export interface ReconcileBench {
  orders: number;
  database: 'sqlite' | 'postgres';
  format: 'alipay' | 'wechat';
  /** By stage. */
  seconds: Record<string, number>;
  totalSeconds: number;
  /** Of processor, the database server's own left out. */
  cpuSeconds: number;
  peakBytes: number;
  /** What the platform's own process has grown by at most meanwhile. */
  grownBytes: number;
  injected: number;
  cases: number;
  /** Cases that are missing, too many or different. */
  wrong: string[];
  bareJoin: z.output<typeof joined>;
  databaseJoinSeconds: number;
}

export interface ReconcileOptions {
  orders: number;
  database: 'sqlite' | 'postgres';
  format: 'alipay' | 'wechat';
  lost?: Day['lost'];
}

const date = '2026-10-18';

export const dayOf = (size: number, lost: Day['lost'] = 'nothing'): Day => ({
  size,
  lost,
  date,
  dayBefore: shiftDay(date, -1),
  dayAfter: shiftDay(date, 1),
  start: Date.parse(`${date}T00:00:00+08:00`),
});

export async function benchReconcile({
  orders,
  database,
  format,
  lost,
}: ReconcileOptions): Promise<ReconcileBench> {
  const day = dayOf(orders, lost);
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-bench-'));
  const file = path.join(folder, format === 'alipay' ? 'bill.zip' : 'bill.csv.gz');
  await writeDayBill(day, format, file);
  const hospital = await startHospital({
    database,
    prepare: (strapi) => openDayChannel(strapi, format === 'alipay' ? alipay : wechat, file, merchantCode),
  });
  try {
    const db = hospital.strapi().db.connection;
    await fillDay(db, day, accountCode, channel);
    const { runs } = reconciliation(hospital.strapi());
    const [requested] = await runs.request({ date, accountCode, requestedBy: 'bench' });
    const cpuBefore = cpuSeconds();
    const memory = watchMemory();
    const started = performance.now();
    const run = await finished(runs, requested?.runNo ?? '');
    const totalSeconds = (performance.now() - started) / 1000;
    const grownBytes = memory.stop();
    const cpu = cpuSeconds() - cpuBefore;
    if (run.status !== 'done') throw new Error(`${run.errorCode}: ${run.errorMessage}`);
    const { milliseconds, peakBytes } = runCounts.parse(run.counts);
    const wrong = [...(await wrongCases(db, day)), ...wrongTotals(run.counts, day)];
    return {
      orders,
      database,
      format,
      seconds: Object.fromEntries(Object.entries(milliseconds).map(([stage, ms]) => [stage, ms / 1000])),
      totalSeconds,
      cpuSeconds: cpu,
      peakBytes,
      grownBytes,
      injected: [...injectedOf(day)].length,
      cases: [...expectedOf(day)].length,
      wrong,
      bareJoin: await bareJoin(day, folder),
      databaseJoinSeconds: await databaseJoin(db, day),
    };
  } finally {
    await hospital.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

function watchMemory(): { stop(): number } {
  const before = process.memoryUsage.rss();
  let most = before;
  const timer = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 50);
  return {
    stop() {
      clearInterval(timer);
      return most - before;
    },
  };
}

/** The queue may have taken it up already. */
export async function finished(runs: Reconciliation['runs'], runNo: string): Promise<Run> {
  await runs.execute(runNo);
  for (;;) {
    const run = await runs.get(runNo);
    if (run?.status === 'done' || run?.status === 'failed') return run;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const runCounts = z.object({ milliseconds: z.record(z.string(), z.number()), peakBytes: z.number() });

export async function writeDayBill(day: Day, format: 'alipay' | 'wechat', file: string): Promise<void> {
  if (format === 'alipay') await writeAlipayBill(file, day.date, '2088000000000000', linesOf(day));
  else await writeWechatBill(file, '1900000001', linesOf(day));
}

function* linesOf(day: Day): Generator<BillEntry> {
  for (let index = 0; index < day.size; index++) yield* storyOf(day, index).lines;
}

function* injectedOf(day: Day): Generator<string> {
  for (let index = 0; index < day.size; index++) {
    const told = differenceOf(day, index);
    if (told) yield told;
  }
}

function* expectedOf(day: Day): Generator<Expected> {
  for (let index = 0; index < day.size; index++) {
    if (day.lost !== 'nothing' || differenceOf(day, index)) yield* storyOf(day, index).expected;
  }
}

const caseRow = z
  .object({
    leg: z.string(),
    kind: z.string(),
    trade_kind: z.string(),
    order_no: z.string().nullable(),
    difference_fen: z.union([z.string(), z.number()]).transform(Number),
    status: z.string(),
  })
  .transform((row) =>
    [row.leg, row.kind, row.trade_kind, row.order_no, row.difference_fen, row.status].join(' '),
  );

/** What the day's cases lack, or have too much. */
export async function wrongCases(db: Knex, day: Day): Promise<string[]> {
  const expected = new Set<string>();
  for (const { leg, kind, tradeKind, number, differenceFen, status } of expectedOf(day)) {
    expected.add([leg, kind, tradeKind, number, differenceFen, status].join(' '));
  }
  const rows: unknown = await db('discrepancies').where({ account_code: accountCode });
  const unexpected: string[] = [];
  for (const row of z.array(caseRow).parse(rows))
    if (!expected.delete(row)) unexpected.push(`unexpected: ${row}`);
  return [...unexpected, ...[...expected].map((row) => `missing: ${row}`)];
}

/** The day's sums, added up from the stories alone. */
function wrongTotals(counts: unknown, day: Day): string[] {
  const sums = {
    hisFen: 0,
    platformFen: 0,
    abnormalRefundFen: 0,
    channelFen: 0,
    hisCount: 0,
    channelCount: 0,
  };
  for (let index = 0; index < day.size; index++) {
    const { order, refund, his, lines } = storyOf(day, index);
    if (order?.settledOn === day.date) sums.platformFen += order.amountFen;
    if (refund) sums.platformFen -= refund.amountFen;
    if (differenceOf(day, index) === 'given back a day later' && refund) {
      sums.platformFen += refund.amountFen;
      sums.abnormalRefundFen += refund.amountFen;
    }
    for (const record of his.filter(({ settledOn }) => settledOn === day.date)) {
      sums.hisFen += record.kind === 'charge' ? record.amountFen : -record.amountFen;
      sums.hisCount += 1;
    }
    for (const line of lines) {
      sums.channelFen += line.kind === 'payment' ? line.amountFen : -line.amountFen;
      sums.channelCount += 1;
    }
  }
  const found = z.record(z.string(), z.unknown()).parse(counts);
  return Object.entries(sums).flatMap(([name, value]) =>
    found[name] === value ? [] : [`${name}: ${String(found[name])} instead of ${value}`],
  );
}

const joined = z.object({ seconds: z.number(), cpuSeconds: z.number(), peakBytes: z.number() });

/** The middle one of three, each in a process of its own. */
async function bareJoin(day: Day, folder: string): Promise<z.output<typeof joined>> {
  const files = ['orders', 'his', 'bill'].map((name) => path.join(folder, `${name}.csv`));
  const sinks = files.map((file) => fs.createWriteStream(file));
  for (let index = 0; index < day.size; index++) {
    const { order, his, lines } = storyOf(day, index);
    const rows = [
      order?.settledOn === day.date ? `${order.orderNo},${order.amountFen}\n` : '',
      his
        .flatMap(({ kind, orderNo, amountFen }) => (kind === 'charge' ? `${orderNo},${amountFen}\n` : []))
        .join(''),
      lines
        .flatMap(({ kind, orderNo, amountFen }) => (kind === 'payment' ? `${orderNo},${amountFen}\n` : []))
        .join(''),
    ];
    for (const [side, text] of rows.entries()) {
      const sink = sinks[side];
      if (sink && text !== '' && !sink.write(text)) await once(sink, 'drain');
    }
  }
  for (const sink of sinks) {
    sink.end();
    await once(sink, 'close');
  }
  const program = path.join(__dirname.replace(/test\/bench$/, 'test/dist/bench'), 'bare-join.js');
  const times: z.output<typeof joined>[] = [];
  for (let time = 0; time < 3; time++) {
    const [said] = await once(fork(program, files), 'message');
    times.push(joined.parse(said));
  }
  const [, middle] = times.toSorted((a, b) => a.seconds - b.seconds);
  return joined.parse(middle);
}

/** The peer inside the database: each side found by its index, the bill loaded beforehand. */
async function databaseJoin(db: Knex, day: Day): Promise<number> {
  await db.schema.createTable('bench_bill', (table) => {
    table.text('number');
    table.bigInteger('fen');
  });
  let rows: { number: string; fen: number }[] = [];
  for (const line of linesOf(day)) {
    if (line.kind === 'payment') rows.push({ number: line.orderNo, fen: toMinor(line.amountFen) });
    if (rows.length === 400) {
      await db('bench_bill').insert(rows);
      rows = [];
    }
  }
  if (rows.length > 0) await db('bench_bill').insert(rows);
  await db.raw('CREATE INDEX bench_bill_number ON bench_bill (number)');
  await db.raw('ANALYZE');
  const started = performance.now();
  await db.raw(
    `SELECT count(*) FROM orders o LEFT JOIN his_records h ON h.order_no = o.order_no AND h.kind = 'charge'
       LEFT JOIN bench_bill b ON b.number = o.order_no
     WHERE o.settled_on = ? AND (h.amount_fen IS NULL OR h.amount_fen <> o.paid_fen OR b.fen IS NULL OR b.fen <> o.paid_fen)`,
    [day.date],
  );
  await db.raw(
    `SELECT count(*) FROM his_records h LEFT JOIN orders o ON o.order_no = h.order_no
     WHERE h.settled_on = ? AND o.order_no IS NULL`,
    [day.date],
  );
  await db.raw(
    'SELECT count(*) FROM bench_bill b LEFT JOIN orders o ON o.order_no = b.number WHERE o.order_no IS NULL',
  );
  return (performance.now() - started) / 1000;
}
