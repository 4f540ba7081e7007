import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { Client } from 'pg';
import { freePort } from './ports';

export interface Postgres {
  /** A connection string of the server's maintenance database. */
  url: string;
  /** Whether it was there before and will be afterwards. */
  isShared: boolean;
  /** Creates a database, empty or a copy of another, and gives its connection string. */
  createDatabase(original?: string): Promise<string>;
  stop(): void;
}

/** Debian's PostgreSQL refuses to run as root, so root hands over to the account that came with it. */
function asServerUser(command: string, args: string[]): void {
  const [file, all] =
    process.getuid?.() === 0 ? ['runuser', ['-u', 'postgres', '--', command, ...args]] : [command, args];
  execFileSync(file as string, all as string[], { stdio: 'pipe', cwd: os.tmpdir() });
}

function binary(name: string): string {
  const versions = '/usr/lib/postgresql';
  const installed = fs.existsSync(versions)
    ? fs.readdirSync(versions).sort((a, b) => Number(b) - Number(a))
    : [];
  const folder = installed
    .map((v) => path.join(versions, v, 'bin'))
    .find((bin) => fs.existsSync(path.join(bin, name)));
  return folder ? path.join(folder, name) : name;
}

function connect(url: string): Postgres['createDatabase'] {
  return async (original = 'template1') => {
    const name = `t_${randomBytes(6).toString('hex')}`;
    const client = new Client({ connectionString: url });
    await client.connect();
    const [copy, from] = [name, original].map((given) => client.escapeIdentifier(given));
    await client.query(`CREATE DATABASE ${copy} TEMPLATE ${from}`);
    await client.end();
    const database = new URL(url);
    database.pathname = `/${name}`;
    return database.href;
  };
}

/**
 * A PostgreSQL of this run's own, in a temporary folder on a free port; or the one TEST_POSTGRES_URL names.
 * `durable: false` (the default) turns fsync off: tests want speed, benchmarks want the truth.
 */
export async function startPostgres(options: { durable?: boolean } = {}): Promise<Postgres> {
  const given = process.env.TEST_POSTGRES_URL;
  if (given) return { url: given, isShared: true, createDatabase: connect(given), stop() {} };
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-postgres-'));
  fs.chmodSync(folder, 0o777);
  const data = path.join(folder, 'data');
  const port = await freePort();
  asServerUser(binary('initdb'), ['-D', data, '-U', 'postgres', '-A', 'trust', '-E', 'UTF8', '--no-locale']);
  const durability = options.durable ? '' : ' -c fsync=off -c synchronous_commit=off';
  const settings = `-p ${port} -k ${folder} -c listen_addresses=127.0.0.1 -c max_connections=200${durability}`;
  asServerUser(binary('pg_ctl'), ['-D', data, '-w', '-l', path.join(folder, 'log'), '-o', settings, 'start']);
  const url = `postgres://postgres@127.0.0.1:${port}/postgres`;
  return {
    url,
    isShared: false,
    createDatabase: connect(url),
    stop() {
      asServerUser(binary('pg_ctl'), ['-D', data, '-m', 'immediate', 'stop']);
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}
