import { writeLightly } from '@hospital-pay/jobs';
import { z } from 'zod';
import type { Acknowledgement, NotificationEvent, Outcome, RawNotification } from './contract';
import { type Core, messageOf, raise } from './core';
import { splitSchema } from './mixed/claim';
import { orderNoOfRefund } from './numbers';
import type { OrdersRoom } from './orders';
import type { RefundsRoom } from './refunds';
import { completeRow, fromRow, isUniqueViolation, toColumns } from './rows';
import { currencySchema, findRow } from './store';
import type { Notifications } from './types';

export interface NotificationsRoom extends Notifications {
  /** Handles a stored notification; again and again changes nothing. */
  handle(id: number): Promise<void>;
}

const moment = z.coerce.date();
const amount = z.number().int();

/** An event as the table keeps it: what was JSON becomes an outcome again. */
const outcomeSchema = z.discriminatedUnion('kind', [
  z.object({
    kind: z.literal('paid'),
    amount,
    currency: currencySchema,
    channelNo: z.string(),
    paidAt: moment,
    payer: z.string().exactOptional(),
    split: splitSchema.exactOptional(),
  }),
  z.object({
    kind: z.literal('refunded'),
    amount,
    currency: currencySchema,
    channelNo: z.string(),
    refundedAt: moment,
  }),
  z.object({ kind: z.literal('pending'), channelNo: z.string().exactOptional() }),
  z.object({ kind: z.literal('closed'), reversed: z.boolean() }),
  z.object({ kind: z.literal('failed'), code: z.string(), message: z.string() }),
  z.object({ kind: z.literal('unknown'), cause: z.string(), code: z.string().exactOptional() }),
]);

const eventSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('payment'), attemptNo: z.string(), outcome: outcomeSchema }),
  z.object({
    kind: z.literal('refund'),
    attemptNo: z.string(),
    refundNo: z.string(),
    outcome: outcomeSchema,
  }),
]);

const stored = z.object({
  id: z.number(),
  accountCode: z.string(),
  event: eventSchema,
  handledAt: z.date().nullable(),
});

/** Channels give up after 5 s; what takes longer is done by the sweep, from the table. */
const patienceMs = 3000;

