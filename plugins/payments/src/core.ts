import type { Clock, Leases, Queue } from '@hospital-pay/jobs';
import type { Knex } from 'knex';
import type { Circuits } from './circuits';
import type { ChannelManifest } from './contract';
import type { ErrorKnowledge } from './error-knowledge';
import { fail } from './errors';
import type { Locks } from './locks';
import { completeRow, insertRow } from './rows';
import type {
  Accounts,
  Caller,
  ChannelSwitches,
  Events,
  Grace,
  HisConfirmPayload,
  HisRefundPayload,
  PaymentEvents,
  Vault,
} from './types';

/** What the parts of this room share in one running application. */
export interface Core {
  db: Knex;
  clock: Clock;
  queue: Queue;
  leases: Leases;
  locks: Locks;
  events: Events;
  vault: Vault;
  manifests(): ReadonlyMap<string, ChannelManifest>;
  accounts: Accounts;
  channelSwitches: ChannelSwitches;
  circuits: Circuits;
  errorKnowledge: ErrorKnowledge;
  grace: Grace;
  log: { error(text: string): void };
}

/** @throws MERCHANT_FORBIDDEN */
export function checkMerchant(caller: Caller, merchantCode: string): void {
  switch (caller.kind) {
    case 'application':
      if (caller.merchantCode !== merchantCode) throw fail('MERCHANT_FORBIDDEN');
      return;
    case 'staff':
      if (caller.merchantCodes && !caller.merchantCodes.includes(merchantCode))
        throw fail('MERCHANT_FORBIDDEN');
      return;
    case 'system':
      return;
    default:
      caller satisfies never;
  }
}

export type Alarm = PaymentEvents['alarm'];

/** Keeps an alarm with the change that gave rise to it: it is told even if the process dies right after. */
export async function keepAlarm(core: Core, trx: Knex, alarm: Alarm): Promise<void> {
  const now = core.clock.now();
  const { dedupeKey } = alarm;
  const waiting = { status: 'pending', attempts: 0, nextAt: now, createdTime: now };
  await trx('outboxes')
    .insert(completeRow(trx, { topic: 'alarm', dedupeKey, payload: alarm, ...waiting }, now))
    .onConflict(['topic', 'dedupe_key'])
    .ignore();
}

/** Keeps what HIS is to be told with the change that gave rise to it. */
export async function post(
  core: Core,
  trx: Knex,
  topic: 'his.confirm' | 'his.refund',
  dedupeKey: string,
  orderNo: string,
  payload: HisConfirmPayload | HisRefundPayload,
): Promise<void> {
  const now = core.clock.now();
  const waiting = { status: 'pending', attempts: 0, nextAt: now, createdTime: now };
  await insertRow(trx, 'outboxes', { topic, dedupeKey, orderNo, payload, ...waiting }, now);
}

/** Tells an alarm that is kept. */
export function tell(core: Core, alarm: Alarm): void {
  core.events.emit('alarm', alarm);
  wake(core, 'outbox', `alarm ${alarm.dedupeKey}`, core.clock.now());
}

export async function raise(core: Core, alarm: Alarm): Promise<void> {
  await keepAlarm(core, core.db, alarm);
  tell(core, alarm);
}

/** Jobs further away than this are left to the sweep. */
const horizonMs = 60_000;

/** Wakes a worker at a time; the row's own `next…At` is what counts. */
export function wake(
  core: Core,
  job: 'order' | 'refund' | 'mixed' | 'outbox' | 'notification',
  id: string,
  at: Date | null,
  tag = '',
): void {
  if (!at) return;
  const delay = at.getTime() - core.clock.now().getTime();
  if (delay > horizonMs) return;
  core.queue
    .add(`payments-${job}`, { id }, { id: `${id}@${tag || at.getTime()}`, delay: Math.max(delay, 0) })
    .catch((error: unknown) => core.log.error(`waking ${job} ${id}: ${messageOf(error)}`));
}

export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
