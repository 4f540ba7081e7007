import type { Core } from '@strapi/strapi';
import type { Knex } from 'knex';
import { z } from 'zod';
import { logTables } from './log-types';
import { monthOf, shiftMonth } from './month';

type Db = Core.Strapi['db']['connection'];
type Inspector = Core.Strapi['db']['dialect']['schemaInspector'];

/** Held while partitions are made, so that processes that start together do it one after another. */
const partitionsLock = 7_209_002;
/** Months that are there before their first row. */
const monthsAhead = 2;

const named = z.array(z.object({ name: z.string() }));
const defined = z.array(z.object({ name: z.string(), definition: z.string() }));

async function select<Row extends z.ZodType>(
  db: Knex,
  row: Row,
  sql: string,
  values: string[] = [],
): Promise<z.output<Row>> {
  const answer: { rows: unknown } = await db.raw(sql, values);
  return row.parse(answer.rows);
}

/**
 * Strapi's look at the database passes over the indexes of partitioned tables and would make them again with every
 * change of any content type. With this it is shown them. Call it before the tables are synchronised.
 */
export function showIndexesOfPartitioned(strapi: Core.Strapi): void {
  const { connection, dialect } = strapi.db;
  if (dialect.client !== 'postgres') return;
  const { schemaInspector } = dialect;
  const getSchema: Inspector['getSchema'] = schemaInspector.getSchema.bind(schemaInspector);
  const getIndexes: Inspector['getIndexes'] = schemaInspector.getIndexes.bind(schemaInspector);
  schemaInspector.getSchema = async () => {
    const found = await partitionedIndexes(connection);
    const { tables } = await getSchema();
    return { tables: tables.map((table) => ({ ...table, indexes: found.get(table.name) ?? table.indexes })) };
  };
  schemaInspector.getIndexes = async (table) =>
    (await partitionedIndexes(connection)).get(table) ?? getIndexes(table);
}

const indexColumns = z.array(
  z.object({ table: z.string(), name: z.string(), columns: z.array(z.string()), unique: z.boolean() }),
);

async function partitionedIndexes(db: Db) {
  const rows = await select(
    db,
    indexColumns,
    `SELECT t.relname AS "table", i.relname AS name, x.indisunique AS "unique",
       array_agg(a.attname::text) AS columns
     FROM pg_index x
     JOIN pg_class t ON t.oid = x.indrelid AND t.relkind = 'p' AND t.relnamespace = current_schema()::regnamespace
     JOIN pg_class i ON i.oid = x.indexrelid
     JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = ANY (x.indkey)
     GROUP BY t.relname, i.relname, x.indisunique`,
  );
  const found = new Map<string, { name: string; columns: string[]; type?: 'unique' }[]>();
  for (const { table, name, columns, unique } of rows) {
    const index = { name, columns, ...(unique ? { type: 'unique' as const } : {}) };
    found.set(table, [...(found.get(table) ?? []), index]);
  }
  return found;
}

/** Makes the log tables partitioned by month, once, and the partitions of this month and the next ones. On SQLite nothing. */
export async function keepPartitions(strapi: Core.Strapi, now: Date): Promise<void> {
  if (strapi.db.dialect.client !== 'postgres') return;
  for (const table of Object.values(logTables)) {
    await strapi.db.connection.transaction(async (trx) => {
      await trx.raw('SELECT pg_advisory_xact_lock(?)', [partitionsLock]);
      if (!(await isPartitioned(trx, table))) await partition(trx, table);
      await spread(trx, table, `${table}_default`);
      const month = monthOf(now);
      for (let ahead = 0; ahead <= monthsAhead; ahead += 1) {
        await addPartition(trx, table, shiftMonth(month, ahead));
      }
    });
  }
}

async function isPartitioned(db: Knex, table: string): Promise<boolean> {
  const found = await select(
    db,
    named,
    "SELECT relname AS name FROM pg_class WHERE oid = to_regclass(?) AND relkind = 'p'",
    [table],
  );
  return found.length > 0;
}

/**
 * The table that Strapi made becomes a partitioned one of the same name, columns, indexes and rows. A unique index instead
 * of a primary key: Strapi wants `at` to be nullable, and a key would not let it. It serves the lists' order as well.
 */
