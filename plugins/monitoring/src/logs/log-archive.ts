import { createHash, webcrypto } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import { type ArchiveStorage, type Duck, literal, openDuck, whole } from '@hospital-pay/archive';
import { columnOf, completeRow, dateValue, fromRow, isPostgres } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { type Knex, knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';
import { keptMessageMonths } from '../messages/retention';
import type { Place, Step } from './cursor';
import { type LogType, logTables, logTypes } from './log-types';
import { monthOf, monthStart, shiftMonth } from './month';
import { dropPartition, partitionName, partitionsBefore } from './partitions';
import { ask, type LogFields, type Question } from './question';

type Db = Core.Strapi['db']['connection'];
type Row = Record<string, unknown>;

export interface LogArchive {
  /** Moves the months that their log no longer keeps into compressed files, and drops them once these are verified. */
  sweep(): Promise<void>;
  /** Up to when a log is archived; null when it is not. */
  archivedTo(type: LogType): Promise<Date | null>;
  /**
   * The question must say from which day. `most`: of the files that may hold such rows, how many to look at.
   * @throws LOG_SPAN_TOO_LONG when these do not hold the rows and there are more
   */
  beyond(type: LogType, question: Question, step: Step, most?: number): Promise<Row[]>;
  /** `isWhole`: no more files than `most` may hold such rows. */
  count(type: LogType, question: Question, most?: number): Promise<{ count: number; isWhole: boolean }>;
  /** What archived rows answer, added up by DuckDB. The question must say from which day. @throws LOG_SPAN_TOO_LONG */
  read<Value extends z.ZodType>(
    type: LogType,
    question: Question,
    row: Value,
    build: (query: Knex.QueryBuilder, raw: Knex.RawBuilder) => void,
  ): Promise<z.output<Value>[]>;
}

/** Rows of one file: a search reads only files of the days it asks for, and SQLite deletes so many in a third of a second. */
const rowsAFile = 50_000;
/** Their text at most: DuckDB sorts so much within its memory. */
const bytesAFile = 48 * 1024 ** 2;
const rowsAtOnce = 500;
/** Files that one look reads at most: some twenty million calls with their texts. */
const filesAtOnce = 1000;

/** Months a log keeps in the database until the administration says otherwise. */
const keptMonths: Record<LogType, number> = { 'interface-log': 6, 'abnormal-request': 12, 'login-log': 12 };

const retention = z.object({ logType: z.string(), keepMonths: z.number().int().min(1) });
const archivedFile = z.object({
  path: z.string(),
  rowCount: z.number(),
  firstAt: z.date(),
  lastAt: z.date(),
});
type ArchivedFile = z.output<typeof archivedFile>;
/** A file that the archive has, whose rows, up to the last, are still in the database. */
interface Written {
  file: Row;
  rowCount: number;
  last: Place;
}
const moment = z.object({ at: z.date(), id: z.coerce.number() });
/** Builds SQL for DuckDB, which reads PostgreSQL's; connected to nothing. */
const builder = knex({ client: 'pg' });

export function createLogArchive(options: {
  db: () => Db;
  now: () => Date;
  storage: ArchiveStorage;
  /** Called before months are archived: each must have its partition. */
  partitioned(): Promise<void>;
  fieldsOf(type: LogType): LogFields;
  warn(text: string): void;
}): LogArchive {
  const { now, storage, fieldsOf, warn } = options;

  const columnsOf = (type: LogType) => ['id', 'document_id', ...[...fieldsOf(type).keys()].map(columnOf)];
  const typesOf = (type: LogType): [name: string, type: 'BIGINT' | 'VARCHAR'][] => [
    ['id', 'BIGINT'],
    ['document_id', 'VARCHAR'],
    ...[...fieldsOf(type)].map(([name, kind]): [string, 'BIGINT' | 'VARCHAR'] => [
      columnOf(name),
      kind === 'text' ? 'VARCHAR' : 'BIGINT',
    ]),
  ];

  async function inDuck<Value>(files: string[], work: (duck: Duck, folder: string) => Promise<Value>) {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'hospital-pay-logs-'));
    const duck = await openDuck(folder, [...new Set(files.map((file) => path.dirname(file)))]);
    try {
      return await work(duck, folder);
    } finally {
      duck.close();
      await rm(folder, { recursive: true, force: true });
    }
  }

  /** The rows of a month in their order, a piece at a time, as the archive keeps them. */
  async function* rowsOf(type: LogType, month: string): AsyncGenerator<Row[]> {
    const db = options.db();
    let last: Place | undefined;
    for (;;) {
      const query = monthOfLog(db, type, month).select(columnsOf(type));
      if (last !== undefined) {
        const { at, id } = last;
        query.where('at', '>=', dateValue(db, at));
        query.where((either) => either.where('at', '>', dateValue(db, at)).orWhere('id', '>', id));
      }
      const rows: Row[] = await query.orderBy(['at', 'id']).limit(rowsAtOnce);
      const end = rows.at(-1);
      if (end === undefined) return;
      last = moment.parse(fromRow(end));
      const moments = [...fieldsOf(type)]
        .filter(([, kind]) => kind === 'moment')
        .map(([name]) => columnOf(name));
      yield rows.map((row) => {
        const kept = { ...row };
        for (const column of moments) {
          const value = fromRow({ at: row[column] }).at;
          kept[column] = value instanceof Date ? value.getTime() : null;
        }
        return kept;
      });
    }
  }

  /**
   * Writes the next rows as one file and reads it back: what is counted and hashed is what can be read again. Few rows
   * are in memory at once, and others have their turn between them. Undefined when there are no more.
   */
  async function writeFile(
    type: LogType,
    month: string,
    pieces: AsyncIterator<Row[]>,
  ): Promise<Written | undefined> {
    const columns = columnsOf(type);
    const written = fingerprint(columns);
    let [firstAt, size] = [0, 0];
    let last: Place | undefined;
    async function* lines(): AsyncGenerator<string> {
      while (written.count() < rowsAFile && size < bytesAFile) {
        const { value: rows, done } = await pieces.next();
        if (done) return;
        written.add(rows);
        if (firstAt === 0) firstAt = Number(rows.at(0)?.at);
        const end = rows.at(-1);
        last = { at: new Date(Number(end?.at)), id: Number(end?.id) };
        const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
        size += Buffer.byteLength(text);
        yield text;
        await setImmediate();
      }
    }
    const packed = await inDuck([], async (duck, folder) => {
      const [json, parquet] = [path.join(folder, 'rows.json'), path.join(folder, 'rows.parquet')];
      await pipeline(lines, createWriteStream(json));
      if (last === undefined) return undefined;
      const structure = typesOf(type).map(([name, kind]) => `${literal(name)}: ${literal(kind)}`);
      const order = columns.includes('order_no') ? 'order_no, "at", id' : '"at", id';
      await duck.run(`COPY (
          SELECT * FROM read_json(${literal(json)}, format = 'newline_delimited', columns = {${structure.join(', ')}})
          ORDER BY ${order}
        ) TO ${literal(parquet)} (FORMAT parquet, COMPRESSION zstd, ROW_GROUP_SIZE 8192)`);
      return { bytes: await readFile(parquet), last };
    });
    if (packed === undefined) return undefined;
    const { bytes } = packed;
    const sha256 = Buffer.from(await webcrypto.subtle.digest('SHA-256', bytes)).toString('hex');
    const name = path.join('logs', type, month, `${sha256.slice(0, 16)}.parquet`);
    await storage.keep(name, bytes);
    const kept = await storage.find(name);
    if (kept === undefined) throw new Error(`${name} is not in the archive`);
    const read = fingerprint(columns);
    await inDuck([kept], async (duck) => {
      const back = duck.batches(
        z.record(z.string(), z.unknown()),
        `SELECT * FROM read_parquet(${literal(kept)})`,
      );
      for await (const rows of back) read.add(rows);
    });
    if (read.text() !== written.text()) throw new Error(`${name} does not hold what was written`);
    const rowCount = written.count();
    const file = {
      logType: type,
      month,
      path: name,
      rowCount,
      bytes: bytes.length,
      sha256,
      firstAt: new Date(firstAt),
      lastAt: packed.last.at,
      archivedAt: now(),
    };
    return { file, rowCount, last: packed.last };
  }

  /** From here on these rows are read in the archive. */
  async function move(written: Written[], remove: (trx: Knex.Transaction) => Promise<number>): Promise<void> {
    const archived = written.reduce((sum, { rowCount }) => sum + rowCount, 0);
    await options.db().transaction(async (trx) => {
      const removed = await remove(trx);
      if (removed !== archived) throw new Error(`there are ${removed} rows and ${archived} were archived`);
      for (const { file } of written) await trx('log_archives').insert(completeRow(trx, file, now()));
    });
  }

  async function archiveMonth(type: LogType, month: string): Promise<void> {
    const isPartitioned = isPostgres(options.db());
    const pieces = rowsOf(type, month);
    const written: Written[] = [];
    for (let next = await writeFile(type, month, pieces); next; next = await writeFile(type, month, pieces)) {
      written.push(next);
      if (isPartitioned) continue;
      // SQLite would delete a month at one go for seconds, and nobody could pay meanwhile.
      const { at, id } = next.last;
      await move(written.splice(0), (trx) =>
        monthOfLog(trx, type, month)
          .where('at', '<=', at.getTime())
          .where((either) => either.where('at', '<', at.getTime()).orWhere('id', '<=', id))
          .delete(),
      );
    }
    if (isPartitioned) await move(written, (trx) => dropPartition(trx, logTables[type], month));
  }

  async function monthsOf(type: LogType, before: string): Promise<string[]> {
    const db = options.db();
    const table = logTables[type];
    if (isPostgres(db)) return partitionsBefore(db, table, before);
    const oldest = z.object({ at: z.number() }).safeParse(await db(table).min({ at: 'at' }).first());
    if (!oldest.success) return [];
    const months: string[] = [];
    for (let month = monthOf(new Date(oldest.data.at)); month < before; month = shiftMonth(month, 1)) {
      if (await monthOfLog(db, type, month).first('id')) months.push(month);
    }
    return months;
  }

  /** Files that may hold what is asked, nearest to the beginning of the walk first. One more than `most` when there are more. */
  async function filesOf(
    type: LogType,
    question: Question,
    { from, order }: Pick<Step, 'from' | 'order'> = { from: undefined, order: 'desc' },
    most = filesAtOnce,
  ): Promise<ArchivedFile[]> {
    const db = options.db();
    const query = db('log_archives').where({ log_type: type });
    if (from !== undefined && order === 'desc') query.where('first_at', '<=', dateValue(db, from.at));
    if (from !== undefined && order === 'asc') query.where('last_at', '>=', dateValue(db, from.at));
    let isBounded = false;
    for (const condition of question) {
      if (condition.field !== 'at' || !('value' in condition) || !(condition.value instanceof Date)) continue;
      const value = dateValue(db, condition.value);
      if (condition.op === '>' || condition.op === '>=' || condition.op === '=') {
        query.where('last_at', '>=', value);
        isBounded = true;
      }
      if (condition.op === '<' || condition.op === '<=' || condition.op === '=')
        query.where('first_at', '<=', value);
    }
    if (!isBounded) return [];
    const rows: object[] = await query
      .orderBy(order === 'desc' ? 'last_at' : 'first_at', order)
      .limit(most + 1);
    return z.array(archivedFile).parse(rows.map((row) => fromRow({ ...row })));
  }

  async function local(file: ArchivedFile): Promise<string> {
    const found = await storage.find(file.path);
    if (found === undefined) throw new Error(`${file.path} is gone from the archive`);
    return found;
  }

  async function look<Value extends z.ZodType>(
    files: ArchivedFile[],
    question: Question,
    row: Value,
    build: (query: Knex.QueryBuilder, raw: Knex.RawBuilder) => void,
  ): Promise<z.output<Value>[]> {
    if (files.length === 0) return [];
    const places: string[] = [];
    for (const file of files) places.push(await local(file));
    const query = builder
      .queryBuilder()
      .from(builder.raw(`read_parquet([${places.map(literal).join(', ')}])`));
    ask(query, question, (date) => date.getTime());
    build(query, builder.raw.bind(builder));
    const { sql, bindings } = query.toSQL().toNative();
    const values = z.array(z.union([z.string(), z.number()])).parse(bindings);
    return inDuck(places, (duck) => duck.rows(row, sql, values));
  }

  return {
    async sweep() {
      await options.partitioned();
      for (const type of logTypes) {
        const db = options.db();
        const rows: object[] = await db('log_retentions').where({ log_type: type, enabled: true });
        const [kept] = z.array(retention).parse(rows.map((row) => fromRow({ ...row })));
        if (kept === undefined) continue;
        const before = shiftMonth(monthOf(now()), -kept.keepMonths);
        for (const month of await monthsOf(type, before)) {
          try {
            await archiveMonth(type, month);
          } catch (error) {
            // Nothing is dropped; the next night tries again.
            warn(`${type} of ${month} is not archived: ${error instanceof Error ? error.message : error}`);
          }
        }
      }
    },
    async archivedTo(type) {
      const row: object | undefined = await options
        .db()('log_archives')
        .where({ log_type: type })
        .orderBy('last_at', 'desc')
        .first('last_at');
      return row === undefined ? null : z.object({ lastAt: z.date() }).parse(fromRow({ ...row })).lastAt;
    },
    async beyond(type, question, step, most = filesAtOnce) {
      const { from, order, limit, fields } = step;
      const files = await filesOf(type, question, step, most);
      const build = (query: Knex.QueryBuilder): void => {
        query.select('id', 'document_id', ...fields.map(columnOf));
        if (from !== undefined) {
          const [strictly, at] = [order === 'asc' ? '>' : '<', from.at.getTime()];
          query.where('at', `${strictly}=`, at);
          query.where((either) => either.where('at', strictly, at).orWhere('id', strictly, from.id));
        }
        query.orderBy([
          { column: 'at', order },
          { column: 'id', order },
        ]);
        query.limit(limit);
      };
      // The nearest file alone has most pages; what lies before the next file cannot be in any further one.
      for (let near = 1; ; near = Math.min(2 * near, most)) {
        const next = files[near];
        const found = await look(files.slice(0, near), question, z.record(z.string(), z.unknown()), build);
        const rows = found.map((row) =>
          fromRow(Object.fromEntries(Object.entries(row).map(([name, value]) => [name, plain(value)]))),
        );
        const isNear = (row: Row): boolean => {
          const { at } = moment.parse(row);
          return next === undefined || (order === 'desc' ? at > next.lastAt : at < next.firstAt);
        };
        if (next === undefined || (rows.length === limit && rows.every(isNear))) return rows;
        if (near === most) throw fail('LOG_SPAN_TOO_LONG', { files: most });
      }
    },
    async count(type, question, most = filesAtOnce) {
      const files = await filesOf(type, question, undefined, most);
      const [row] = await look(files.slice(0, most), question, z.object({ count: whole }), (query) =>
        query.count({ count: '*' }),
      );
      return { count: row?.count ?? 0, isWhole: files.length <= most };
    },
    async read(type, question, row, build) {
      const files = await filesOf(type, question);
      if (files.length > filesAtOnce) throw fail('LOG_SPAN_TOO_LONG', { files: filesAtOnce });
      return look(files, question, row, build);
    },
  };
}

