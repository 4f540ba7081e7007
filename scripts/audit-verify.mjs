import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root } from './steps.mjs';

/**
 * `npm run audit:verify`: reads the audit trail and checks every link, without starting the platform.
 * Ends with 0 when the chain is whole, 1 when it is broken, 2 when it could not be read.
 */
process.chdir(root);
if (fs.existsSync('.env')) process.loadEnvFile('.env');
const require = createRequire(path.join(root, 'cms', 'package.json'));
const { verifyEntries } = require('@hospital-pay/access');

const columns =
  'id, at, actor, action, subject, subject_key AS "subjectKey", "before", "after", ip, previous_hash AS "previousHash", hash';
const some = 'ORDER BY id LIMIT 1000';

async function openPostgres(connectionString) {
  const { Client } = require('pg');
  const client = new Client({ connectionString });
  await client.connect();
  const schema = client.escapeIdentifier(process.env.DATABASE_SCHEMA ?? 'public');
  return {
    async read(after) {
      const select = `SELECT ${columns} FROM ${schema}.audit_entries WHERE id > $1 ${some}`;
      return (await client.query(select, [after])).rows;
    },
    close: () => client.end(),
  };
}

function openSqlite(file) {
  const Database = require('better-sqlite3');
  const database = new Database(file, { readonly: true, fileMustExist: true });
  const select = database.prepare(`SELECT ${columns} FROM audit_entries WHERE id > ? ${some}`);
  const json = (text) => (text === null ? null : JSON.parse(text));
  return {
    read: async (after) =>
      select.all(after).map((row) => ({ ...row, before: json(row.before), after: json(row.after) })),
    close: () => database.close(),
  };
}

const url = process.env.DATABASE_URL;
try {
  const trail = url
    ? await openPostgres(url)
    : openSqlite(path.resolve(process.env.DATABASE_FILENAME || path.join('.data', 'hospital-pay.db')));
  const verdict = await verifyEntries(trail.read);
  await trail.close();
  if (verdict.ok) {
    process.stdout.write(
      `ok: ${verdict.entries} 条审计记录完整 entries, chain unbroken, head ${verdict.head}\n`,
    );
  } else {
    const { brokenAt, entries, reason } = verdict;
    const [zh, en] =
      reason === 'link'
        ? ['与前一条不相连', 'does not follow the one before']
        : ['内容被改动', 'was changed'];
    process.stdout.write(
      `broken: 第 ${brokenAt} 号${zh} entry ${brokenAt} ${en}; ${entries} good before it\n`,
    );
    process.exitCode = 1;
  }
} catch (error) {
  process.stderr.write(`审计记录无法读取 the audit trail cannot be read: ${error.message}\n`);
  process.exitCode = 2;
}
