import { dateValue, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import type { Alarm } from './book';
import { compose, storedTemplates } from './compose';
import type { SendOutcome } from './post';
import { noteReached } from './reached';
import { type DeliveryRow, deliveryRow, hospitalZone, messageRow, readRows } from './rows';
import type { TargetStore } from './target-store';

/** Seconds until the next try; the last one again and again until the time is over. */
const triesAfter = [10, 30, 60, 120, 300, 600];
const givenUpAfterMs = 24 * 3_600_000;
/** Whoever sends and dies is followed by another after this. */
const claimMs = 60_000;
/** What else waits for a target that does not work is tried again after at most this: one of them each time. */
const longestPauseMs = 60_000;
const waiting = ['queued', 'unknown', 'sending'] as const;
const mostAtOnce = 100;

export interface Delivering {
  db: Knex;
  now: () => Date;
  targets: TargetStore;
  /** Tells that a message will not arrive. */
  raise(alarm: Alarm): Promise<void>;
}

/** Targets for which something is due. */
export async function dueTargets(db: Knex, now: Date): Promise<string[]> {
  const rows: { target_code: string }[] = await due(db, now).distinct('target_code');
  return rows.map((row) => row.target_code);
}

const due = (db: Knex, now: Date) =>
  db('deliveries')
    .whereIn('status', [...waiting])
    .where('next_at', '<=', dateValue(db, now));

/**
 * Sends what is due for one target, one after the other; the first that cannot be sent ends it, and the others wait a
 * little. Every target is served by itself: a dead one keeps nobody else waiting.
 */
export async function serveTarget(
  code: string,
  delivering: Delivering,
  stopping: AbortSignal,
): Promise<void> {
  const { db, now } = delivering;
  for (let sent = 0; sent < mostAtOnce && !stopping.aborted; sent += 1) {
    // Fresh ones first: a message that a target chokes on must not stand before all others.
    const rows: unknown = await due(db, now())
      .where({ target_code: code })
      .orderBy(['attempts', 'id'])
      .limit(1);
    const [row] = readRows(deliveryRow, rows);
    if (!row) return;
    const outcome = await serve(row, delivering);
    if (outcome === 'waits') {
      const later = new Date(now().getTime() + Math.min(pauseMs(row.attempts), longestPauseMs));
      await due(db, now())
        .where({ target_code: code })
        .update(toColumns(db, { nextAt: later }));
      return;
    }
  }
}

const pauseMs = (attempts: number): number =>
  (triesAfter[Math.min(attempts, triesAfter.length - 1)] ?? 0) * 1000;

async function serve(row: DeliveryRow, delivering: Delivering): Promise<'ended' | 'waits'> {
  const { db, now, targets, raise } = delivering;
  const attempts = row.attempts + 1;
  const claimed = await db('deliveries')
    .where({ id: row.id, status: row.status, attempts: row.attempts })
    .update(toColumns(db, { status: 'sending', attempts, nextAt: new Date(now().getTime() + claimMs) }));
  if (claimed !== 1) return 'ended';
  const settle = (attributes: Record<string, unknown>) =>
    db('deliveries')
      .where({ id: row.id, status: 'sending', attempts })
      .update(toColumns(db, { updatedAt: now(), ...attributes }));
  const end = async (attributes: Record<string, unknown>): Promise<boolean> => {
    const ended = await settle({ ...attributes, nextAt: null });
    await noteReached(db, row.messageNo);
    return ended === 1;
  };

  const outcome = await send(row, delivering);
  switch (outcome.kind) {
    case 'delivered':
      await end({ status: 'delivered', deliveredAt: now(), lastError: null });
      // It works again: what has failed before need not wait any longer. What is held for the night has no try behind it.
      if (row.attempts > 0) {
        await db('deliveries')
          .where({ target_code: row.targetCode })
          .whereIn('status', ['queued', 'unknown'])
          .where('attempts', '>', 0)
          .update(toColumns(db, { nextAt: now() }));
      }
      return 'ended';
    case 'off':
      await end({ status: 'suppressed', lastError: outcome.error });
      return 'ended';
    case 'refused':
      break;
    case 'retry':
    case 'unknown': {
      if (now().getTime() - row.createdTime.getTime() >= givenUpAfterMs) break;
      const nextAt = new Date(now().getTime() + pauseMs(row.attempts));
      // It may have arrived: it is sent again under the same id, which is the lesser evil for an alarm.
      const status = outcome.kind === 'unknown' ? 'unknown' : 'queued';
      await settle({ status, nextAt, lastError: outcome.error });
      return 'waits';
    }
    default:
      return outcome satisfies never;
  }
  if (await end({ status: 'failed', lastError: outcome.error })) {
    await targets.noteTest(row.targetCode, outcome.error);
    await raise({
      kind: 'delivery_failed',
      level: 'warning',
      zh: `通知渠道 ${row.targetCode} 未能送达消息：${outcome.error}`,
      en: `Target ${row.targetCode} did not take a message: ${outcome.error}`,
      orderNo: null,
      dedupeKey: `delivery-failed:${row.documentId}`,
      about: row.targetCode,
    });
  }
  return 'ended';
}

async function send(
  row: DeliveryRow,
  { db, now, targets }: Delivering,
): Promise<SendOutcome | { kind: 'off'; error: string }> {
  const target = await targets.open(row.targetCode);
  const [message] = readRows(messageRow, await db('messages').where({ document_id: row.messageNo }));
  if (!target || !message) return { kind: 'off', error: 'TARGET_OFF' };
  // It was being sent when its message ended: after the recovery it would tell of what is over.
  if (message.status === 'resolved' && row.purpose !== 'recovery')
    return { kind: 'off', error: 'MESSAGE_RESOLVED' };
  const templates = await storedTemplates(db);
  const note = compose(message, {
    id: row.documentId,
    purpose: row.purpose,
    language: target.language,
    zone: await hospitalZone(db),
    template: templates.for(message.kind),
  });
  return target.send(note, row.recipient, now());
}
