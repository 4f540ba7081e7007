import { formatAmount, fromRow, shiftDay } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { BillArchive } from './bills/archive';
import type { RawLine } from './engine/bill-lines';
import type { MerchantScope } from './figures';
import { findOrders, hisRecordsOf } from './order-numbers';
import { inEnglish } from './remarks';
import { hisRow, orderRow, readRow, readRows, refundRow, type StoredOrder } from './rows';

export type Tone = 'info' | 'success' | 'warning' | 'error';

export interface TimelineEntry {
  at: Date;
  kind: 'order' | 'attempt' | 'refund' | 'notification' | 'outbox' | 'his' | 'call' | 'case' | 'bill';
  zh: string;
  en: string;
  tone: Tone;
  detail?: string;
}

export type Row = Record<string, unknown>;

/** A line of an archived bill, and of which bill. */
export interface BillLineFound extends Omit<RawLine, 'raw'> {
  /** As received; `null` for who may not see patients. */
  raw: string | null;
  accountCode: string;
  date: string;
}

/** Both sides of one number, beside each other, and what happened when. */
export interface Location {
  order: Row | null;
  attempts: Row[];
  refunds: Row[];
  hisRecords: Row[];
  notifications: Row[];
  outbox: Row[];
  interfaceLogs: Row[];
  discrepancies: Row[];
  billLines: BillLineFound[];
  timeline: TimelineEntry[];
}

export interface Locator {
  /** `number`: order, merchant order, attempt, channel or HIS serial number. What only HIS knows has no order. */
  locate(number: string, scope: MerchantScope): Promise<Location>;
}

const hidden = new Set([
  'id',
  'requestHash',
  'bodyHash',
  'publishedAt',
  'locale',
  'createdById',
  'updatedById',
]);

const shown = (rows: unknown): Row[] =>
  z
    .array(z.record(z.string(), z.unknown()))
    .parse(rows)
    .map((row) => Object.fromEntries(Object.entries(fromRow(row)).filter(([name]) => !hidden.has(name))));

export function createLocator(db: Knex, archive: BillArchive): Locator {
  const scoped = (query: Knex.QueryBuilder, scope: MerchantScope): Knex.QueryBuilder =>
    scope === null ? query : query.whereIn('merchant_code', scope);
  // The indexes of what a merchant numbers itself begin with the merchant.
  const ofMerchants = (query: Knex.QueryBuilder, scope: MerchantScope): Knex.QueryBuilder =>
    query.whereIn('merchant_code', scope ?? db('merchants').select('code'));

  async function findOrder(number: string, scope: MerchantScope): Promise<StoredOrder | undefined> {
    const row: unknown =
      (await scoped(db('orders').where({ order_no: number }), scope).first()) ??
      (await ofMerchants(db('orders').where({ merchant_order_no: number }), scope).first()) ??
      (await scoped(db('orders').where({ channel_trade_no: number }), scope).first());
    if (row) return readRow(orderRow, row);
    const attempt: unknown = await db('attempts').where({ attempt_no: number }).first('order_no');
    const attempted = z.object({ order_no: z.string() }).safeParse(attempt).data?.order_no;
    const refund: unknown = await db('refunds').where({ refund_no: number }).first('order_no');
    const refunded = z.object({ order_no: z.string() }).safeParse(refund).data?.order_no;
    const orderNo = attempted ?? refunded ?? (await orderOfSerial(number, scope));
    if (orderNo === undefined) return undefined;
    return readRow(orderRow, await scoped(db('orders').where({ order_no: orderNo }), scope).first());
  }

  async function orderOfSerial(serial: string, scope: MerchantScope): Promise<string | undefined> {
    const record = readRow(
      hisRow,
      await ofMerchants(db('his_records').where({ his_serial_no: serial }), scope).first(),
    );
    return record && (await findOrders(db, record.merchantCode, [record]))(record);
  }

  async function strays(number: string, scope: MerchantScope): Promise<Row[]> {
    const under = (column: string) =>
      db('his_records')
        .where({ [column]: number })
        .select('id');
    const ids = under('order_no').union([
      under('channel_trade_no'),
      ofMerchants(under('his_serial_no'), scope),
    ]);
    return shown(await scoped(db('his_records').whereIn('id', ids), scope).orderBy('occurred_at').limit(200));
  }

  return {
    async locate(number, scope) {
      const order = await findOrder(number, scope);
      if (!order) {
        const hisRecords = await strays(number, scope);
        const serials = hisRecords.map((record) => String(record.hisSerialNo));
        const discrepancies = shown(
          await scoped(db('discrepancies'), scope)
            .where((either) =>
              either
                .where({ order_no: number })
                .orWhere({ channel_trade_no: number })
                .orWhereIn('his_serial_no', [...serials, number]),
            )
            .orderBy('occurred_at')
            .limit(200),
        ).map(inEnglish);
        const billLines = await strayLines(discrepancies);
        const found = { ...nothing, hisRecords, discrepancies, billLines };
        return { ...found, timeline: timelineOf(found) };
      }

      const byOrder = (table: string, at: string) =>
        db(table).where({ order_no: order.orderNo }).orderBy(at).limit(200);
      const attempts = shown(await byOrder('attempts', 'started_at'));
      const attemptNos = attempts.map((attempt) => String(attempt.attemptNo));
      const refunds = shown(await byOrder('refunds', 'requested_at'));
      const records = await hisRecordsOf(db, order);
      const hisRecords = shown(
        await db('his_records')
          .whereIn(
            'id',
            records.map((record) => record.id),
          )
          .orderBy('occurred_at'),
      );
      const storedRefunds = readRows(refundRow, await byOrder('refunds', 'requested_at'));
      const days = [order.settledOn, ...storedRefunds.map((refund) => refund.settledOn)];
      const found = {
        order: shown([await db('orders').where({ order_no: order.orderNo }).first()])[0] ?? null,
        attempts,
        refunds,
        hisRecords,
        notifications: shown(
          await db('notifications').whereIn('attempt_no', attemptNos).orderBy('received_at').limit(200),
        ),
        outbox: shown(await byOrder('outboxes', 'created_time')),
        interfaceLogs: shown(await byOrder('interface_logs', 'at')),
        discrepancies: shown(await byOrder('discrepancies', 'occurred_at')).map(inEnglish),
        billLines: await billLines(order, attemptNos, days),
      };
      return { ...found, timeline: timelineOf(found) };
    },
  };

  async function billLines(
    order: StoredOrder,
    attemptNos: string[],
    days: (string | null)[],
  ): Promise<BillLineFound[]> {
    if (!order.accountCode) return [];
    const known = [...new Set(days)].filter((day) => day !== null);
    const around = new Set(known.flatMap((day) => [shiftDay(day, -1), day, shiftDay(day, 1)]));
    const numbers = [...new Set([...attemptNos, order.orderNo])];
    const lines: BillLineFound[] = [];
    for (const day of [...around].sort()) lines.push(...(await linesOf(order.accountCode, day, numbers)));
    return lines;
  }

  /** What only a bill knows is found by the cases that it gave rise to. */
  async function strayLines(discrepancies: Row[]): Promise<BillLineFound[]> {
    const lines: BillLineFound[] = [];
    for (const row of discrepancies) {
      const entry = strayCase.safeParse(row);
      if (!entry.success) continue;
      const { accountCode, date, orderNo } = entry.data;
      const found = await linesOf(accountCode, date, [orderNo]);
      const isNew = (line: BillLineFound) =>
        !lines.some((known) => known.lineNo === line.lineNo && known.date === line.date);
      lines.push(...found.filter(isNew));
    }
    return lines;
  }

  async function linesOf(accountCode: string, date: string, numbers: string[]): Promise<BillLineFound[]> {
    const lines = await archive.find(accountCode, date, numbers);
    return lines.map((line) => ({ ...line, accountCode, date }));
  }
}

