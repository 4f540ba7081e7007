import type { Clock } from '@hospital-pay/jobs';
import { dateValue, type Events, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { type CaseDraft, caseKey, caseNoOf, closeCases, healed, raiseCase, remarkOf } from './cases';
import { strayKey, type TradeKind } from './match';
import { oneBill, ordersOfBills } from './one-bill';
import { orderVerdicts } from './order-cases';
import { findOrders, hisRecordsOf } from './order-numbers';
import {
  asCharged,
  type Compared,
  compared,
  type HisEntry,
  isAnomaly,
  orderState,
  type PlatformSide,
  tolerated,
} from './order-state';
import { englishRemark } from './remarks';
import {
  carriesMoney,
  hisNumbersOf,
  hisRow,
  orderRow,
  pieces,
  readRow,
  readRows,
  refundRow,
  type StoredHisRecord,
  type StoredOrder,
  type StoredRefund,
} from './rows';
import { settingsFor } from './rule-book';
import { type Part, parts, sharesOf } from './shares';
import { inTurns } from './turns';

/** What HIS has told. A correction names the order under which the record stood before. */
export interface HisNews {
  merchantCode: string;
  hisSerialNo: string;
  formerOrderNo?: string | null;
}

export interface Realtime {
  /** Compares one order with HIS and brings its state and its cases up to date. */
  order(orderNo: string): Promise<void>;
  /** The same for many, several of them in one transaction. */
  orders(orderNos: string[]): Promise<void>;
  /** Finds the orders of these HIS records and compares them; a record without an order is kept an eye on. */
  hisRecords(news: HisNews[]): Promise<void>;
  /** Looks at everything whose grace period has ended. Says how many it looked at. */
  sweep(): Promise<number>;
}

const sweepSize = 200;
/** They are held together for some hundredths of a second. */
const ordersPerTransaction = 50;

export function createRealtime(db: Knex, clock: Clock, events: Events): Realtime {
  // A HIS may tell a whole day at once, and a run may find a whole day's orders out of date.
  const turn = inTurns(db);

  /** What becomes an alarm once the transaction that opened the case has committed. */
  const announce = (drafts: CaseDraft[]): void => {
    for (const draft of drafts) {
      const what =
        draft.tradeKind === 'payment' ? { zh: '收费', en: 'charge' } : { zh: '退费', en: 'refund' };
      const name = draft.orderNo ?? draft.hisSerialNo ?? '';
      events.emit('alarm', {
        kind: 'one_sided',
        level: 'warning',
        zh: `单边账预警: ${what.zh} ${name} ${draft.remark}`,
        en: `One-sided ${what.en} ${name}: ${englishRemark(draft.remark) ?? draft.kind}`,
        orderNo: draft.orderNo,
        dedupeKey: `case:${caseNoOf(draft.dedupeKey, draft.date)}`,
      });
    }
  };

  async function compare(orderNos: string[]): Promise<string[]> {
    const compared = await turn(async (trx) => {
      const all: Awaited<ReturnType<typeof compareOrder>>[] = [];
      for (const orderNo of orderNos) all.push(await compareOrder(trx, orderNo, clock.now()));
      return all;
    });
    announce(compared.flatMap(({ raised }) => raised));
    return compared.flatMap(({ sharing }) => sharing);
  }

  async function order(orderNo: string): Promise<void> {
    for (const other of await compare([orderNo])) await compare([other]);
  }

  async function orders(orderNos: string[]): Promise<void> {
    const sharing = new Set<string>();
    for (const piece of pieces(orderNos.toSorted(), ordersPerTransaction)) {
      try {
        for (const other of await compare(piece)) sharing.add(other);
      } catch {
        // Somebody may hold one of them and wait for another: alone, each has to wait for nobody.
        for (const each of piece) for (const other of await compare([each])) sharing.add(other);
      }
    }
    for (const other of sharing) await compare([other]);
  }

  async function hisRecords(news: HisNews[]): Promise<void> {
    const failures: unknown[] = [];
    const attempt = (task: Promise<void>): Promise<void> =>
      task.catch((error: unknown) => {
        failures.push(error);
      });
    for (const merchantCode of new Set(news.map((entry) => entry.merchantCode))) {
      const told = news.filter((entry) => entry.merchantCode === merchantCode);
      for (const piece of pieces(told)) {
        const serials = [...new Set(piece.map(({ hisSerialNo }) => hisSerialNo))];
        const rows: unknown = await db('his_records')
          .where({ merchant_code: merchantCode })
          .whereIn('his_serial_no', serials);
        const stored = new Map(readRows(hisRow, rows).map((record) => [record.hisSerialNo, record]));
        // A correction may have moved the record away from another order, which has then lost it.
        const moved = piece.flatMap(({ hisSerialNo, formerOrderNo }) => {
          const record = stored.get(hisSerialNo);
          const isMoved = record && formerOrderNo && formerOrderNo !== record.orderNo;
          return isMoved ? [{ ...record, orderNo: formerOrderNo }] : [];
        });
        const records = [...moved, ...stored.values()];
        const orderOf = await findOrders(db, merchantCode, records);
        const orderNos = new Set<string>();
        const strays: StoredHisRecord[] = [];
        for (const record of records) {
          const orderNo = orderOf(record);
          if (orderNo === undefined) strays.push(record);
          else orderNos.add(orderNo);
          if (orderNo === undefined || record.orderNo) continue;
          await db('his_records')
            .where({ id: record.id })
            .whereNull('order_no')
            .update({ order_no: orderNo });
        }
        // A record without an order may settle several that HIS calls one bill.
        for (const { orderNo } of await ordersOfBills(
          db,
          merchantCode,
          strays.flatMap(({ hisOrderNo }) => hisOrderNo ?? []),
        )) {
          orderNos.add(orderNo);
        }
        for (const orderNo of orderNos) await attempt(order(orderNo));
        await attempt(watch(strays));
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  /** Records whose order is unknown: it may be on its way, and the sweep comes back when the grace period is over. */
  async function watch(strays: StoredHisRecord[]): Promise<void> {
    const now = clock.now();
    const judged = strays.filter(
      ({ status, dueReconAt }) => status !== 'booked' || dueReconAt === null || dueReconAt <= now,
    );
    const voided = judged.filter(({ status }) => status === 'voided');
    const cases: unknown = await db('discrepancies')
      .whereIn('dedupe_key', voided.map(keyOfStray))
      .select('dedupe_key');
    const known = new Set(readRows(caseKeyRow, cases).map(({ dedupeKey }) => dedupeKey));
    const forgotten = voided.filter((record) => !known.has(keyOfStray(record)));
    if (forgotten.length > 0) {
      await db('his_records')
        .whereIn(
          'id',
          forgotten.map(({ id }) => id),
        )
        .update({ due_recon_at: null });
    }
    const seen = new Set(forgotten.map(({ id, orderNo }) => `${id} ${orderNo}`));
    for (const record of judged) {
      if (seen.has(`${record.id} ${record.orderNo}`)) continue;
      announce(await turn((trx) => watchStray(trx, record, clock.now())));
    }
  }

  return {
    order,
    orders,
    hisRecords,
    async sweep() {
      const due = dateValue(db, clock.now());
      const orders = readRows(
        orderRow.pick({ orderNo: true }),
        await db('orders')
          .where('due_recon_at', '<=', due)
          .orderBy('due_recon_at')
          .limit(sweepSize)
          .select('order_no'),
      );
      for (const { orderNo } of orders) await order(orderNo);
      const records = readRows(
        hisRow.pick({ merchantCode: true, hisSerialNo: true }),
        await db('his_records')
          .where('due_recon_at', '<=', due)
          .orderBy('due_recon_at')
          .limit(sweepSize)
          .select('merchant_code', 'his_serial_no'),
      );
      await hisRecords(records);
      return orders.length + records.length;
    },
  };
}

const caseKeyRow = z.object({ dedupeKey: z.string() });

/**
 * Runs under the order's row lock, so that two comparisons of one order cannot cross. `sharing`: other orders of the same
 * HIS bill, for which the answer may have changed too.
 */
async function compareOrder(
  trx: Knex,
  orderNo: string,
  now: Date,
): Promise<{ raised: CaseDraft[]; sharing: string[] }> {
  const order = readRow(orderRow, await trx('orders').where({ order_no: orderNo }).first().forUpdate());
  if (!order) return { raised: [], sharing: [] };
  const records = (await hisRecordsOf(trx, order)).filter((record) => record.status === 'booked');
  const refunds = readRows(
    refundRow,
    await trx('refunds').where({ order_no: orderNo, status: 'succeeded' }).orderBy('refunded_at'),
  );
  const booked: HisEntry[] = records.map((record) => {
    const { kind, amountFen, currency } = record;
    const shares = sharesOf(record);
    return { kind, amountFen, currency, ...(shares ? { shares } : {}) };
  });
  const isPaid = carriesMoney(order.status);
  const chargedFen = booked.reduce(
    (sum, { kind, amountFen }) => sum + (kind === 'charge' ? amountFen : 0),
    0,
  );
  const bills = isPaid && chargedFen !== order.paidFen ? hisNumbersOf(order) : [];
  const together = bills.length > 0 ? await oneBill(trx, order, bills) : undefined;
  const entries = together?.settledOrderNos.has(orderNo) ? asCharged(order, booked) : booked;
  const settled = (together?.settledRecords ?? []).map(keyOfStray);
  await closeCases(trx, settled, healed(now), now);
  const shares = sharesOf(order);
  const taken: PlatformSide = {
    paidFen: isPaid ? order.paidFen : 0,
    refundedFen: isPaid ? order.refundedFen : 0,
    currency: order.currency,
    ...(shares ? { shares } : {}),
  };
  // Only two sides can be near each other.
  const platform =
    entries.length === 0 || !isPaid
      ? taken
      : tolerated(taken, entries, await toleranceOf(trx, order, records[0]?.settledOn ?? ''));
  const deadlines = [order, ...records].flatMap((row) => (row.dueReconAt ? [row.dueReconAt.getTime()] : []));
  const graceRunning = deadlines.some((deadline) => deadline > now.getTime());

  // What was found abnormal stays so until both sides agree: a refund starts no new waiting.
  const wasAbnormal = order.reconState === 'abnormal';
  const state = orderState(platform, entries, graceRunning && !wasAbnormal);
  const foreign = (order.anomalies ?? []).filter((code) => !isAnomaly(code));
  const anomalies = [...state.anomalies, ...foreign];
  const reconState = foreign.length > 0 ? 'abnormal' : state.reconState;
  const isSettled = state.reconState === 'normal' || state.reconState === 'none';
  const isOver = (due: Date | null): boolean => due !== null && (isSettled || due <= now);
  const isSame =
    order.reconState === reconState &&
    order.hisChargedFen === state.hisChargedFen &&
    order.hisRefundedFen === state.hisRefundedFen &&
    JSON.stringify(order.anomalies ?? []) === JSON.stringify(anomalies) &&
    !isOver(order.dueReconAt);
  if (!isSame) {
    await trx('orders')
      .where({ id: order.id })
      .update(
        toColumns(trx, {
          reconState,
          anomalies,
          hisChargedFen: state.hisChargedFen,
          hisRefundedFen: state.hisRefundedFen,
          ...(isOver(order.dueReconAt) ? { dueReconAt: null } : {}),
          updatedAt: now,
        }),
      );
  }
  const finished = records.filter((record) => isOver(record.dueReconAt)).map((record) => record.id);
  if (finished.length > 0) {
    await trx('his_records').whereIn('id', finished).update({ due_recon_at: null });
  }
  return {
    raised: await settleCases(trx, { order, records, refunds, entries, platform, graceRunning, now }),
    sharing: (together?.orders ?? []).flatMap((each) => (each.orderNo === orderNo ? [] : [each.orderNo])),
  };
}

async function toleranceOf(trx: Knex, order: StoredOrder, bookedOn: string): Promise<number> {
  const { merchantCode, channel, bizType, settledOn } = order;
  const date = settledOn ?? bookedOn;
  return (await settingsFor(trx, { merchantCode, channel, bizType, date })).toleranceFen.his;
}

interface Comparison {
  order: StoredOrder;
  records: StoredHisRecord[];
  refunds: StoredRefund[];
  entries: HisEntry[];
  platform: PlatformSide;
  graceRunning: boolean;
  now: Date;
}

async function settleCases(trx: Knex, comparison: Comparison): Promise<CaseDraft[]> {
  const { order, platform, entries, now } = comparison;
  const raised: CaseDraft[] = [];
  const sides = compared(platform, entries);
  for (const side of sides) raised.push(...(await settleSide(trx, comparison, side)));
  if (platform.shares) {
    // Compared whole before, and by parts now, or the other way about: the former cases are over.
    const others = [null, ...parts].filter((part) => !sides.some((side) => side.part === part));
    const keys = others.flatMap((part) =>
      (['payment', 'refund'] as const).map((kind) =>
        caseKey('his', order.merchantCode, order.orderNo, kind, part),
      ),
    );
    await closeCases(trx, keys, healed(now), now);
  }
  return raised;
}

async function settleSide(trx: Knex, comparison: Comparison, side: Compared): Promise<CaseDraft[]> {
  const { order, records, refunds, graceRunning, now } = comparison;
  const verdicts = orderVerdicts(side.platform, side.entries, graceRunning);
  const raised: CaseDraft[] = [];
  for (const tradeKind of ['payment', 'refund'] as const) {
    const verdict = verdicts[tradeKind];
    // While HIS named a number we did not know yet, the case was kept under that number.
    const aliases = [
      order.merchantOrderNo,
      order.channelTradeNo,
      ...records.map((record) => `#${record.hisSerialNo}`),
    ];
    const strays = aliases.flatMap((alias) =>
      alias === null ? [] : [caseKey('his', order.merchantCode, alias, tradeKind)],
    );
    const key = caseKey('his', order.merchantCode, order.orderNo, tradeKind, side.part);
    switch (verdict.kind) {
      case 'wait':
        break;
      case 'agrees':
        await closeCases(trx, [key, ...strays], healed(now), now);
        break;
      case 'cured': {
        const last = refunds.at(-1);
        const isRefunded = tradeKind === 'payment' && verdict.refundedFen > 0 && last !== undefined;
        await closeCases(
          trx,
          [key, ...strays],
          isRefunded
            ? {
                status: 'resolved',
                resolution: 'online_refund',
                resolutionFen: verdict.refundedFen,
                resolvedBy: last.operatorCode ?? 'system',
                resolvedAt: last.refundedAt ?? now,
              }
            : healed(now),
          now,
        );
        break;
      }
      case 'differs': {
        await closeCases(
          trx,
          strays.filter((stray) => stray !== key),
          healed(now),
          now,
        );
        const draft = draftOf(comparison, side.part, tradeKind, key, verdict);
        const opened = await raiseCase(trx, draft, now);
        if (opened) raised.push(opened);
        break;
      }
      default:
        unreachable(verdict);
    }
  }
  return raised;
}

function draftOf(
  { order, records, refunds }: Comparison,
  part: Part | null,
  tradeKind: TradeKind,
  dedupeKey: string,
  verdict: { caseKind: CaseDraft['kind']; platformFen: number; hisFen: number },
): CaseDraft {
  const ofKind = records.filter((record) => (record.kind === 'charge') === (tradeKind === 'payment'));
  const record = ofKind.at(-1);
  const refund = refunds.at(-1);
  const own =
    tradeKind === 'payment'
      ? { at: order.paidAt, day: order.settledOn }
      : { at: refund?.refundedAt ?? null, day: refund?.settledOn ?? null };
  const isOurs = verdict.platformFen !== 0;
  const occurredAt = (isOurs ? own.at : null) ?? record?.occurredAt ?? order.createdTime;
  const someone = records.find((candidate) => candidate.patientName !== null || candidate.cardNo !== null);
  return {
    dedupeKey,
    leg: 'his',
    kind: verdict.caseKind,
    tradeKind,
    part,
    source: 'realtime',
    merchantCode: order.merchantCode,
    accountCode: order.accountCode,
    date: (isOurs ? own.day : null) ?? record?.settledOn ?? occurredAt.toISOString().slice(0, 10),
    occurredAt,
    orderNo: order.orderNo,
    refundNo: tradeKind === 'refund' && isOurs ? (refund?.refundNo ?? null) : null,
    hisSerialNo: record?.hisSerialNo ?? null,
    channelTradeNo: order.channelTradeNo,
    payType: order.payType ?? order.channel ?? record?.payType ?? null,
    bizType: order.bizType ?? record?.bizType ?? null,
    patientName: order.patientName ?? someone?.patientName ?? null,
    cardNo: order.cardNo ?? someone?.cardNo ?? null,
    currency: order.currency,
    platformFen: verdict.platformFen,
    hisFen: verdict.hisFen,
    channelFen: 0,
    differenceFen: verdict.hisFen - verdict.platformFen,
    feeFen: 0,
    remark: remarkOf('his', verdict.caseKind, part),
  };
}

const tradeKindOf = ({ kind }: StoredHisRecord): TradeKind => (kind === 'charge' ? 'payment' : 'refund');

function keyOfStray(record: StoredHisRecord): string {
  const name = strayKey({
    ...(record.orderNo ? { orderNo: record.orderNo } : {}),
    ...(record.channelTradeNo ? { channelNo: record.channelTradeNo } : {}),
    id: record.hisSerialNo,
  });
  return caseKey('his', record.merchantCode, name, tradeKindOf(record));
}

/** The records of this one's HIS bill that settle payments, whatever numbers they name. */
async function settledByOthers(
  trx: Knex,
  { merchantCode, hisOrderNo }: StoredHisRecord,
): Promise<Set<string>> {
  if (!hisOrderNo) return new Set();
  const [order] = await ordersOfBills(trx, merchantCode, [hisOrderNo]);
  const { settledRecords } = order ? await oneBill(trx, order, [hisOrderNo]) : { settledRecords: [] };
  return new Set(settledRecords.map(({ hisSerialNo }) => hisSerialNo));
}

/** HIS booked something the platform has no order for. All records of the same number make one case. */
async function watchStray(trx: Knex, record: StoredHisRecord, now: Date): Promise<CaseDraft[]> {
  const tradeKind = tradeKindOf(record);
  const same = trx('his_records').where({
    merchant_code: record.merchantCode,
    kind: record.kind,
    status: 'booked',
  });
  if (record.orderNo) same.where({ order_no: record.orderNo });
  else if (record.channelTradeNo)
    same.whereNull('order_no').where({ channel_trade_no: record.channelTradeNo });
  else same.where({ id: record.id });
  const settled = await settledByOthers(trx, record);
  const booked = readRows(hisRow, await same.orderBy(['occurred_at', 'his_serial_no'])).filter(
    ({ hisSerialNo }) => !settled.has(hisSerialNo),
  );
  const key = keyOfStray(record);
  const first = booked[0];
  if (!first) {
    await closeCases(trx, [key], healed(now), now);
    await trx('his_records').where({ id: record.id }).update({ due_recon_at: null });
    return [];
  }
  if (booked.some((entry) => entry.dueReconAt !== null && entry.dueReconAt > now)) return [];
  await trx('his_records')
    .whereIn(
      'id',
      booked.map((entry) => entry.id),
    )
    .update({ due_recon_at: null });
  const sum = booked.reduce((total, entry) => total + entry.amountFen, 0);
  const hisFen = tradeKind === 'refund' ? 0 - sum : sum;
  const draft: CaseDraft = {
    dedupeKey: key,
    leg: 'his',
    kind: 'his_only',
    tradeKind,
    part: null,
    source: 'realtime',
    merchantCode: record.merchantCode,
    accountCode: null,
    date: first.settledOn,
    occurredAt: first.occurredAt,
    orderNo: record.orderNo,
    refundNo: tradeKind === 'refund' ? record.refundNo : null,
    hisSerialNo: first.hisSerialNo,
    channelTradeNo: record.channelTradeNo,
    payType: first.payType,
    bizType: first.bizType,
    patientName: first.patientName,
    cardNo: first.cardNo,
    currency: first.currency,
    platformFen: 0,
    hisFen,
    channelFen: 0,
    differenceFen: hisFen,
    feeFen: 0,
    remark: remarkOf('his', 'his_only'),
  };
  const opened = await raiseCase(trx, draft, now);
  return opened ? [opened] : [];
}

function unreachable(value: never): never {
  throw new Error(`unknown verdict ${JSON.stringify(value)}`);
}
