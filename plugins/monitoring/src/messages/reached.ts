import type { Knex } from 'knex';

/**
 * Whether a message has reached everybody it is for, kept with it (`delivery`) so that 消息管理 can show and ask for it:
 * `failed` when somebody was given up on, `waiting` while something is to be sent, null when nobody was to be told.
 */
const reachedOf = `(
  SELECT CASE
    WHEN count(*) FILTER (WHERE d.status = 'failed') > 0 THEN 'failed'
    WHEN count(*) FILTER (WHERE d.status IN ('queued', 'sending', 'unknown')) > 0 THEN 'waiting'
    WHEN count(*) FILTER (WHERE d.status = 'delivered') > 0 THEN 'delivered'
  END
  FROM deliveries d WHERE d.message_no = messages.document_id)`;

/** After deliveries of a message were added or moved. */
export async function noteReached(db: Knex, messageNo: string): Promise<void> {
  await db.transaction(async (trx) => {
    const message = () => trx('messages').where({ document_id: messageNo });
    // Two targets may be through at the same moment: the second counts after the first.
    await message().forUpdate().first('id');
    await message().update({ delivery: trx.raw(reachedOf) });
  });
}

/** Messages of versions that did not keep it. */
export async function noteReachedBefore(db: Knex): Promise<void> {
  await db('messages')
    .whereNull('delivery')
    .whereExists(
      db('deliveries').whereRaw('deliveries.message_no = messages.document_id').select(db.raw('1')),
    )
    .update({ delivery: db.raw(reachedOf) });
}
