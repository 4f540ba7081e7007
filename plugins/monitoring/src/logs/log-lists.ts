import type { ArchiveStorage } from '@hospital-pay/archive';
import { columnOf, dateValue, fromRow, isPostgres } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';
import { englishBeside } from './abnormal-english';
import { type Place, place, type Step, writePlace } from './cursor';
import { createLogArchive, type LogArchive } from './log-archive';
import { bodies, type LogType, logTables } from './log-types';
import { keepPartitions } from './partitions';
import { ask, type LogFields, type Question, readQuestion } from './question';

/** How many rows a list has: beyond a bound nobody counts, and it is said that nobody has. */
export interface Total {
  total: number;
  totalKind: 'exact' | 'about' | 'more than';
}

export interface LogPage {
  data: Record<string, unknown>[];
  meta: {
    pagination: {
      pageSize: number;
      next: string | null;
      previous: string | null;
      /** Rows up to this moment are in the archive, which is read when the question names days. */
      archivedTo: Date | null;
    } & Total;
  };
}

export interface LogLists {
  fieldsOf(type: LogType): LogFields;
  archive: LogArchive;
  /** A page of a log, as core REST is asked for one: `pagination[after]` or `[before]` instead of a page's number. */
  page(type: LogType, query: Record<string, unknown>): Promise<LogPage>;
  /** All rows that a question has, a piece at a time; archived ones as well, when it says from which day. */
  whole(type: LogType, question: WholeQuestion): WholeLog;
}

export interface WholeQuestion {
  filters: unknown;
  sort: string | undefined;
  /** What is read of each row besides its own fields without bodies. */
  fields: readonly string[];
}
export interface WholeLog {
  count(): Promise<number>;
  rows(): AsyncGenerator<Record<string, unknown>>;
}

/** Rows of a whole log that are in memory at once. */
const rowsAtOnce = 2000;
const everyFile = 1_000_000;

const paging = z.object({
  pageSize: z.coerce.number().int().min(1).max(200).catch(20),
  after: place.optional(),
  before: place.optional(),
});

const placed = z.object({ at: z.date(), id: z.number() });
const counted = z.object({ count: z.coerce.number() });
const planned = z.object({
  rows: z.array(
    z.object({ 'QUERY PLAN': z.array(z.object({ Plan: z.object({ 'Plan Rows': z.number() }) })) }),
  ),
});

const countedUpTo = 10_000;
/** Where the planner expects more than this, counting would read more than a page is worth. */
const plannedUpTo = 50_000;