async function partition(trx: Knex.Transaction, table: string): Promise<void> {
  const single = `${table}_single`;
  await trx.raw('LOCK TABLE ?? IN ACCESS EXCLUSIVE MODE', [table]);
  const indexes = await select(
    trx,
    defined,
    `SELECT i.relname AS name, pg_get_indexdef(i.oid) AS definition
     FROM pg_index x JOIN pg_class i ON i.oid = x.indexrelid
     WHERE x.indrelid = to_regclass(?) AND NOT x.indisprimary`,
    [table],
  );
  const foreignKeys = await select(
    trx,
    defined,
    `SELECT conname AS name, pg_get_constraintdef(oid) AS definition
     FROM pg_constraint WHERE conrelid = to_regclass(?) AND contype = 'f'`,
    [table],
  );
  const [sequence] = await select(trx, named, "SELECT pg_get_serial_sequence(?, 'id') AS name", [table]);
  await trx.raw('ALTER TABLE ?? RENAME TO ??', [table, single]);
  await trx.raw('CREATE TABLE ?? (LIKE ?? INCLUDING DEFAULTS) PARTITION BY RANGE (at)', [table, single]);
  await trx.raw('CREATE TABLE ?? PARTITION OF ?? DEFAULT', [`${table}_default`, table]);
  await spread(trx, table, single);
  await trx.raw('INSERT INTO ?? SELECT * FROM ??', [table, single]);
  if (sequence) await trx.raw(`ALTER SEQUENCE ${sequence.name} OWNED BY ??.id`, [table]);
  // The dashboards' views go with it and are made again by this same start.
  await trx.raw('DROP TABLE ?? CASCADE', [single]);
  await trx.raw('CREATE UNIQUE INDEX ?? ON ?? (at, id)', [`${table}_at_id`, table]);
  await trx.raw('CREATE INDEX ?? ON ?? (id)', [`${table}_id`, table]);
  for (const { definition } of indexes) await trx.raw(definition);
  for (const { name, definition } of foreignKeys) {
    await trx.raw(`ALTER TABLE ?? ADD CONSTRAINT ?? ${definition}`, [table, name]);
  }
}

/** Makes a partition of every month that has rows there. */
async function spread(trx: Knex.Transaction, table: string, rows: string): Promise<void> {
  const months = await select(
    trx,
    named,
    "SELECT DISTINCT to_char(at, 'YYYY-MM') AS name FROM ?? WHERE isfinite(at)",
    [rows],
  );
  for (const { name } of months) await addPartition(trx, table, name);
}

/** The months before this one that have a partition, oldest first. */
export async function partitionsBefore(db: Knex, table: string, month: string): Promise<string[]> {
  const found = await select(
    db,
    named,
    `SELECT c.relname AS name FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
     WHERE i.inhparent = to_regclass(?) ORDER BY 1`,
    [table],
  );
  return found.flatMap(({ name }) => {
    const own = /_(\d{4})_(\d{2})$/.exec(name);
    const of = own ? `${own[1]}-${own[2]}` : month;
    return of < month ? [of] : [];
  });
}

/** Drops the partition of a month and says how many rows it had. It waits a little for those who read, not for long. */
export async function dropPartition(trx: Knex.Transaction, table: string, month: string): Promise<number> {
  const name = partitionName(table, month);
  await trx.raw("SET LOCAL lock_timeout = '5s'");
  await trx.raw('LOCK TABLE ?? IN ACCESS EXCLUSIVE MODE', [name]);
  const [row] = await select(
    trx,
    z.array(z.object({ count: z.coerce.number() })),
    'SELECT count(*) FROM ??',
    [name],
  );
  await trx.raw('ALTER TABLE ?? DETACH PARTITION ??', [table, name]);
  await trx.raw('DROP TABLE ??', [name]);
  return row?.count ?? 0;
}

export const partitionName = (table: string, month: string): string => `${table}_${month.replace('-', '_')}`;

/** Rows of this month that came before their partition are in the default one, and move. */
async function addPartition(trx: Knex.Transaction, table: string, month: string): Promise<void> {
  const name = partitionName(table, month);
  if (
    (await select(trx, named, 'SELECT relname AS name FROM pg_class WHERE oid = to_regclass(?)', [name]))
      .length
  )
    return;
  const [from, to] = [`${month}-01`, `${shiftMonth(month, 1)}-01`];
  await trx.raw('CREATE TABLE ?? (LIKE ?? INCLUDING DEFAULTS)', [name, table]);
  await trx.raw(
    'WITH moved AS (DELETE FROM ?? WHERE at >= ?::timestamp AND at < ?::timestamp RETURNING *) INSERT INTO ?? SELECT * FROM moved',
    [`${table}_default`, from, to, name],
  );
  await trx.raw(`ALTER TABLE ?? ATTACH PARTITION ?? FOR VALUES FROM ('${from}') TO ('${to}')`, [table, name]);
}
