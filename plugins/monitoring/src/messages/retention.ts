import { dateValue } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { monthOf, monthStart, shiftMonth } from '../logs/month';

/** Months that messages and the history of alert rules are kept until the administration says otherwise (日志保留). */
export const keptMessageMonths = 13;

const retention = z.object({ keep_months: z.number().int().min(1) });
const rowsAtOnce = 500;

/** How many rows went. */
export interface Forgotten {
  messages: number;
  alertEvents: number;
}

/** Removes what 日志保留 no longer keeps of messages and of the history of alert rules. */
export async function forgetOld(db: Knex, now: Date): Promise<Forgotten> {
  const row: unknown = await db('log_retentions').where({ log_type: 'message', enabled: true }).first();
  const kept = retention.safeParse(row).data;
  if (kept === undefined) return { messages: 0, alertEvents: 0 };
  const before = dateValue(db, monthStart(shiftMonth(monthOf(now), -kept.keep_months)));
  return { messages: await forgetMessages(db, before), alertEvents: await forgetAlertEvents(db, before) };
}

/**
 * With their alarms and deliveries. Nothing goes that nobody has acknowledged and nothing has closed, nor what has not
 * reached everybody it was for.
 */
async function forgetMessages(db: Knex, before: Date | number): Promise<number> {
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

/** How a rule came to where it stands is kept while it has not come back. */
async function forgetAlertEvents(db: Knex, before: Date | number): Promise<number> {
  const old = () =>
    db('alert_events')
      .where('at', '<', before)
      .whereNotExists(
        db('alert_states')
          .whereRaw('alert_states.rule_code = alert_events.rule_code')
          .whereRaw("coalesce(alert_states.subject, '') = coalesce(alert_events.subject, '')")
          .whereRaw('alert_states.since_at <= alert_events.at')
          .whereIn('status', ['pending', 'firing'])
          .select(db.raw('1')),
      )
      .orderBy('id')
      .limit(rowsAtOnce)
      .select('id');
  let gone = 0;
  for (;;) {
    const removed: number = await db('alert_events').whereIn('id', old()).delete();
    gone += removed;
    if (removed < rowsAtOnce) return gone;
  }
}
