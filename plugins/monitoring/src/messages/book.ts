import { completeRow, dateValue, type PaymentEvents, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { scrub, storable } from '../scrub';
import { storedTemplates } from './compose';
import { recoveryTimes } from './quiet';
import { noteReached } from './reached';
import { type MessageRow, messageRow, readRows } from './rows';
import { usualGroupMinutes } from './template';

export type Alarm = PaymentEvents['alarm'];
/** An alarm and when it rang. */
export type Rung = Alarm & { at: Date };

const longestLine = 255;
const longestBody = 64 * 1024;
/** However long it goes on, a matter becomes a new message after a day. */
const longestGroupMs = 24 * 3_600_000;

const groupOf = ({ kind, about }: Alarm): string => storable(`${kind}|${about ?? ''}`, 200);
const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/**
 * Keeps alarms, each once, and makes messages of them: those of one kind about one thing, within the minutes its template
 * says, are one message with a count. What says that a matter is over closes its messages.
 */
export async function bookAlarms(db: Knex, rung: readonly Rung[], now: Date): Promise<void> {
  const unique = [...new Map(rung.map((alarm) => [alarm.dedupeKey, alarm])).values()];
  const minutesFor = await groupMinutes(db);
  await db.transaction(async (trx) => {
    // In one order, whoever writes: two processes never wait for each other's rows.
    const kept = unique.map((alarm) => alarmRow(trx, alarm)).sort((a, b) => byText(a.key, b.key));
    const inserted: { dedupe_key: string }[] = await trx('alarms')
      .insert(kept.map(({ row }) => row))
      .onConflict('dedupe_key')
      .ignore()
      .returning('dedupe_key');
    const isNew = new Set(inserted.map((row) => row.dedupe_key));
    const groups = new Map<string, Alarm[]>();
    for (const alarm of unique) {
      if (!isNew.has(keyOf(alarm))) continue;
      groups.set(groupOf(alarm), [...(groups.get(groupOf(alarm)) ?? []), alarm]);
    }
    for (const [groupKey, alarms] of [...groups].sort(([a], [b]) => byText(a, b))) {
      await bookGroup(trx, groupKey, alarms, { now, minutes: minutesFor(alarms[0]?.kind ?? '') });
    }
  });
}

const keyOf = ({ dedupeKey }: Alarm): string => storable(dedupeKey, longestLine);

const told = ({ orderNo }: Alarm, value: string, length: number): string =>
  storable(scrub(value, orderNo === null ? [] : [orderNo]), length);

function alarmRow(db: Knex, alarm: Rung) {
  const { at, kind, level, about, orderNo, isOver } = alarm;
  const key = keyOf(alarm);
  const attributes = {
    at,
    kind: storable(kind, longestLine),
    level,
    about: about === undefined ? null : storable(about, longestLine),
    text: told(alarm, alarm.zh, longestBody),
    textEn: told(alarm, alarm.en, longestBody),
    orderNo,
    over: isOver ?? false,
    messageNo: null,
    dedupeKey: key,
  };
  return { key, row: completeRow(db, attributes, at) };
}

interface When {
  now: Date;
  minutes: number;
}

/** In the order in which they rang: what rings after a matter was over is a new one. */
async function bookGroup(trx: Knex.Transaction, groupKey: string, alarms: Alarm[], when: When) {
  let ringing: Alarm[] = [];
  const settle = async () => {
    for (const level of ['info', 'warning', 'critical'] as const) {
      const own = ringing.filter((alarm) => alarm.level === level);
      const [first] = own;
      if (!first) continue;
      await link(trx, await join(trx, groupKey, first, own.length, when), own);
    }
    ringing = [];
  };
  for (const alarm of alarms) {
    if (!alarm.isOver) {
      ringing.push(alarm);
      continue;
    }
    await settle();
    for (const message of await unresolved(trx, groupKey)) {
      if (await resolveMessage(trx, message, when.now)) await link(trx, message.documentId, [alarm]);
    }
  }
  await settle();
}

const link = (trx: Knex.Transaction, messageNo: string, alarms: Alarm[]) =>
  trx('alarms').whereIn('dedupe_key', alarms.map(keyOf)).update({ message_no: messageNo });

async function unresolved(trx: Knex.Transaction, groupKey: string): Promise<MessageRow[]> {
  const rows: unknown = await trx('messages')
    .where({ group_key: groupKey })
    .whereIn('status', ['open', 'acknowledged']);
  return readRows(messageRow, rows);
}

/** The message that alarms of a group belong to: one that nobody has acknowledged yet, or a new one that is told anew. */
async function join(
  trx: Knex.Transaction,
  groupKey: string,
  first: Alarm,
  count: number,
  { now, minutes }: When,
): Promise<string> {
  const activeKey = `${groupKey}|${first.level}`;
  const active = () => trx('messages').where({ active_key: activeKey });
  const since = (ms: number) => dateValue(trx, new Date(now.getTime() - ms));
  const joined: { document_id: string }[] = await active()
    .where({ status: 'open' })
    .where('last_at', '>=', since(minutes * 60_000))
    .where('at', '>=', since(longestGroupMs))
    .update({
      count: trx.raw('?? + ?', ['count', count]),
      ...toColumns(trx, { lastAt: now, updatedAt: now }),
    })
    .returning('document_id');
  const found = joined[0] ?? (await make());
  if (!found) throw new Error(`two processes made a message of ${groupKey} at once`);
  return found.document_id;

  async function make(): Promise<{ document_id: string } | undefined> {
    await active().update({ active_key: null });
    const message = {
      at: now,
      lastAt: now,
      kind: storable(first.kind, longestLine),
      level: first.level,
      status: 'open',
      count,
      title: told(first, first.zh, 200),
      titleEn: told(first, first.en, 200),
      body: told(first, first.zh, longestBody),
      bodyEn: told(first, first.en, longestBody),
      audience: null,
      orderNo: first.orderNo,
      step: 0,
      nextStepAt: now,
      dedupeKey: keyOf(first),
      groupKey,
      activeKey,
    };
    const made: { document_id: string }[] = await trx('messages')
      .insert(completeRow(trx, message, now))
      .onConflict('active_key')
      .ignore()
      .returning('document_id');
    return made[0];
  }
}

async function groupMinutes(db: Knex): Promise<(kind: string) => number> {
  const templates = await storedTemplates(db);
  return (kind) => templates.for(kind)?.groupMinutes ?? usualGroupMinutes;
}

/**
 * Closes a message. Who was told is told that it is over; what still waits to be sent is not sent any more.
 * False when somebody else closed it.
 */
export async function resolveMessage(
  trx: Knex.Transaction,
  message: Pick<MessageRow, 'id' | 'documentId' | 'kind' | 'level'>,
  now: Date,
  by: string | null = null,
): Promise<boolean> {
  const attributes = {
    status: 'resolved',
    resolvedAt: now,
    resolvedBy: by,
    nextStepAt: null,
    activeKey: null,
    updatedAt: now,
  };
  const moved = await trx('messages')
    .where({ id: message.id })
    .whereIn('status', ['open', 'acknowledged'])
    .update(toColumns(trx, attributes));
  if (moved !== 1) return false;
  const own = () => trx('deliveries').where({ message_no: message.documentId });
  // Read first: what may have arrived is not tried again below, and yet has told of it.
  const toldTo: { target_code: string; recipient: string | null }[] = await own()
    .whereIn('status', ['sending', 'unknown', 'delivered'])
    .whereNot({ target_code: inApp })
    .distinct('target_code', 'recipient');
  await own()
    .whereIn('status', ['queued', 'unknown'])
    .update(toColumns(trx, { status: 'suppressed', nextAt: null, updatedAt: now }));
  const mayTell = await recoveryTimes(trx, message, now);
  for (const { target_code, recipient } of toldTo) {
    await queueDelivery(trx, {
      messageNo: message.documentId,
      targetCode: target_code,
      recipient,
      purpose: 'recovery',
      step: 0,
      nextAt: mayTell(target_code),
      now,
    });
  }
  await noteReached(trx, message.documentId);
  return true;
}

/** Messages on the screens themselves are a target as well, and always reach whom they are for. */
export const inApp = 'in-app';

export interface NewDelivery {
  messageNo: string;
  targetCode: string;
  recipient: string | null;
  purpose: 'alert' | 'escalation' | 'recovery';
  step: number;
  nextAt: Date;
  now: Date;
}

/** Once for each message, purpose, step, target and recipient, however often it is asked for. */
export async function queueDelivery(trx: Knex, delivery: NewDelivery): Promise<void> {
  const { messageNo, targetCode, recipient, purpose, step, nextAt, now } = delivery;
  const isThere = targetCode === inApp;
  const attributes = {
    createdTime: now,
    messageNo,
    targetCode,
    recipient,
    purpose,
    step,
    status: isThere ? 'delivered' : 'queued',
    attempts: 0,
    nextAt: isThere ? null : nextAt,
    deliveredAt: isThere ? now : null,
    dedupeKey: storable(`${messageNo}:${purpose}:${step}:${targetCode}:${recipient ?? ''}`, longestLine),
  };
  await trx('deliveries')
    .insert(completeRow(trx, attributes, now))
    .onConflict('dedupe_key')
    .ignore();
}
