import { writeLightly } from '@hospital-pay/jobs';
import type { Knex } from 'knex';
import { z } from 'zod';
import { type Alarm, type Core, keepAlarm, messageOf, tell, wake } from './core';
import { automatic, type Ledger } from './ledger';
import { splitSchema } from './mixed/claim';
import { bookedByHis, refusedByHis } from './mixed/his';
import { fromRow, toColumns } from './rows';
import { currencySchema, sceneSchema } from './store';
import { outboxTries } from './timing';
import { inTrace } from './trace';
import type { Outbox, OutboxTopics, SendResult } from './types';

export interface OutboxRoom extends Outbox {
  /** `id`: `<topic> <dedupe key>`. Sends what is due. */
  deliver(id: string): Promise<void>;
}

type Senders = {
  [Topic in keyof OutboxTopics]?: (
    payload: OutboxTopics[Topic],
    context: { attempt: number },
  ) => Promise<SendResult>;
};

const text = z.string().nullable();
const confirmSchema = z.object({
  orderNo: z.string(),
  merchantCode: z.string(),
  merchantOrderNo: z.string(),
  businessNo: text,
  bizType: text,
  amountFen: z.number().int(),
  currency: currencySchema,
  channel: z.string(),
  scene: sceneSchema,
  channelTradeNo: text,
  paidAt: z.string(),
  patientId: text,
  cardNo: text,
  terminalCode: text,
  operatorCode: text,
  mixed: splitSchema.extend({ insuranceOrderNo: text, cashOrderNo: text }).exactOptional(),
});
const refundSchema = confirmSchema.extend({
  refundNo: z.string(),
  merchantRefundNo: z.string(),
  refundFen: z.number().int(),
  reason: z.string(),
  channelRefundNo: text,
  refundedAt: z.string(),
});

const alarmSchema = z.object({
  kind: z.string(),
  level: z.enum(['info', 'warning', 'critical']),
  zh: z.string(),
  en: z.string(),
  orderNo: text,
  dedupeKey: z.string(),
  about: z.string().optional(),
  isOver: z.boolean().optional(),
});

const rowSchema = z.object({
  id: z.number(),
  topic: z.enum(['his.confirm', 'his.refund', 'alarm']),
  dedupeKey: z.string(),
  /** An alarm names its order in its payload. */
  orderNo: text,
  payload: z.unknown(),
  status: z.enum(['pending', 'done', 'refused', 'dead']),
  attempts: z.number(),
});
type OutboxRow = z.infer<typeof rowSchema>;

/** Null for what is not about a mixed payment. */
const mixedOf = (row: OutboxRow) =>
  row.topic === 'his.confirm' ? (confirmSchema.safeParse(row.payload).data?.mixed ?? null) : null;

/** A sender that died with its process is followed by another after this. */
const claimMs = 60_000;