export function createLogLists(
  strapi: Core.Strapi,
  options: { now: () => Date; storage: ArchiveStorage },
): LogLists {
  const db = strapi.db.connection;
  const moment = (date: Date) => dateValue(db, date);
  const known = new Map<LogType, LogFields>();

  function fieldsOf(type: LogType): LogFields {
    const fields = known.get(type) ?? readFields(strapi.getModel(`api::${type}.${type}`).attributes);
    known.set(type, fields);
    return fields;
  }

  const listed = (type: LogType): string[] => [...fieldsOf(type).keys()].filter((name) => !bodies.has(name));

  /** The bound on `at` alone is what an index can follow. */
  async function beyond(
    type: LogType,
    question: Question,
    { from, order, limit, fields }: Step,
  ): Promise<Record<string, unknown>[]> {
    const query = db(logTables[type]).select('id', 'document_id', ...fields.map(columnOf));
    ask(query, question, moment);
    if (from !== undefined) {
      const [strictly, at] = [order === 'asc' ? '>' : '<', moment(from.at)];
      query.where('at', `${strictly}=`, at);
      query.where((either) => either.where('at', strictly, at).orWhere('id', strictly, from.id));
    }
    const rows: object[] = await query
      .orderBy([
        { column: 'at', order },
        { column: 'id', order },
      ])
      .limit(limit);
    return rows.map((row) => fromRow({ ...row }));
  }

  async function totalOf(type: LogType, question: Question): Promise<Total> {
    const rows = () => {
      const query = db(logTables[type]);
      ask(query, question, moment);
      return query;
    };
    const about = isPostgres(db) ? await plannedRows(db, rows().select('id')) : undefined;
    if (about !== undefined && about > plannedUpTo) return { total: about, totalKind: 'about' };
    const bounded = rows()
      .select('id')
      .limit(countedUpTo + 1)
      .as('bounded');
    const { count } = counted.parse(await db(bounded).count({ count: '*' }).first());
    if (count <= countedUpTo) {
      const archived = await archive.count(type, question);
      return { total: count + archived.count, totalKind: archived.isWhole ? 'exact' : 'more than' };
    }
    if (about !== undefined && about > countedUpTo) return { total: about, totalKind: 'about' };
    return { total: countedUpTo, totalKind: 'more than' };
  }

  const archive = createLogArchive({
    ...options,
    db: () => strapi.db.connection,
    partitioned: () => keepPartitions(strapi, options.now()),
    fieldsOf,
    warn: (text) => strapi.log.warn(`monitoring: ${text}`),
  });

  /** Rows of the database and, where it ends, of the archive. */
  async function walk(
    type: LogType,
    question: Question,
    step: Step,
    archived: { fields: readonly string[]; most?: number },
  ): Promise<Record<string, unknown>[]> {
    const { order, limit } = step;
    const rows = await beyond(type, question, step);
    const archivedTo = await archive.archivedTo(type);
    const isRecent = (row: object | undefined): boolean =>
      row !== undefined && (archivedTo === null || placed.parse(row).at > archivedTo);
    if (order === 'desc' && rows.length === limit && isRecent(rows.at(-1))) return rows;
    const { fields, most } = archived;
    const sign = order === 'asc' ? 1 : -1;
    return [...rows, ...(await archive.beyond(type, question, { ...step, fields }, most))]
      .map((row) => ({ row, at: placed.parse(row) }))
      .sort((a, b) => sign * (a.at.at.getTime() - b.at.at.getTime() || a.at.id - b.at.id))
      .slice(0, limit)
      .map(({ row }) => row);
  }

  const told = (type: LogType, rows: Record<string, unknown>[]): Record<string, unknown>[] =>
    type === 'abnormal-request' ? rows.map((row) => ({ ...row, ...englishBeside(strapi, row) })) : rows;

  return {
    archive,
    fieldsOf,
    async page(type, query) {
      const read = paging.safeParse(query.pagination ?? {});
      if (!read.success) throw fail('LOG_QUESTION_INVALID', { field: 'pagination' });
      const { pageSize, after, before } = read.data;
      const question = readQuestion(query.filters, fieldsOf(type));
      const order = orderOf(query.sort);
      const isBackwards = before !== undefined;
      const direction = isBackwards ? (order === 'asc' ? 'desc' : 'asc') : order;
      const step = { from: before ?? after, order: direction, limit: pageSize + 1, fields: listed(type) };
      // No other place shows the bodies of archived rows.
      const found = await walk(type, question, step, { fields: [...fieldsOf(type).keys()] });
      const hasMore = found.length > pageSize;
      const data = found.slice(0, pageSize);
      if (isBackwards) data.reverse();
      const [first, last] = [data.at(0), data.at(-1)];
      const cursor = (row: object | undefined) => (row ? writePlace(placed.parse(row)) : null);
      return {
        data: told(type, data),
        meta: {
          pagination: {
            pageSize,
            next: isBackwards || hasMore ? cursor(last) : null,
            previous: isBackwards ? (hasMore ? cursor(first) : null) : after ? cursor(first) : null,
            archivedTo: await archive.archivedTo(type),
            ...(await totalOf(type, question)),
          },
        },
      };
    },
    whole(type, { filters, sort, fields: asked }) {
      const question = readQuestion(filters, fieldsOf(type));
      const order = orderOf(sort);
      const fields = [...fieldsOf(type).keys()].filter((name) => !bodies.has(name) || asked.includes(name));
      return {
        async count() {
          const rows = db(logTables[type]);
          ask(rows, question, moment);
          const { count } = counted.parse(await rows.count({ count: '*' }).first());
          return count + (await archive.count(type, question, everyFile)).count;
        },
        async *rows() {
          for (let from: Place | undefined; ; ) {
            const step = { from, order, limit: rowsAtOnce, fields };
            const rows = await walk(type, question, step, { fields, most: everyFile });
            yield* told(type, rows);
            const end = rows.at(-1);
            if (end === undefined || rows.length < rowsAtOnce) return;
            from = placed.parse(end);
          }
        },
      };
    },
  };
}

async function plannedRows(db: Knex, query: Knex.QueryBuilder): Promise<number | undefined> {
  const { sql, bindings } = query.toSQL();
  const plan = planned.safeParse(await db.raw(`EXPLAIN (FORMAT JSON) ${sql}`, bindings));
  return plan.data?.rows[0]?.['QUERY PLAN'][0]?.Plan['Plan Rows'];
}

/** Newest first unless asked otherwise; a log has no other order. */
function orderOf(sort: unknown): 'asc' | 'desc' {
  const asked = z
    .union([z.string(), z.array(z.string()).length(1).transform(String)])
    .safeParse(sort ?? 'at:desc');
  if (asked.data === 'at:desc') return 'desc';
  if (asked.data === 'at:asc' || asked.data === 'at') return 'asc';
  throw fail('LOG_QUESTION_INVALID', { field: 'sort' });
}

const attribute = z.object({
  type: z.string(),
  pluginOptions: z.object({ lowcode: z.object({}) }),
});

/** The log's own fields: those that have a title. */
function readFields(attributes: object): LogFields {
  const fields = new Map<string, 'moment' | 'integer' | 'text'>();
  for (const [name, definition] of Object.entries(attributes)) {
    const read = attribute.safeParse(definition);
    if (!read.success) continue;
    const { type } = read.data;
    fields.set(name, type === 'datetime' ? 'moment' : type === 'integer' ? 'integer' : 'text');
  }
  return fields;
}