export function createNotifications(core: Core, orders: OrdersRoom, refunds: RefundsRoom): NotificationsRoom {
  const { db, clock } = core;
  const inFlight = new Map<number, Promise<void>>();

  const record = (
    accountCode: string,
    channel: string | null,
    startedAt: Date,
    answer: Acknowledgement,
    read: { orderNo?: string; request: string; errorCode?: string; errorMessage?: string },
  ) => {
    core.events.emit('channel.call', {
      method: 'notify',
      url: `/api/notify/${accountCode}`,
      request: read.request,
      response: answer.body,
      httpStatus: answer.status,
      startedAt,
      durationMs: clock.now().getTime() - startedAt.getTime(),
      channel,
      accountCode,
      orderNo: read.orderNo ?? null,
      tradeType: channel,
      direction: 'in',
      ...(read.errorCode ? { errorCode: read.errorCode } : {}),
      ...(read.errorMessage ? { errorMessage: read.errorMessage } : {}),
    });
  };

  /** The order or refund it speaks of, if it is ours and this account's. */
  const subjectOf = async (accountCode: string, event: NotificationEvent) => {
    if (event.kind === 'payment') {
      const order = await findRow(db, 'orders', { order_no: event.attemptNo, account_code: accountCode });
      return order?.orderNo;
    }
    const refund = await findRow(db, 'refunds', { refund_no: event.refundNo, account_code: accountCode });
    return refund?.orderNo;
  };

  const apply = async (accountCode: string, event: NotificationEvent): Promise<void> => {
    const orderNo = await subjectOf(accountCode, event);
    if (orderNo === undefined) {
      const name = event.kind === 'payment' ? event.attemptNo : event.refundNo;
      await raise(core, {
        kind: 'foreign_notification',
        level: 'critical',
        zh: `账户 ${accountCode} 收到未知单号 ${name} 的通知`,
        en: `Account ${accountCode} was notified about ${name}, which is not ours`,
        orderNo: null,
        dedupeKey: `foreign:${accountCode}:${name}`,
      });
      return;
    }
    const outcome: Outcome = event.outcome;
    if (event.kind === 'payment') await orders.hear(orderNo, outcome);
    else await refunds.hear(event.refundNo, outcome);
  };

  const handleOnce = async (id: number): Promise<void> => {
    const row: object | undefined = await db('notifications').where({ id }).first();
    if (!row) return;
    const notification = stored.parse(fromRow({ ...row }));
    if (notification.handledAt) return;
    await apply(notification.accountCode, notification.event);
    // What it booked is committed; handled once more after a power cut it would change nothing.
    await writeLightly(
      db,
      db('notifications')
        .where({ id })
        .update(toColumns(db, { handledAt: clock.now() })),
    );
  };

  const handle = (id: number): Promise<void> => {
    const running = inFlight.get(id) ?? handleOnce(id).finally(() => inFlight.delete(id));
    inFlight.set(id, running);
    return running;
  };

  /** The row's id; the same notification again only counts up. */
  const store = async (
    accountCode: string,
    channel: string,
    notificationId: string,
    event: NotificationEvent,
  ): Promise<number> => {
    const now = clock.now();
    const where = { account_code: accountCode, notification_id: notificationId.slice(0, 128) };
    try {
      const row = {
        channel,
        accountCode,
        notificationId: where.notification_id,
        attemptNo: event.attemptNo,
        refundNo: event.kind === 'refund' ? event.refundNo : null,
        event,
        receivedAt: now,
        times: 1,
      };
      // What it books reaches the disk with it, before the channel hears that it was taken.
      await writeLightly(db, db('notifications').insert(completeRow(db, row, now)));
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      await db('notifications').where(where).increment('times', 1);
    }
    const row: { id: number } | undefined = await db('notifications').where(where).first('id');
    if (!row) throw new Error('a stored notification is gone');
    return row.id;
  };

  return {
    handle,
    async receive(accountCode, raw: RawNotification) {
      const startedAt = clock.now();
      const account = await core.accounts.connect(accountCode).catch((error: unknown) => {
        core.log.error(`notification for ${accountCode}: ${messageOf(error)}`);
      });
      const read = account?.driver.readNotification;
      if (!account || !read) {
        const answer = { status: 404, contentType: 'text/plain', body: 'no such account' };
        record(accountCode, account?.manifest.code ?? null, startedAt, answer, {
          request: `${raw.body.length} bytes`,
          errorCode: 'ACCOUNT_UNKNOWN',
        });
        return answer;
      }
      const channel = account.manifest.code;
      const reading = await read.call(account.driver, raw);
      switch (reading.kind) {
        case 'rejected':
          record(accountCode, channel, startedAt, reading.answer, {
            request: `${raw.body.length} bytes`,
            errorCode: reading.code,
            errorMessage: reading.cause,
          });
          return reading.answer;
        case 'ignored':
          record(accountCode, channel, startedAt, reading.accepted, { request: `${raw.body.length} bytes` });
          return reading.accepted;
        case 'event': {
          const { event, accepted } = reading;
          const orderNo = event.kind === 'payment' ? event.attemptNo : orderNoOfRefund(event.refundNo);
          const request = JSON.stringify({
            id: reading.notificationId,
            kind: event.kind,
            attemptNo: event.attemptNo,
            outcome: withoutPayer(event.outcome),
          });
          let id: number;
          try {
            id = await store(accountCode, channel, reading.notificationId, event);
          } catch (error) {
            core.log.error(`notification for ${accountCode} not stored: ${messageOf(error)}`);
            record(accountCode, channel, startedAt, reading.retry, {
              request,
              orderNo,
              errorCode: 'NOT_STORED',
              errorMessage: messageOf(error),
            });
            return reading.retry;
          }
          const handled = handle(id).catch((error: unknown) =>
            core.log.error(`notification ${id}: ${messageOf(error)}`),
          );
          await withPatience(handled);
          record(accountCode, channel, startedAt, accepted, { request, orderNo });
          return accepted;
        }
        default:
          return reading satisfies never;
      }
    },
  };
}

async function withPatience(work: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const over = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, patienceMs);
  });
  await Promise.race([work, over]);
  clearTimeout(timer);
}

function withoutPayer(outcome: Outcome): Outcome {
  if (outcome.kind !== 'paid') return outcome;
  const { payer: _, ...rest } = outcome;
  return rest;
}
