import { PassThrough } from 'node:stream';
import { access, type SignedInAccount } from '@hospital-pay/access';
import { toColumns } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Knex } from 'knex';
import type { Context } from 'koa';
import { inApp } from './book';

export interface Inbox {
  unread: number;
  latest: {
    messageNo: string;
    level: string;
    kind: string;
    title: string;
    titleEn: string | null;
    at: Date;
  } | null;
}

/** What one account has not read yet. */
export async function inboxOf(db: Knex, username: string): Promise<Inbox> {
  const own = () =>
    db('deliveries')
      .where({ 'deliveries.recipient': username, 'deliveries.target_code': inApp })
      .whereNull('deliveries.read_at');
  const counted = await own().countDistinct({ count: 'message_no' }).first();
  const last:
    | {
        document_id: string;
        level: string;
        kind: string;
        title: string;
        title_en: string | null;
        at: Date | number;
      }
    | undefined = await own()
    .join('messages', 'messages.document_id', 'deliveries.message_no')
    .orderBy('deliveries.id', 'desc')
    .first(
      'messages.document_id',
      'messages.level',
      'messages.kind',
      'messages.title',
      'messages.title_en',
      'messages.at',
    );
  return {
    unread: Number(counted?.count ?? 0),
    latest: last
      ? {
          messageNo: last.document_id,
          level: last.level,
          kind: last.kind,
          title: last.title,
          titleEn: last.title_en,
          at: new Date(last.at),
        }
      : null,
  };
}

/** One message, or all of them, as read by this account. */
export async function readInbox(
  db: Knex,
  username: string,
  messageNo: string | undefined,
  now: Date,
): Promise<void> {
  await db('deliveries')
    .where({
      recipient: username,
      target_code: inApp,
      ...(messageNo === undefined ? {} : { message_no: messageNo }),
    })
    .whereNull('read_at')
    .update(toColumns(db, { readAt: now }));
}

export interface InboxWatch {
  watch(username: string, show: (inbox: Inbox) => void): () => void;
  /** Something may have arrived. */
  changed(): void;
  close(): void;
}

/** How soon what another process wrote is seen. */
const lookEveryMs = 2000;

/** Looks for all who watch together, and only while somebody does. */
export function createInboxWatch(db: () => Knex, failed: (error: unknown) => void): InboxWatch {
  const watchers = new Map<(inbox: Inbox) => void, string>();
  let timer: NodeJS.Timeout | undefined;
  let looking: Promise<void> | undefined;

  async function look(): Promise<void> {
    for (const username of new Set(watchers.values())) {
      const inbox = await inboxOf(db(), username);
      for (const [show, who] of watchers) if (who === username) show(inbox);
    }
  }
  const changed = (): void => {
    if (watchers.size === 0 || looking) return;
    looking = look()
      .catch(failed)
      .finally(() => {
        looking = undefined;
      });
  };
  return {
    changed,
    watch(username, show) {
      watchers.set(show, username);
      timer ??= setInterval(changed, lookEveryMs).unref();
      changed();
      return () => {
        watchers.delete(show);
        if (watchers.size > 0) return;
        clearInterval(timer);
        timer = undefined;
      };
    },
    close() {
      watchers.clear();
      clearInterval(timer);
    },
  };
}

const heartbeatMs = 5000;

/** The inbox as Server-Sent Events, until the reader goes or is signed in no longer. */
export function streamInbox(strapi: Core.Strapi, watch: InboxWatch, ctx: Context): void {
  const { username }: SignedInAccount = ctx.state.account;
  const token = ctx.get('authorization').replace(/^Bearer\s+/i, '');
  const stream = new PassThrough();
  let last = '';
  const stopWatching = watch.watch(username, (inbox) => {
    const data = JSON.stringify(inbox);
    if (data === last) return;
    last = data;
    stream.write(`event: inbox\ndata: ${data}\n\n`);
  });
  const stop = (): void => {
    clearInterval(heartbeat);
    stopWatching();
  };
  const heartbeat = setInterval(() => {
    access(strapi)
      .sessions.authenticate(token)
      .then(
        () => stream.write(': still here\n\n'),
        () => {
          stop();
          stream.end();
        },
      );
  }, heartbeatMs);
  heartbeat.unref();
  stream.once('close', stop);
  stream.write('retry: 3000\n\n');
  ctx.set({
    'Content-Type': 'text/event-stream; charset=utf-8',
    // Neither compressed nor collected on its way.
    'Cache-Control': 'no-store, no-transform',
    'X-Accel-Buffering': 'no',
  });
  ctx.status = 200;
  ctx.body = stream;
}
