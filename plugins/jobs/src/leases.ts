import { randomBytes } from 'node:crypto';
import type { Knex } from 'knex';
import type { Clock } from './clock';
import { writeLightly } from './light-write';

/**
 * Rows of `leases` say who may do a thing that only one process may do at once. Taken by compare-and-set;
 * a holder that dies loses its lease when the time is over.
 */
export interface Leases {
  /** True when the lease was free, over, or already ours. `at`: what counts as now. */
  take(name: string, holder: string, until: Date, at?: Date): Promise<boolean>;
  /** As take, but only when somebody has held it before. */
  retake(name: string, holder: string, until: Date, at: Date): Promise<boolean>;
  extend(name: string, holder: string, until: Date): Promise<boolean>;
  release(name: string, holder: string): Promise<void>;
  holder(name: string): Promise<string | undefined>;
  /** Removes leases that were over before `before`. */
  purge(before: Date, prefix: string): Promise<void>;
}

export function createLeases(db: Knex, clock: Clock): Leases {
  const client: unknown = db.client.config.client;
  const isPostgres = client === 'postgres' || client === 'pg';
  const moment = (date: Date) => (isPostgres ? date : date.getTime());
  const rows = () => db('leases');

  const leases: Leases = {
    async take(name, holder, until, at = clock.now()) {
      if (await leases.retake(name, holder, until, at)) return true;
      const now = moment(clock.now());
      const row = {
        document_id: randomBytes(12).toString('hex'),
        name,
        holder,
        expires_at: moment(until),
        created_at: now,
        updated_at: now,
        published_at: now,
      };
      const insert = rows().insert(row).onConflict('name').ignore();
      await writeLightly(db, insert);
      return (await leases.holder(name)) === holder;
    },
    async retake(name, holder, until, at) {
      const over = rows().where({ name }).where('expires_at', '<=', moment(at));
      return (await writeLightly(db, over.update({ holder, expires_at: moment(until) }))) === 1;
    },
    async extend(name, holder, until) {
      return (
        (await rows()
          .where({ name, holder })
          .update({ expires_at: moment(until) })) === 1
      );
    },
    async release(name, holder) {
      await writeLightly(db, rows().where({ name, holder }).delete());
    },
    async holder(name) {
      const row: { holder?: unknown } | undefined = await rows().where({ name }).first('holder');
      return row === undefined ? undefined : String(row.holder);
    },
    async purge(before, prefix) {
      await rows().where('name', 'like', `${prefix}%`).where('expires_at', '<', moment(before)).delete();
    },
  };
  return leases;
}
