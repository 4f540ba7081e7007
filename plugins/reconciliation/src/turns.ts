import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { isPostgres } from '@hospital-pay/payments';
import type { Knex } from 'knex';

/** Does one piece of long work, so that it stands as a whole or not at all. */
export type Turn = <Value>(work: (trx: Knex) => Promise<Value>) => Promise<Value>;

/**
 * On SQLite, which is one connection and answers without letting this process hear of anybody: between the turns the
 * connection is everybody's for as long as it was held, if anybody is at it or waits for it.
 */
export function inTurns(db: Knex): Turn {
  if (isPostgres(db)) return (work) => db.transaction(work);
  const pool: { numUsed(): number; numPendingAcquires(): number } = db.client.pool;
  return async (work) => {
    const started = performance.now();
    const value = await db.transaction(work);
    const held = performance.now() - started;
    await setImmediate();
    if (pool.numUsed() + pool.numPendingAcquires() > 0) await sleep(held);
    return value;
  };
}
