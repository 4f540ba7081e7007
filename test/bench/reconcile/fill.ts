import { once } from 'node:events';
import { isPostgres } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import type { Client } from 'pg';
import { from as copyFrom } from 'pg-copy-streams';
import { z } from 'zod';
import { type Day, type Story, storyOf } from './stories';

type Cell = string | number | null;

interface Table {
  name: string;
  columns: string[];
  rows(story: Story, index: number): Cell[][];
}

const merchant = 'H001';

/** Moments are milliseconds here; PostgreSQL gets them as timestamps. */
const moments = new Set([
  'created_time',
  'paid_at',
  'requested_at',
  'refunded_at',
  'occurred_at',
  'received_at',
  'started_at',
]);

function tables(accountCode: string, channel: string): Table[] {
  const id = (letter: string, index: number, part = 0) =>
    `${letter}${String(index).padStart(20, '0')}${part}`;
  return [
    {
      name: 'orders',
      columns: [
        'document_id',
        'order_no',
        'merchant_order_no',
        'merchant_code',
        'account_code',
        'channel',
        'pay_type',
        'status',
        'currency',
        'amount_fen',
        'paid_fen',
        'refunded_fen',
        'his_charged_fen',
        'his_refunded_fen',
        'recon_state',
        'anomalies',
        'biz_type',
        'scene',
        'subject',
        'patient_name',
        'card_no',
        'channel_trade_no',
        'business_no',
        'his_order_no',
        'created_time',
        'paid_at',
        'settled_on',
      ],
      rows: ({ order }, index) =>
        order === undefined
          ? []
          : [
              [
                id('o', index),
                order.orderNo,
                order.merchantOrderNo,
                merchant,
                accountCode,
                channel,
                channel,
                order.status,
                'CNY',
                order.amountFen,
                order.status === 'closed' ? 0 : order.amountFen,
                order.refundedFen,
                order.hisChargedFen,
                order.hisRefundedFen,
                order.reconState,
                JSON.stringify(order.anomalies),
                '自助机门诊',
                'micropay',
                '门诊缴费',
                '王小明',
                String(index % 10_000_000).padStart(10, '0'),
                order.tradeNo,
                id('B', index),
                order.hisChargedFen > 0 ? id('H', index) : null,
                order.paidAt,
                order.paidAt,
                order.settledOn,
              ],
            ],
    },
    {
      name: 'attempts',
      columns: [
        'document_id',
        'attempt_no',
        'order_no',
        'channel',
        'account_code',
        'scene',
        'amount_fen',
        'currency',
        'status',
        'started_at',
      ],
      rows: ({ order }, index) =>
        order === undefined
          ? []
          : [
              [
                id('a', index),
                order.orderNo,
                order.orderNo,
                channel,
                accountCode,
                'micropay',
                order.amountFen,
                'CNY',
                'paid',
                order.paidAt,
              ],
            ],
    },
    {
      name: 'refunds',
      columns: [
        'document_id',
        'refund_no',
        'merchant_refund_no',
        'merchant_code',
        'order_no',
        'attempt_no',
        'channel',
        'account_code',
        'amount_fen',
        'currency',
        'status',
        'source',
        'requested_at',
        'refunded_at',
        'settled_on',
      ],
      rows: ({ refund, order }, index) =>
        refund === undefined || order === undefined
          ? []
          : [
              [
                id('r', index),
                refund.refundNo,
                `M${refund.refundNo}`,
                merchant,
                refund.orderNo,
                refund.orderNo,
                channel,
                accountCode,
                refund.amountFen,
                'CNY',
                'succeeded',
                'his',
                refund.at,
                refund.at,
                null,
              ],
            ],
    },
    {
      name: 'his_records',
      columns: [
        'document_id',
        'his_serial_no',
        'merchant_code',
        'kind',
        'status',
        'order_no',
        'refund_no',
        'channel_trade_no',
        'his_order_no',
        'amount_fen',
        'currency',
        'pay_type',
        'biz_type',
        'patient_name',
        'card_no',
        'occurred_at',
        'settled_on',
        'received_at',
      ],
      rows: ({ his }, index) =>
        his.map((record, part) => [
          id('h', index, part),
          record.serialNo,
          merchant,
          record.kind,
          'booked',
          record.orderNo,
          record.refundNo,
          record.tradeNo,
          id('H', index),
          record.amountFen,
          record.currency,
          channel,
          '自助机门诊',
          '王小明',
          String(index % 10_000_000).padStart(10, '0'),
          record.at,
          record.settledOn,
          record.at,
        ]),
    },
  ];
}

