import { dateValue } from '@hospital-pay/payments';
import type { Knex } from 'knex';

export type Work = 'order' | 'refund' | 'outbox' | 'message';

/** Work that is due and not done yet, by kind. */
export async function dueWork(db: Knex, at: Date): Promise<Record<Work, number>> {
  const before = dateValue(db, at);
  const count = async (query: Knex.QueryBuilder): Promise<number> => {
    const row: { count?: unknown } | undefined = await query.count({ count: '*' }).first();
    return Number(row?.count ?? 0);
  };
  return {
    order: await count(db('orders').where('next_query_at', '<=', before)),
    refund: await count(db('refunds').where('next_query_at', '<=', before)),
    outbox: await count(db('outboxes').where({ status: 'pending' }).where('next_at', '<=', before)),
    message: await count(
      db('deliveries').whereIn('status', ['queued', 'unknown', 'sending']).where('next_at', '<=', before),
    ),
  };
}