const strayCase = z.object({
  leg: z.literal('channel'),
  accountCode: z.string(),
  date: z.string(),
  orderNo: z.string(),
});

const nothing: Omit<Location, 'timeline'> = {
  order: null,
  attempts: [],
  refunds: [],
  hisRecords: [],
  notifications: [],
  outbox: [],
  interfaceLogs: [],
  discrepancies: [],
  billLines: [],
};

const statusTexts: Record<string, { zh: string; en: string; tone: Tone }> = {
  created: { zh: '已创建', en: 'created', tone: 'info' },
  pending: { zh: '待支付', en: 'awaiting payment', tone: 'info' },
  unknown: { zh: '结果未知', en: 'result unknown', tone: 'warning' },
  paid: { zh: '已支付', en: 'paid', tone: 'success' },
  closed: { zh: '已关闭', en: 'closed', tone: 'info' },
  reversed: { zh: '已撤销', en: 'reversed', tone: 'warning' },
  failed: { zh: '失败', en: 'failed', tone: 'error' },
  requested: { zh: '已申请', en: 'requested', tone: 'info' },
  processing: { zh: '处理中', en: 'processing', tone: 'info' },
  succeeded: { zh: '成功', en: 'succeeded', tone: 'success' },
  done: { zh: '已送达', en: 'delivered', tone: 'success' },
  refused: { zh: '被拒绝', en: 'refused', tone: 'error' },
  dead: { zh: '已放弃', en: 'given up', tone: 'error' },
  open: { zh: '未处理', en: 'open', tone: 'error' },
  pending_approval: { zh: '待审批', en: 'awaiting approval', tone: 'warning' },
  refunding: { zh: '退款中', en: 'being refunded', tone: 'warning' },
  in_transit: { zh: '在途', en: 'in transit', tone: 'info' },
  resolved: { zh: '已处理', en: 'resolved', tone: 'success' },
  void: { zh: '已自愈', en: 'healed', tone: 'success' },
};

const statusOf = (row: Row) =>
  statusTexts[String(row.status)] ?? {
    zh: String(row.status),
    en: String(row.status),
    tone: 'info' as const,
  };

const yuan = (value: unknown): string => {
  const fen = z.number().safeParse(value);
  return fen.success ? formatAmount(fen.data) : '';
};

