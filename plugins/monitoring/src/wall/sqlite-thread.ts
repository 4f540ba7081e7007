import { parentPort, workerData } from 'node:worker_threads';
import Database from 'better-sqlite3';
import { z } from 'zod';
import { hospitalDay, hospitalTime } from './range';

/** Runs in a thread of its own: the views belong to this connection and to nobody else, and it can change nothing. */
const { filename, views } = z
  .object({ filename: z.string(), views: z.record(z.string(), z.string()) })
  .parse(workerData);
const question = z.object({ id: z.number(), now: z.number(), sql: z.string() });

const database = new Database(filename, { readonly: true, fileMustExist: true, timeout: 5000 });
let now = new Date();
database.function('hospital_time', (zone, name) => hospitalTime(String(zone), String(name), now));
database.function('hospital_day', (zone, date) => hospitalDay(String(zone), String(date)));
for (const [name, query] of Object.entries(views)) database.exec(`CREATE TEMP VIEW wall_${name} AS ${query}`);

parentPort?.on('message', (message: unknown) => {
  const { id, now: asked, sql } = question.parse(message);
  now = new Date(asked);
  try {
    const statement = database.prepare(sql);
    const names = statement.columns().map(({ name }) => name);
    parentPort?.postMessage({ id, names, rows: statement.raw().all() });
  } catch (error) {
    parentPort?.postMessage({ id, error: error instanceof Error ? error.message : String(error) });
  }
});
