import type { Knex } from 'knex';

interface SqliteConnection {
  pragma(text: string): unknown;
  prepare(sql: string): { run(...bindings: unknown[]): { changes: number } };
}

/**
 * Runs one INSERT, UPDATE or DELETE that need not reach the disk at once; gives the number of rows changed. It outlives
 * the process at once and a power cut as soon as the next durable commit has taken it along. For leases, nonces and
 * claims: what they guard is safe to do again after a power cut. SQLite commits one after the other and waits for the
 * disk at each; PostgreSQL's sessions share that wait and are left alone.
 */
export async function writeLightly(db: Knex, statement: Knex.QueryBuilder): Promise<number> {
  if (db.client.config.client !== 'better-sqlite3' || db.isTransaction) {
    const result: unknown = await statement;
    return typeof result === 'number' ? result : 1;
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
