import { randomBytes } from 'node:crypto';
import { completeRow } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import type { MessageSeed, Rows } from './rows';

/** Both databases bound how many values one statement may carry (SQLite 32766, PostgreSQL 65535). */
const valuesPerInsert = 20_000;

/** Writes the rows of the demo hospital. Pass a transaction: all of it stands, or nothing. */
export async function load(db: Knex, rows: Rows, now: Date): Promise<void> {
  await insertAll(db, 'orders', rows.orders, now);
  await insertAll(db, 'attempts', rows.attempts, now);
  await insertAll(db, 'refunds', rows.refunds, now);
  await insertAll(db, 'his_records', rows.hisRecords, now);
  await insertAll(db, 'discrepancies', rows.discrepancies, now);
  await insertAll(db, 'daily_totals', rows.dailyTotals, now);
  await insertAll(db, 'reconciliation_runs', rows.runs, now);
  await insertAll(db, 'login_logs', rows.loginLogs, now);
  await insertAll(db, 'interface_logs', rows.interfaceLogs, now);
  await insertAll(db, 'abnormal_requests', rows.abnormalRequests, now);
  const told = rows.messages.map((message) => ({
    ...message,
    documentId: randomBytes(12).toString('hex'),
    delivery: 'delivered',
  }));
  await insertAll(db, 'messages', told, now);
  await insertAll(db, 'deliveries', told.map(onScreen), now);
  await insertAll(db, 'shifts', rows.shifts, now);
}

/** The demo hospital has no target but its own screens. */
const onScreen = ({ documentId, audience, at, readAt }: MessageSeed & { documentId: string }) => ({
  createdTime: at,
  messageNo: documentId,
  targetCode: 'in-app',
  recipient: audience,
  purpose: 'alert',
  step: 1,
  status: 'delivered',
  attempts: 0,
  deliveredAt: at,
  readAt,
  dedupeKey: `seed:${documentId}`,
});

async function insertAll(
  db: Knex,
  table: string,
  rows: readonly Record<string, unknown>[],
  now: Date,
): Promise<void> {
  const [first] = rows;
  if (!first) return;
  const step = Math.min(400, Math.floor(valuesPerInsert / Object.keys(completeRow(db, first, now)).length));
  for (let start = 0; start < rows.length; start += step) {
    await db(table).insert(rows.slice(start, start + step).map((row) => completeRow(db, row, now)));
  }
}
