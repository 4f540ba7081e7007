import path from 'node:path';
import { type DuckDBConnection, DuckDBInstance, type DuckDBValue } from '@duckdb/node-api';
import { z } from 'zod';

/**
 * DuckDB's own share of memory. The process takes about twice as much, so a run stays within half a gigabyte.
 * What does not fit goes to the run's folder.
 */
const memoryLimit = '224MB';

export interface Duck {
  run(sql: string, values?: DuckDBValue[]): Promise<void>;
  /** Rows as plain values, in batches as DuckDB produces them. */
  batches<Row extends z.ZodType>(
    row: Row,
    sql: string,
    values?: DuckDBValue[],
  ): AsyncGenerator<z.output<Row>[]>;
  rows<Row extends z.ZodType>(row: Row, sql: string, values?: DuckDBValue[]): Promise<z.output<Row>[]>;
  one<Row extends z.ZodType>(row: Row, sql: string, values?: DuckDBValue[]): Promise<z.output<Row>>;
  close(): void;
}

/** A text within SQL, for the places where DuckDB takes no parameter: names of our own files and codes. */
export const literal = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** Whole numbers come as bigint where DuckDB holds 64 bits; money never leaves the safe integers. */
export const whole = z
  .custom<number | bigint>(
    (value) =>
      (typeof value === 'bigint' || typeof value === 'number') && Number.isSafeInteger(Number(value)),
  )
  .transform(Number);

/**
 * A DuckDB that sees these folders and nothing else, spills to `folder` and can be told nothing different later. One
 * query at a time. Rows come in no order unless a query asks for one.
 */
export async function openDuck(folder: string, readable: string[]): Promise<Duck> {
  const instance = await DuckDBInstance.create(':memory:', {
    threads: '2',
    memory_limit: memoryLimit,
    temp_directory: path.join(folder, 'spill'),
    preserve_insertion_order: 'false',
  });
  const connection: DuckDBConnection = await instance.connect();
  const folders = [folder, ...readable].map((each) => literal(`${path.resolve(each)}/`));
  await connection.run(`SET allowed_directories = [${folders.join(', ')}]`);
  await connection.run('SET enable_external_access = false');
  await connection.run('SET lock_configuration = true');

  async function* batches<Row extends z.ZodType>(row: Row, sql: string, values?: DuckDBValue[]) {
    const result = await connection.stream(sql, values);
    const names = result.columnNames();
    for await (const rows of result.yieldRowsJs()) {
      yield rows.map((cells) => {
        const named: Record<string, unknown> = {};
        for (const [place, name] of names.entries()) named[name] = cells[place];
        return row.parse(named);
      });
    }
  }
  async function rows<Row extends z.ZodType>(row: Row, sql: string, values?: DuckDBValue[]) {
    const all: z.output<Row>[] = [];
    for await (const batch of batches(row, sql, values)) for (const each of batch) all.push(each);
    return all;
  }
  return {
    async run(sql, values) {
      await connection.run(sql, values);
    },
    batches,
    rows,
    async one(row, sql, values) {
      const [first] = await rows(row, sql, values);
      return row.parse(first);
    },
    close() {
      connection.closeSync();
      instance.closeSync();
    },
  };
}