/** What happened when, from every table that knows something; in order of time. */
export function timelineOf(found: Omit<Location, 'timeline'>): TimelineEntry[] {
  const entries: TimelineEntry[] = [];
  const add = (at: unknown, entry: Omit<TimelineEntry, 'at'>): void => {
    if (at instanceof Date) entries.push({ at, ...entry });
  };
  const { order } = found;
  if (order) {
    add(order.createdTime, {
      kind: 'order',
      zh: `下单 ${yuan(order.amountFen)}`,
      en: `Order created, ${yuan(order.amountFen)}`,
      tone: 'info',
    });
    add(order.paidAt, {
      kind: 'order',
      zh: `支付成功 ${yuan(order.paidFen)}`,
      en: `Paid ${yuan(order.paidFen)}`,
      tone: 'success',
      ...(order.channelTradeNo ? { detail: String(order.channelTradeNo) } : {}),
    });
    if (order.status !== 'paid') {
      const { zh, en, tone } = statusOf(order);
      add(order.endedAt, { kind: 'order', zh: `订单${zh}`, en: `Order ${en}`, tone });
    }
  }
  for (const attempt of found.attempts) {
    const { zh, en, tone } = statusOf(attempt);
    const detail = [attempt.attemptNo, attempt.errorCode, attempt.errorMessage].filter(Boolean).join(' ');
    add(attempt.startedAt, {
      kind: 'attempt',
      zh: '发起支付',
      en: 'Payment attempted',
      tone: 'info',
      detail,
    });
    add(attempt.endedAt, { kind: 'attempt', zh: `支付尝试${zh}`, en: `Attempt ${en}`, tone, detail });
  }
  for (const refund of found.refunds) {
    const { zh, en, tone } = statusOf(refund);
    const detail = [refund.refundNo, refund.reason].filter(Boolean).join(' ');
    add(refund.requestedAt, {
      kind: 'refund',
      zh: `申请退款 ${yuan(refund.amountFen)}`,
      en: `Refund of ${yuan(refund.amountFen)} requested`,
      tone: 'info',
      detail,
    });
    add(refund.refundedAt, { kind: 'refund', zh: `退款${zh}`, en: `Refund ${en}`, tone, detail });
  }
  for (const notification of found.notifications) {
    add(notification.receivedAt, {
      kind: 'notification',
      zh: `收到渠道通知 ×${String(notification.times ?? 1)}`,
      en: `Channel notification ×${String(notification.times ?? 1)}`,
      tone: 'info',
    });
  }
  for (const message of found.outbox) {
    const { zh, en, tone } = statusOf(message);
    add(message.doneAt ?? message.createdTime, {
      kind: 'outbox',
      zh: `通知HIS: ${zh}`,
      en: `Told HIS: ${en}`,
      tone,
      ...(message.lastError ? { detail: String(message.lastError) } : {}),
    });
  }
  for (const record of found.hisRecords) {
    const isVoided = record.status === 'voided';
    const what = record.kind === 'refund' ? { zh: '退费', en: 'refund' } : { zh: '收费', en: 'charge' };
    add(record.occurredAt, {
      kind: 'his',
      zh: `HIS${what.zh} ${yuan(record.amountFen)}${isVoided ? ' (已作废)' : ''}`,
      en: `HIS ${what.en} ${yuan(record.amountFen)}${isVoided ? ' (voided)' : ''}`,
      tone: isVoided ? 'warning' : 'success',
      detail: String(record.hisSerialNo),
    });
  }
  for (const call of found.interfaceLogs) {
    const failed = Boolean(call.errorCode);
    add(call.at, {
      kind: 'call',
      zh: `接口 ${String(call.method)}`,
      en: `Call ${String(call.method)}`,
      tone: failed ? 'warning' : 'info',
      detail: [
        call.tradeType,
        call.durationMs === null ? '' : `${String(call.durationMs)} ms`,
        call.errorCode,
      ]
        .filter(Boolean)
        .join(' '),
    });
  }
  for (const entry of found.discrepancies) {
    const { zh, en, tone } = statusOf(entry);
    add(entry.createdAt, {
      kind: 'case',
      zh: `差错 ${String(entry.caseNo)}: ${String(entry.remark ?? entry.kind)}`,
      en: `Case ${String(entry.caseNo)}: ${String(entry.remarkEn ?? entry.remark ?? entry.kind)}`,
      tone: 'error',
    });
    if (entry.status !== 'open') {
      add(entry.resolvedAt, {
        kind: 'case',
        zh: `差错${zh}`,
        en: `Case ${en}`,
        tone,
        detail: String(entry.caseNo),
      });
    }
  }
  for (const line of found.billLines) {
    const what = line.kind === 'refund' ? { zh: '退款', en: 'refund' } : { zh: '收款', en: 'payment' };
    add(new Date(line.occurredAt), {
      kind: 'bill',
      zh: `渠道账单${what.zh} ${yuan(line.amountFen)}`,
      en: `Bill ${what.en} ${yuan(line.amountFen)}`,
      tone: 'info',
      detail: line.channelNo,
    });
  }
  return entries.sort((a, b) => a.at.getTime() - b.at.getTime());
}
