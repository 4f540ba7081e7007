import { dateValue } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { monthOf, monthStart, shiftMonth } from '../logs/month';

/** Months that messages are kept until the administration says otherwise (日志保留). */
export const keptMessageMonths = 13;

const retention = z.object({ keep_months: z.number().int().min(1) });
const rowsAtOnce = 500;

/**
 * Removes messages of months that are no longer kept, with their alarms and deliveries. Nothing goes that nobody has
 * acknowledged and nothing has closed, nor what has not reached everybody it was for. Gives how many messages went.
 */
export async function forgetMessages(db: Knex, now: Date): Promise<number> {
  const row: unknown = await db('log_retentions').where({ log_type: 'message', enabled: true }).first();
  const kept = retention.safeParse(row).data;
  if (kept === undefined) return 0;
  const before = dateValue(db, monthStart(shiftMonth(monthOf(now), -kept.keep_months)));
  const old = () =>
    db('messages')
      .whereIn('status', ['acknowledged', 'resolved'])
      .where('at', '<', before)
      .whereRaw('coalesce(last_at, at) < ?', [before])
      .whereNotExists(
        db('deliveries')
          .whereRaw('deliveries.message_no = messages.document_id')
          .whereNotIn('status', ['delivered', 'suppressed'])
          .select(db.raw('1')),
      )
      .orderBy('id')
      .limit(rowsAtOnce)
      .select('document_id');
  let gone = 0;
  for (;;) {
    const found: { document_id: string }[] = await old();
    if (found.length === 0) return gone;
    const numbers = found.map(({ document_id }) => document_id);
    await db.transaction(async (trx) => {
      for (const table of ['deliveries', 'alarms']) await trx(table).whereIn('message_no', numbers).delete();
      await trx('messages').whereIn('document_id', numbers).delete();
    });
    gone += numbers.length;
  }
}