function* rowsOf(table: Table, day: Day): Generator<Cell[]> {
  const settledOn = table.columns.indexOf('settled_on');
  for (let index = 0; index < day.size; index++) {
    for (const row of table.rows(storyOf(day, index), index)) {
      if (table.name === 'refunds') row[settledOn] = day.date;
      yield row;
    }
  }
}

/** Fills one account's day. Indexes are made afterwards: what is measured is the reading. */
export async function fillDay(db: Knex, day: Day, accountCode: string, channel: string): Promise<void> {
  for (const table of tables(accountCode, channel)) {
    const restore = await withoutIndexes(db, table.name);
    if (isPostgres(db)) await copyIn(db, table, day);
    else await insert(db, table, day);
    await restore();
  }
  await db.raw('ANALYZE');
}

const indexRow = z.object({ name: z.string(), definition: z.string() });

async function withoutIndexes(db: Knex, table: string): Promise<() => Promise<void>> {
  const found: unknown = isPostgres(db)
    ? (
        await db.raw(
          `SELECT indexname AS name, indexdef AS definition FROM pg_indexes
           WHERE tablename = ? AND indexname NOT LIKE '%_pkey'
             AND indexname NOT IN (SELECT conname FROM pg_constraint)`,
          [table],
        )
      ).rows
    : await db.raw(
        `SELECT name, sql AS definition FROM sqlite_master WHERE type = 'index' AND tbl_name = ? AND sql IS NOT NULL`,
        [table],
      );
  const indexes = z.array(indexRow).parse(found);
  for (const { name } of indexes) await db.raw('DROP INDEX ??', [name]);
  return async () => {
    for (const { definition } of indexes) await db.raw(definition);
  };
}

interface SqliteConnection {
  prepare(sql: string): { run(...cells: Cell[]): void };
  exec(sql: string): void;
}

async function insert(db: Knex, { name, columns, ...table }: Table, day: Day): Promise<void> {
  const connection = z.custom<SqliteConnection>().parse(await db.client.acquireConnection());
  const statement = connection.prepare(
    `INSERT INTO ${name} (${columns.join(', ')}) VALUES (${columns.map(() => '?').join(', ')})`,
  );
  connection.exec('PRAGMA synchronous = OFF');
  connection.exec('BEGIN');
  for (const row of rowsOf({ name, columns, ...table }, day)) statement.run(...row);
  connection.exec('COMMIT');
  connection.exec('PRAGMA synchronous = FULL');
  connection.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  await db.client.releaseConnection(connection);
}

async function copyIn(db: Knex, table: Table, day: Day): Promise<void> {
  const connection: unknown = await db.client.acquireConnection();
  const client = z.custom<Client>().parse(connection);
  const sink = client.query(copyFrom(`COPY ${table.name} (${table.columns.join(', ')}) FROM STDIN`));
  const finished = once(sink, 'finish');
  const isMoment = table.columns.map((column) => moments.has(column));
  let text = '';
  for (const row of rowsOf(table, day)) {
    const cells = row.map((cell, place) => {
      if (cell === null) return '\\N';
      return isMoment[place] ? new Date(Number(cell)).toISOString().slice(0, 23) : String(cell);
    });
    text += `${cells.join('\t')}\n`;
    if (text.length > 1 << 20) {
      if (!sink.write(text)) await once(sink, 'drain');
      text = '';
    }
  }
  sink.end(text);
  await finished;
  await db.client.releaseConnection(connection);
}
