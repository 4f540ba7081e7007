import path from 'node:path';
import { Worker } from 'node:worker_threads';
import { type MacroDialect, sqlite } from '@hospital-pay/dashboards/macros';
import { isPostgres } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { Pool } from 'pg';
import { z } from 'zod';
import { sqliteDialect, wallViews, wordsOf } from './views';

export type Value = number | string | null;

export interface Answer {
  fields: { name: string; type: 'time' | 'number' | 'text' }[];
  /** Moments are milliseconds since 1970. */
  rows: Value[][];
}

/** A way to the database on which nothing can be changed, and which payments do not use. */
export interface Reader {
  run(sql: string): Promise<Answer>;
  macros?: MacroDialect;
  close(): Promise<void>;
}

const longestMs = 5000;
const connections = 2;

export function createReader(strapi: Core.Strapi, now: () => Date): Reader {
  const { client } = strapi.db.connection;
  const { connection } = z.object({ connection: z.record(z.string(), z.unknown()) }).parse(client.config);
  return isPostgres(strapi.db.connection)
    ? postgresReader(connection, (text) => strapi.log.warn(`monitoring: ${text}`))
    : sqliteReader(String(connection.filename), wallViews(sqliteDialect, wordsOf(strapi)), now);
}

/** Types of PostgreSQL by their ids. */
const numbers = new Set([20, 21, 23, 700, 701, 1700]);
const timestamp = 1114;
const timestampWithZone = 1184;

const parserOf =
  (type: number) =>
  (text: string): Value => {
    if (numbers.has(type)) return Number(text);
    if (type === timestamp) return Date.parse(`${text.replace(' ', 'T')}Z`);
    if (type === timestampWithZone) return Date.parse(text);
    return text;
  };

function postgresReader(connection: object, warn: (text: string) => void): Reader {
  const pool = new Pool({
    ...connection,
    max: connections,
    application_name: 'hospital-pay wall',
    options: `-c default_transaction_read_only=on -c statement_timeout=${longestMs}`,
  });
  // A connection that breaks while nobody uses it must not end the process.
  pool.on('error', (error) => warn(`a connection of the wall broke: ${error.message}`));
  return {
    async run(text) {
      const { fields, rows } = await pool.query<Value[]>({
        text,
        rowMode: 'array',
        types: { getTypeParser: (type: number) => parserOf(type) },
      });
      const typeOf = (type: number) => {
        if (numbers.has(type)) return 'number';
        return type === timestamp || type === timestampWithZone ? 'time' : 'text';
      };
      return { fields: fields.map(({ name, dataTypeID }) => ({ name, type: typeOf(dataTypeID) })), rows };
    },
    close: () => pool.end(),
  };
}

const reply = z.object({
  id: z.number(),
  names: z.array(z.string()).default([]),
  rows: z.array(z.array(z.union([z.number(), z.string(), z.null()]))).default([]),
  error: z.string().optional(),
});

/** No figure is as large as a moment in milliseconds of this century. */
const leastMoment = 1e12;

/** SQLite answers on the thread that asks: this one is not the one that takes payments. */
function sqliteReader(filename: string, views: Record<string, string>, now: () => Date): Reader {
  let thread: Worker | undefined;
  let id = 0;
  const waiting = new Map<number, { resolve: (answer: Answer) => void; reject: (error: Error) => void }>();

  function start(): Worker {
    const started = new Worker(path.join(__dirname, 'sqlite-thread.js'), { workerData: { filename, views } });
    started.unref();
    started.on('message', (message: unknown) => {
      const { id: of, names, rows, error } = reply.parse(message);
      const asked = waiting.get(of);
      waiting.delete(of);
      if (error === undefined)
        asked?.resolve({ fields: names.map((name, place) => fieldOf(name, place, rows)), rows });
      else asked?.reject(new Error(error));
    });
    started.on('error', (error) => end(started, error));
    return started;
  }

  /** Whoever waits is told; the next question starts another thread. */
  function end(which: Worker, reason: Error): void {
    if (thread === which) thread = undefined;
    void which.terminate();
    for (const { reject } of waiting.values()) reject(reason);
    waiting.clear();
  }

  return {
    macros: sqlite,
    run(sql) {
      thread ??= start();
      const asked = thread;
      id += 1;
      const mine = id;
      const timer = setTimeout(() => end(asked, new Error(`no answer within ${longestMs} ms`)), longestMs);
      timer.unref();
      return new Promise<Answer>((resolve, reject) => {
        waiting.set(mine, { resolve, reject });
        asked.postMessage({
          id: mine,
          now: now().getTime(),
          sql: sql.replaceAll(/\bwall\.(\w+)/g, 'wall_$1'),
        });
      }).finally(() => clearTimeout(timer));
    },
    async close() {
      if (thread) end(thread, new Error('the platform stops'));
    },
  };
}

function fieldOf(name: string, place: number, rows: Value[][]): Answer['fields'][number] {
  const values = rows.flatMap((row) => row[place] ?? []);
  if (values.length === 0 || values.some((value) => typeof value === 'string')) return { name, type: 'text' };
  const isMoment = values.every((value) => typeof value === 'number' && value > leastMoment);
  return { name, type: isMoment ? 'time' : 'number' };
}
