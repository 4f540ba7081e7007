import { randomUUID } from 'node:crypto';
import type { Clock, Queue } from '@hospital-pay/jobs';
import { toColumns, type Vault } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';
import { bookAlarms, type Rung, resolveMessage } from './book';
import { compose, type Note, type Said } from './compose';
import { dueTargets, serveTarget } from './deliver';
import type { Guard } from './guard';
import { planDue } from './plan';
import type { SendOutcome } from './post';
import { type Forgotten, forgetOld } from './retention';
import { hospitalZone, messageRow, readRows, type TemplateRow } from './rows';
import { createTargetStore, type TargetStore } from './target-store';

/** What somebody is told: alarms become messages, messages reach people. */
export interface Messages {
  targets: TargetStore;
  /** Keeps alarms and makes messages of them; done when they are stored. */
  book(alarms: readonly Rung[]): Promise<void>;
  /** Stops the escalation: somebody is at it. @throws MESSAGE_NOT_FOUND, MESSAGE_RESOLVED */
  acknowledge(messageNo: string, username: string): Promise<void>;
  /** @throws MESSAGE_NOT_FOUND */
  resolve(messageNo: string, username: string): Promise<void>;
  testTarget(code: string): Promise<SendOutcome>;
  preview(template: TemplateRow, language: 'zh' | 'en'): Promise<Note>;
  /** Plans what is due and wakes those who send. */
  sweep(): Promise<void>;
  /** Removes what is no longer kept. */
  forget(): Promise<Forgotten>;
  work(queue: Queue): void;
}

export interface MessagesOptions {
  db: Knex;
  clock: Clock;
  queue: Queue;
  vault: Vault;
  guard: Guard;
  warn(text: string): void;
  changed(): void;
  limitMs?: number | undefined;
}

const deliverJob = 'monitoring-deliver';
const sweepEveryMs = 1000;
/** Dead targets hold a place each for as long as a call may take. */
const targetsAtOnce = 20;
const payload = z.object({ target: z.string() });

export function createMessages(options: MessagesOptions): Messages {
  const { db, clock, queue, warn, changed } = options;
  const now = () => clock.now();
  const targets = createTargetStore({ ...options, now });
  /** Targets that the queue has been asked to wake and has not answered for. */
  const waking = new Set<string>();

  async function find(messageNo: string) {
    const [message] = readRows(messageRow, await db('messages').where({ document_id: messageNo }));
    if (!message) throw fail('MESSAGE_NOT_FOUND');
    return message;
  }

  async function book(alarms: readonly Rung[]): Promise<void> {
    if (alarms.length === 0) return;
    await bookAlarms(db, alarms, now());
    changed();
  }

  async function sweep(): Promise<void> {
    if (await planDue(db, now(), () => targets.list())) changed();
    for (const target of await dueTargets(db, now())) {
      if (waking.has(target)) continue;
      waking.add(target);
      // Not waited for: a queue that is away must not hold up the others, and the next look asks again.
      queue
        .add(deliverJob, { target }, { id: target })
        .catch((error: unknown) =>
          warn(`waking ${target}: ${error instanceof Error ? error.message : error}`),
        )
        .finally(() => waking.delete(target));
    }
  }

  const example = (kind: string): Said => ({
    kind,
    level: 'warning',
    count: 3,
    orderNo: '1301178801201810300718384501837',
    at: now(),
    lastAt: now(),
    title: '这是一条测试消息',
    titleEn: 'This is a test message',
    body: '收到即表示通知渠道可用，无需处理。',
    bodyEn: 'Having it means that the target works; nothing needs to be done.',
  });

  return {
    targets,
    book,
    sweep,
    forget: () => forgetOld(db, now()),
    async acknowledge(messageNo, username) {
      const message = await find(messageNo);
      const attributes = {
        status: 'acknowledged',
        acknowledgedAt: now(),
        acknowledgedBy: username,
        nextStepAt: null,
        updatedAt: now(),
      };
      const moved = await db('messages')
        .where({ id: message.id, status: 'open' })
        .update(toColumns(db, attributes));
      if (moved === 1) return;
      if ((await find(messageNo)).status === 'resolved') throw fail('MESSAGE_RESOLVED');
    },
    async resolve(messageNo, username) {
      const message = await find(messageNo);
      await db.transaction((trx) => resolveMessage(trx, message, now(), username));
      changed();
    },
    async testTarget(code) {
      const target = await targets.open(code);
      if (!target) throw fail('TARGET_UNKNOWN', { code });
      const summary = (await targets.list()).find((one) => one.code === code);
      const note = compose(
        { ...example('alert'), count: 1, orderNo: null },
        {
          id: randomUUID().replaceAll('-', '').slice(0, 24),
          purpose: 'test',
          language: target.language,
          zone: await hospitalZone(db),
          template: undefined,
        },
      );
      const addresses = summary?.addresses ?? [null];
      if (addresses.length === 0) throw fail('TARGET_WITHOUT_ADDRESS', { code });
      let outcome: SendOutcome = { kind: 'delivered' };
      for (const address of addresses) {
        outcome = await target.send(note, address, now());
        if (outcome.kind !== 'delivered') break;
      }
      await targets.noteTest(code, outcome.kind === 'delivered' ? 'OK' : outcome.error);
      return outcome;
    },
    async preview(template, language) {
      const zone = await hospitalZone(db);
      return compose(example(template.kind), { id: 'PREVIEW1', purpose: 'alert', language, zone, template });
    },
    work(jobs) {
      const delivering = {
        db,
        now,
        targets,
        raise: (alarm: Omit<Rung, 'at'>) => book([{ ...alarm, at: now() }]),
      };
      jobs.work(
        deliverJob,
        ({ payload: given }, stopping) => serveTarget(payload.parse(given).target, delivering, stopping),
        { concurrency: targetsAtOnce },
      );
      jobs.every('monitoring-messages', sweepEveryMs, sweep);
      jobs.every('monitoring-messages-of-old', '40 3 * * *', async () => {
        await forgetOld(db, now());
      });
    },
  };
}