export function createOutbox(core: Core, ledger: Ledger): OutboxRoom {
  const { db, clock } = core;
  const senders: Senders = {};
  ledger.tellsRefunds = () => senders['his.refund'] !== undefined;

  const read = async (topic: string, dedupeKey: string): Promise<OutboxRow | undefined> => {
    const row: object | undefined = await db('outboxes').where({ topic, dedupe_key: dedupeKey }).first();
    return row === undefined ? undefined : rowSchema.parse(fromRow({ ...row }));
  };

  const send = async (row: OutboxRow, attempt: number): Promise<SendResult> => {
    try {
      switch (row.topic) {
        case 'his.confirm': {
          const sender = senders['his.confirm'];
          return sender
            ? await sender(confirmSchema.parse(row.payload), { attempt })
            : { kind: 'retry', error: 'no sender' };
        }
        case 'his.refund': {
          const sender = senders['his.refund'];
          return sender
            ? await sender(refundSchema.parse(row.payload), { attempt })
            : { kind: 'retry', error: 'no sender' };
        }
        case 'alarm': {
          const sender = senders.alarm;
          return sender
            ? await sender(alarmSchema.parse(row.payload), { attempt })
            : { kind: 'retry', error: 'no sender' };
        }
        default:
          return row.topic satisfies never;
      }
    } catch (error) {
      return { kind: 'retry', error: messageOf(error) };
    }
  };

  /** What HIS is told belongs to the trace in which the order was made. */
  const traceOf = async (orderNo: string | null): Promise<string | null> => {
    if (orderNo === null) return null;
    const order: { trace_id: string | null } | undefined = await db('orders')
      .where({ order_no: orderNo })
      .first('trace_id');
    return order?.trace_id ?? null;
  };

  const finish = (trx: typeof db, row: OutboxRow, attributes: Record<string, unknown>) =>
    trx('outboxes')
      .where({ id: row.id, status: 'pending' })
      .update(toColumns(trx, { nextAt: null, doneAt: clock.now(), ...attributes }));

  const done = async (row: OutboxRow, result: Extract<SendResult, { kind: 'done' }>) => {
    await db.transaction(async (trx) => {
      if ((await finish(trx, row, { status: 'done', lastError: null })) !== 1 || row.topic !== 'his.confirm')
        return;
      const word = toColumns(trx, {
        hisState: 'confirmed',
        hisOrderNo: result.hisOrderNo,
        receiptNo: result.receiptNo,
        updatedAt: clock.now(),
      });
      if (mixedOf(row)) await bookedByHis(trx, row.orderNo, word);
      else await trx('orders').where({ order_no: row.orderNo }).update(word);
    });
    tellChanged(row);
  };

  const tellChanged = (row: OutboxRow) => {
    const { insuranceOrderNo, cashOrderNo } = mixedOf(row) ?? {};
    const concerned = mixedOf(row) ? [insuranceOrderNo, cashOrderNo] : [row.orderNo];
    for (const orderNo of concerned) if (orderNo) core.events.emit('order.changed', { orderNo });
  };

  /** True when the merchant has chosen that refused money goes back by itself, and there is some. */
  const giveBack = async (trx: Knex.Transaction, row: OutboxRow, reason: string): Promise<boolean> => {
    if (row.topic !== 'his.confirm' || row.orderNo === null) return false;
    if (mixedOf(row)) return refusedByHis(core, trx, row.orderNo, reason);
    const order = await ledger.lockOrder(trx, row.orderNo);
    await trx('orders')
      .where({ id: order.id })
      .update(toColumns(trx, { hisState: 'refused', updatedAt: clock.now() }));
    const owner = await trx('merchants').where({ code: order.merchantCode }).first('his_refusal');
    const left = order.paidFen - order.refundedFen - order.refundingFen;
    if (owner?.his_refusal !== 'refund' || left <= 0) return false;
    await ledger.reserveRefund(trx, order, automatic(order, 'his_refused', left, `HIS ${reason}`));
    return true;
  };

  /** HIS will not book it: the money goes back, or a person takes the case, as the merchant has chosen. */
  const refused = async (row: OutboxRow, result: Extract<SendResult, { kind: 'refused' }>) => {
    const lastError = `${result.code} ${result.message}`;
    const settled = await db.transaction(async (trx) => {
      if ((await finish(trx, row, { status: 'refused', lastError })) !== 1) return undefined;
      const isRefunded = await giveBack(trx, row, result.message);
      const alarm = refusalAlarm(row, result.message, isRefunded);
      await keepAlarm(core, trx, alarm);
      return { isRefunded, alarm };
    });
    if (!settled) return;
    tell(core, settled.alarm);
    if (row.orderNo === null) return;
    tellChanged(row);
    if (!settled.isRefunded) return;
    if (mixedOf(row)) return wake(core, 'mixed', row.orderNo, clock.now());
    const refunds: { refund_no: string }[] = await db('refunds')
      .where({ order_no: row.orderNo, status: 'requested' })
      .select('refund_no');
    for (const refund of refunds) wake(core, 'refund', refund.refund_no, clock.now());
  };

  const retry = async (row: OutboxRow, attempt: number, error: string) => {
    // Our own messages are tried for ever; HIS is given up on, aloud.
    const seconds = outboxTries[attempt] ?? (row.topic === 'alarm' ? outboxTries.at(-1) : undefined);
    if (seconds === undefined) {
      const alarm = silenceAlarm(row);
      await db.transaction(async (trx) => {
        await finish(trx, row, { status: 'dead', lastError: error });
        await keepAlarm(core, trx, alarm);
      });
      tell(core, alarm);
      return;
    }
    const nextAt = new Date(clock.now().getTime() + seconds * 1000);
    await db('outboxes')
      .where({ id: row.id, status: 'pending' })
      .update(toColumns(db, { nextAt, lastError: error }));
    wake(core, 'outbox', `${row.topic} ${row.dedupeKey}`, nextAt);
  };

  return {
    handle(topic, sender) {
      Object.assign(senders, { [topic]: sender });
    },
    async deliver(id) {
      const space = id.indexOf(' ');
      const row = await read(id.slice(0, space), id.slice(space + 1));
      // Without a sender the row waits untouched: HIS is not counted as silent for our own lack.
      if (row?.status !== 'pending' || !senders[row.topic]) return;
      const now = clock.now();
      const [due, claimed] = [new Date(now.getTime() + 20), new Date(now.getTime() + claimMs)];
      const attempt = row.attempts + 1;
      const claim = db('outboxes')
        .where({ id: row.id, status: 'pending', attempts: row.attempts })
        .where('next_at', '<=', toColumns(db, { due }).due ?? 0)
        .update(toColumns(db, { attempts: attempt, nextAt: claimed }));
      if ((await writeLightly(db, claim)) !== 1) return;
      const result = await inTrace(await traceOf(row.orderNo), () => send(row, attempt));
      switch (result.kind) {
        case 'done':
          return done(row, result);
        case 'refused':
          return refused(row, result);
        case 'retry':
          return retry(row, attempt, result.error);
        default:
          return result satisfies never;
      }
    },
  };
}

const refusalAlarm = (row: OutboxRow, reason: string, isRefunded: boolean): Alarm => ({
  kind: 'his_refused',
  level: isRefunded ? 'warning' : 'critical',
  zh: `HIS 拒绝入账订单 ${row.orderNo}：${reason}${isRefunded ? '，已自动退款' : '，请处理'}`,
  en: `HIS refused order ${row.orderNo}: ${reason}${isRefunded ? '; the money goes back' : '; a person must decide'}`,
  orderNo: row.orderNo,
  dedupeKey: `his-refused:${row.topic}:${row.dedupeKey}`,
});

const silenceAlarm = (row: OutboxRow): Alarm => ({
  kind: 'his_silent',
  level: 'critical',
  zh: `订单 ${row.orderNo} 多次通知 HIS 未成功，请核对 HIS 是否已入账`,
  en: `HIS could not be told about order ${row.orderNo}: find out whether it has booked it`,
  orderNo: row.orderNo,
  dedupeKey: `his-silent:${row.topic}:${row.dedupeKey}`,
});
