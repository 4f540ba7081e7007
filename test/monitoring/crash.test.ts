import { fork } from 'node:child_process';
import { once } from 'node:events';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { knex } from 'knex';

test('a killed process loses the calls of its last moments and none before', async () => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-crash-'));
  const filename = path.join(folder, 'logs.db');
  const db = knex({ client: 'better-sqlite3', connection: { filename }, useNullAsDefault: true });
  try {
    await db.raw('PRAGMA journal_mode = WAL');
    await db.schema.createTable('interface_logs', (table) => {
      table.increments();
      for (const name of ['document_id', 'order_no', 'trade_type', 'channel', 'account_code', 'error_code'])
        table.string(name);
      for (const name of ['method', 'direction', 'url', 'request', 'response', 'trace_id']) table.text(name);
      for (const name of ['at', 'created_at', 'updated_at', 'published_at', 'http_status', 'duration_ms'])
        table.integer(name);
    });
    const writer = fork(path.resolve(__dirname, '..', 'dist', 'monitoring', 'log-writer.js'), {
      env: { ...process.env, DATABASE_FILENAME: filename },
    });
    let told = 0;
    const enough = new Promise<void>((resolve) => {
      writer.on('message', (count) => {
        told = Number(count);
        if (told >= 200) resolve();
      });
    });
    await enough;
    writer.kill('SIGKILL');
    await once(writer, 'exit');
    const stored: { at: number; duration_ms: number }[] = await db('interface_logs')
      .orderBy('duration_ms')
      .select('at', 'duration_ms');
    // One after another, from the first on: what is lost is the end.
    expect(stored.map(({ duration_ms }) => duration_ms)).toEqual(stored.map((_, index) => index + 1));
    expect(stored.length).toBeGreaterThan(0);
    // 0.4 s of calls wait for their batch; the rest is the machine's slowness.
    expect(told - stored.length).toBeLessThan(200);
    console.log(`killed after ${told} calls: the last ${told - stored.length} were lost`);
  } finally {
    await db.destroy();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}, 60_000);
