import type { Knex } from 'knex';

interface SqliteConnection {
  pragma(text: string): unknown;
  prepare(sql: string): { run(...bindings: unknown[]): { changes: number } };
}

/**
 * Runs one INSERT, UPDATE or DELETE that need not reach the disk at once; gives the number of rows changed. It outlives
 * the process at once and a power cut as soon as the next durable commit has taken it along. For leases, nonces and
 * claims: what they guard is safe to do again after a power cut. SQLite takes it with `synchronous = NORMAL`, PostgreSQL
 * with `synchronous_commit = off` for this one statement.
 */
export async function writeLightly(db: Knex, statement: Knex.QueryBuilder): Promise<number> {
  if (db.isTransaction)
    throw new Error('a light write has no place in a transaction that must reach the disk');
  if (db.client.config.client !== 'better-sqlite3') {
    const rows: unknown[] = await statement.returning(
      db.raw("set_config('synchronous_commit', 'off', true) as light"),
    );
    return rows.length;
  }
  const { sql, bindings } = statement.toSQL().toNative();
  const connection: SqliteConnection = await db.client.acquireConnection();
  try {
    // Nothing else runs on this connection between the two settings: all of it is synchronous.
    connection.pragma('synchronous = NORMAL');
    return connection.prepare(sql).run(...bindings).changes;
  } finally {
    connection.pragma('synchronous = FULL');
    await db.client.releaseConnection(connection);
  }
}
