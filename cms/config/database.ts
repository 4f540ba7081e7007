import path from 'node:path';

type Env = ((key: string, fallback?: string) => string) & { int(key: string, fallback: number): number };

interface SqliteConnection {
  pragma(text: string): unknown;
}

/**
 * SQLite unless DATABASE_URL says PostgreSQL. WAL with synchronous=FULL: a booked payment survives a power cut.
 * forceMigration stays off: Strapi would otherwise drop the tables of a plugin whose build is missing.
 */
export default ({ env }: { env: Env }) => {
  const url = env('DATABASE_URL', '');
  const settings = { forceMigration: false, runMigrations: true };
  if (url) {
    return {
      connection: {
        client: 'postgres',
        connection: { connectionString: url, schema: env('DATABASE_SCHEMA', 'public') },
        pool: { min: 0, max: env.int('DATABASE_POOL_MAX', 20) },
      },
      settings,
    };
  }
  return {
    connection: {
      client: 'sqlite',
      connection: { filename: path.resolve(env('DATABASE_FILENAME', path.join('.data', 'hospital-pay.db'))) },
      useNullAsDefault: true,
      pool: {
        min: 1,
        max: 1,
        afterCreate(
          connection: SqliteConnection,
          done: (error: Error | null, connection: SqliteConnection) => void,
        ) {
          for (const pragma of ['journal_mode = WAL', 'synchronous = FULL', 'busy_timeout = 10000']) {
            connection.pragma(pragma);
          }
          done(null, connection);
        },
      },
    },
    settings,
  };
};
