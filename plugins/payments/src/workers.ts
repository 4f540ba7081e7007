import { z } from 'zod';
import { type Core, messageOf, wake } from './core';
import type { MixedRoom } from './mixed/mixed';
import type { NotificationsRoom } from './notifications';
import type { OrdersRoom } from './orders';
import type { OutboxRoom } from './outbox';
import type { RefundsRoom } from './refunds';
import { dateValue, isPostgres, toColumns } from './rows';

const sweepMs = 2000;
const batch = 200;
const housekeepingMs = 10 * 60_000;
/** What cannot even be tried (an account misconfigured, a database in trouble) is tried again after this. */
const troubleMs = 60_000;
/** Younger notifications are being handled by whoever received them. */
const notificationGraceMs = 5000;

const payloadSchema = z.object({ id: z.string() });

/** The tables hold the work; this finds what is due and has it done, also after a crash or a lost queue. */
export function startWorkers(
  core: Core,
  rooms: {
    orders: OrdersRoom;
    refunds: RefundsRoom;
    mixed: MixedRoom;
    outbox: OutboxRoom;
    notifications: NotificationsRoom;
  },
): void {
  const { db, clock, queue } = core;

  const work = (
    job: string,
    run: (id: string) => Promise<void>,
    postpone?: (id: string) => Promise<unknown>,
  ) =>
    queue.work(
      `payments-${job}`,
      async ({ payload }) => {
        const { id } = payloadSchema.parse(payload);
        try {
          await run(id);
        } catch (error) {
          core.log.error(`${job} ${id}: ${messageOf(error)}`);
          await postpone?.(id);
        }
      },
      { concurrency: 10 },
    );

  const later = () => new Date(clock.now().getTime() + troubleMs);
  const postponeIn = (table: 'orders' | 'refunds', column: 'order_no' | 'refund_no') => (id: string) =>
    db(table)
      .where({ [column]: id })
      .whereNotNull('next_query_at')
      .update(toColumns(db, { nextQueryAt: later() }));

  work('order', rooms.orders.advance, postponeIn('orders', 'order_no'));
  work('refund', rooms.refunds.advance, postponeIn('refunds', 'refund_no'));
  work('mixed', rooms.mixed.advance, (id) =>
    db('mixed_payments')
      .where({ mixed_no: id })
      .whereNotNull('next_look_at')
      .update(toColumns(db, { nextLookAt: later() })),
  );
  work('outbox', rooms.outbox.deliver);
  work('notification', (id) => rooms.notifications.handle(Number(id)));

  const sweep = async () => {
    const now = clock.now();
    const due = dateValue(db, now);
    const orders: { order_no: string }[] = await db('orders')
      .where('next_query_at', '<=', due)
      .orderBy('next_query_at')
      .limit(batch)
      .select('order_no');
    for (const row of orders) wake(core, 'order', row.order_no, now, 'sweep');
    const refunds: { refund_no: string }[] = await db('refunds')
      .where('next_query_at', '<=', due)
      .orderBy('next_query_at')
      .limit(batch)
      .select('refund_no');
    for (const row of refunds) wake(core, 'refund', row.refund_no, now, 'sweep');
    const mixed: { mixed_no: string }[] = await db('mixed_payments')
      .where('next_look_at', '<=', due)
      .orderBy('next_look_at')
      .limit(batch)
      .select('mixed_no');
    for (const row of mixed) wake(core, 'mixed', row.mixed_no, now, 'sweep');
    const outbox: { topic: string; dedupe_key: string }[] = await db('outboxes')
      .where({ status: 'pending' })
      .where('next_at', '<=', due)
      .orderBy('next_at')
      .limit(batch)
      .select('topic', 'dedupe_key');
    for (const row of outbox) wake(core, 'outbox', `${row.topic} ${row.dedupe_key}`, now, 'sweep');
    const notifications: { id: number }[] = await db('notifications')
      .whereNull('handled_at')
      .where('received_at', '<=', dateValue(db, new Date(now.getTime() - notificationGraceMs)))
      .limit(batch)
      .select('id');
    for (const row of notifications) wake(core, 'notification', String(row.id), now, 'sweep');
  };

  queue.every('payments-sweep', sweepMs, sweep);
  queue.every('payments-housekeeping', housekeepingMs, async () => {
    const now = clock.now();
    await db('request_nonces').where('expires_at', '<', dateValue(db, now)).delete();
    for (const prefix of ['order:', 'job:', 'idempotency:']) await core.leases.purge(now, prefix);
  });
}

/** SQLite has one process: what a process before it held or was doing is nobody's now. */
export async function takeOver(core: Core): Promise<void> {
  const { db, clock } = core;
  if (isPostgres(db)) return;
  await db('leases').where('name', 'like', 'order:%').orWhere('name', 'like', 'job:%').delete();
  await db('orders')
    .where({ status: 'created' })
    .update(toColumns(db, { nextQueryAt: clock.now() }));
}
