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
  currency: string;
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
    [...texts.map((text) => `'"' || replace(coalesce(${text}, ''), '"', '""') || '"'`), ...numbers].join(
      " || ',' || ",
    ),
};

interface SourceTable {
  /** Column of the CSV → expression. */
  texts: Record<string, string>;
  numbers(dialect: Dialect): Record<string, string>;
  from(dialect: Dialect): string;
}

const oneIf = (condition: string): string => `CASE WHEN ${condition} THEN 1 ELSE 0 END`;
const isForeign = ({ value }: Dialect): string => oneIf(`currency IS DISTINCT FROM ${value('currency')}`);
// Sibling accounts' orders tell which HIS records are not this account's business.
const paidOrders = ({ value }: Dialect): string =>
  `orders WHERE settled_on = ${value('date')} AND status IN ('paid', 'partially_refunded', 'refunded')
   AND account_code IN (SELECT code FROM channel_accounts
     WHERE merchant_code = ${value('merchantCode')} AND channel = ${value('channel')})`;

/**
 * The day's rows by what they agree in, and nothing more: what else is known of a row is asked for when it does not
 * agree. `key` is what the sides meet by.
 */
export const sources = {
  platform: {
    texts: { key: 'order_no' },
    numbers: (dialect) => ({
      is_own: oneIf(`account_code = ${dialect.value('accountCode')}`),
      is_foreign: isForeign(dialect),
      fen: 'paid_fen',
    }),
    from: paidOrders,
  },
  refund: {
    texts: { key: 'order_no', refund_no: 'refund_no' },
    numbers: (dialect) => ({ is_foreign: isForeign(dialect), fen: 'amount_fen' }),
    from: ({ value }) =>
      `refunds WHERE settled_on = ${value('date')} AND account_code = ${value('accountCode')} AND status = 'succeeded'`,
  },
  his: {
    texts: { key: 'order_no' },
    numbers: (dialect) => ({
      id: 'id',
      is_refund: oneIf(`kind = 'refund'`),
      is_foreign: isForeign(dialect),
      fen: 'amount_fen',
    }),
    from: ({ value }) =>
      `his_records WHERE settled_on = ${value('date')} AND merchant_code = ${value('merchantCode')}
       AND pay_type = ${value('channel')} AND status = 'booked'`,
  },
  /** Read only for a HIS that calls orders by its own numbers. */
  alias: {
    texts: { number: 'merchant_order_no', key: 'order_no' },
    numbers: () => ({}),
    from: paidOrders,
  },
} satisfies Record<string, SourceTable>;
export type Source = keyof typeof sources;
const daySources = ['platform', 'refund', 'his'] as const;

/** Columns of a source's CSV with their types, as `read_csv` wants them. */
export const csvColumns = (source: Source): Record<string, 'VARCHAR' | 'BIGINT'> => {
  const { texts, numbers } = sources[source];
  return Object.fromEntries([
    ...Object.keys(texts).map((name) => [name, 'VARCHAR'] as const),
    ...Object.keys(numbers(sqlite)).map((name) => [name, 'BIGINT'] as const),
  ]);
};

const select = (source: Source, dialect: Dialect): string => {
  const { texts, numbers, from } = sources[source];
  return `SELECT ${dialect.line(Object.values(texts), Object.values(numbers(dialect)))} FROM ${from(dialect)}`;
};

interface SqliteConnection {
  prepare(sql: string): { pluck(): { iterate(parameters: object): Iterable<unknown> } };
}

/**
 * Writes rows of the day as the CSV files `<source>.csv` into `folder`, read in the one snapshot that `trx` is.
 * On SQLite this holds the thread: run it where nobody waits.
 */
export async function extractDay(
  trx: Knex.Transaction,
  question: DayQuestion,
  folder: string,
  wanted: readonly Source[] = daySources,
): Promise<void> {
  const target = (source: Source): string => path.join(folder, `${source}.csv`);
  const connection: unknown = await trx.client.acquireConnection();
  if (isPostgres(trx)) {
    for (const [name, value] of Object.entries(question)) {
      await trx.raw('SELECT set_config(?, ?, true)', [`reconciliation.${name}`, value]);
    }
    const client = z.custom<Client>().parse(connection);
    for (const source of wanted) {
      const copied = client.query(copyTo(`COPY (${select(source, postgres)}) TO STDOUT (FORMAT csv)`));
      await pipeline(copied, createWriteStream(target(source)));
    }
    return;
  }
  const database = z.custom<SqliteConnection>().parse(connection);
  for (const source of wanted) {
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
