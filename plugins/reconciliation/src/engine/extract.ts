import { createWriteStream } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { isPostgres } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import type { Client } from 'pg';
import { to as copyTo } from 'pg-copy-streams';
import { z } from 'zod';

/** What one account's day is asked for by. */
export interface DayQuestion {
  merchantCode: string;
  channel: string;
  accountCode: string;
  date: string;
}

/** What differs between the two databases, so that one text reads both. */
interface Dialect {
  value(name: keyof DayQuestion): string;
  /** A line of CSV; texts are quoted, so they may hold anything. */
  line(texts: string[], numbers: string[]): string;
}

const postgres: Dialect = {
  // COPY takes no parameters; settings of the transaction do.
  value: (name) => `current_setting('reconciliation.${name}')`,
  line: (texts, numbers) => [...texts, ...numbers].join(', '),
};

const sqlite: Dialect = {
  value: (name) => `@${name}`,
  line: (texts, numbers) =>
    [...texts.map((text) => `printf('"%w"', coalesce(${text}, ''))`), ...numbers].join(" || ',' || "),
};

/** The tables of a run, in the order of their columns in the CSV. */
export const sources = {
  platform: {
    texts: ['order_no', 'merchant_order_no', 'channel_trade_no', 'account_code', 'currency'],
    numbers: ['paid_fen'],
    // Sibling accounts' orders tell which HIS records are not this account's business.
    from: ({ value }: Dialect) =>
      `orders WHERE settled_on = ${value('date')} AND status IN ('paid', 'partially_refunded', 'refunded')
       AND account_code IN (SELECT code FROM channel_accounts
         WHERE merchant_code = ${value('merchantCode')} AND channel = ${value('channel')})`,
  },
  refund: {
    texts: ['refund_no', 'merchant_refund_no', 'order_no', 'currency'],
    numbers: ['amount_fen'],
    from: ({ value }: Dialect) =>
      `refunds WHERE settled_on = ${value('date')} AND account_code = ${value('accountCode')} AND status = 'succeeded'`,
  },
  his: {
    texts: ['his_serial_no', 'kind', 'order_no', 'channel_trade_no', 'refund_no', 'currency'],
    numbers: ['amount_fen'],
    from: ({ value }: Dialect) =>
      `his_records WHERE settled_on = ${value('date')} AND merchant_code = ${value('merchantCode')}
       AND pay_type = ${value('channel')} AND status = 'booked'`,
  },
};
export type Source = keyof typeof sources;

const select = (source: Source, dialect: Dialect): string => {
  const { texts, numbers, from } = sources[source];
  return `SELECT ${dialect.line(texts, numbers)} FROM ${from(dialect)}`;
};

interface SqliteConnection {
  prepare(sql: string): { pluck(): { iterate(parameters: object): Iterable<unknown> } };
}

/**
 * Writes the day's rows as CSV files `<source>.csv` into `folder`, read in the one snapshot that `trx` is.
 * On SQLite this holds the thread: run it where nobody waits.
 */
export async function extractDay(
  trx: Knex.Transaction,
  question: DayQuestion,
  folder: string,
): Promise<void> {
  const target = (source: Source): string => path.join(folder, `${source}.csv`);
  const connection: unknown = await trx.client.acquireConnection();
  if (isPostgres(trx)) {
    for (const [name, value] of Object.entries(question)) {
      await trx.raw('SELECT set_config(?, ?, true)', [`reconciliation.${name}`, value]);
    }
    const client = z.custom<Client>().parse(connection);
    for (const source of ['platform', 'refund', 'his'] as const) {
      const copied = client.query(copyTo(`COPY (${select(source, postgres)}) TO STDOUT (FORMAT csv)`));
      await pipeline(copied, createWriteStream(target(source)));
    }
    return;
  }
  const database = z.custom<SqliteConnection>().parse(connection);
  for (const source of ['platform', 'refund', 'his'] as const) {
    const file = await open(target(source), 'w');
    try {
      let piece = '';
      for (const line of database.prepare(select(source, sqlite)).pluck().iterate(question)) {
        piece += `${line}\n`;
        if (piece.length > 1 << 20) {
          await file.write(piece);
          piece = '';
        }
      }
      await file.write(piece);
    } finally {
      await file.close();
    }
  }
}
