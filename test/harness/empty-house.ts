import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import { Client } from 'pg';
import type { Postgres } from '../services/postgres';
import { fingerprint, keptFolder } from './kept';
import { root } from './root';

/** A house as its first boot leaves it: every table, nobody in it. Made once by a boot on nothing, then copied. */
export async function copyEmptyHouse(file: string): Promise<void> {
  const house = path.join(keptFolder(), 'empty.db');
  if (!fs.existsSync(house)) {
    const made = `${house}.${randomBytes(6).toString('hex')}`;
    await bootOnNothing({ DATABASE_FILENAME: made });
    fs.renameSync(made, house);
  }
  fs.copyFileSync(house, file);
}

/** The same on a server that lives on; on one that ends with the test that started it, an empty database. */
export async function createEmptyHouse(postgres: Postgres): Promise<string> {
  if (!postgres.isShared) return postgres.createDatabase();
  const house = `house_${fingerprint()}`;
  const client = new Client({ connectionString: postgres.url });
  await client.connect();
  try {
    await client.query('SELECT pg_advisory_lock(hashtext($1))', [house]);
    const { rowCount } = await client.query('SELECT FROM pg_database WHERE datname = $1', [house]);
    if (rowCount === 0) {
      const made = await postgres.createDatabase();
      await bootOnNothing({ DATABASE_URL: made });
      const name = new URL(made).pathname.slice(1);
      await client.query(
        `ALTER DATABASE ${client.escapeIdentifier(name)} RENAME TO ${client.escapeIdentifier(house)}`,
      );
    }
  } finally {
    await client.end();
  }
  return postgres.createDatabase(house);
}

/** In a process of its own: Strapi allows one instance in a process. Needs the compiled tests. */
async function bootOnNothing(database: Record<string, string>): Promise<void> {
  const script = path.join(root, 'test', 'dist', 'harness', 'boot-on-nothing.js');
  await promisify(execFile)(process.execPath, [script, JSON.stringify(database)]);
}