/** 64-bit numbers come as bigint; a log's are ordinary ones. */
const plain = (value: unknown): unknown => (typeof value === 'bigint' ? Number(value) : value);

/** A month of a log in the database: its partition, or its span of the one table. */
function monthOfLog(db: Db, type: LogType, month: string) {
  const table = logTables[type];
  if (isPostgres(db)) return db(partitionName(table, month));
  return db(table)
    .where('at', '>=', monthStart(month).getTime())
    .where('at', '<', monthStart(shiftMonth(month, 1)).getTime());
}

/** Of a file's rows, in whatever order and pieces they come. */
function fingerprint(columns: readonly string[]) {
  let [count, sum] = [0, 0n];
  return {
    add(rows: readonly Row[]): void {
      for (const row of rows) {
        const text = JSON.stringify(columns.map((column) => plain(row[column]) ?? null));
        sum += createHash('sha256').update(text).digest().readBigUInt64LE();
      }
      count += rows.length;
    },
    count: () => count,
    text: () => `${count} ${sum}`,
  };
}

/** Writes how long each log, and messages, are kept where nobody has said it yet. */
export async function seedRetentions(strapi: Core.Strapi): Promise<void> {
  const retentions = strapi.db.query('api::log-retention.log-retention');
  for (const [logType, keepMonths] of Object.entries({ ...keptMonths, message: keptMessageMonths })) {
    if ((await retentions.findOne({ where: { logType } })) !== null) continue;
    try {
      await retentions.create({ data: { logType, keepMonths, enabled: true, publishedAt: new Date() } });
    } catch (error) {
      // Another process booting at the same moment wrote it.
      if ((await retentions.findOne({ where: { logType } })) === null) throw error;
    }
  }
}
