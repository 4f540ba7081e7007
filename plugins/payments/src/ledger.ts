import type { Knex } from 'knex';
import { businessDay } from './business-day';
import type { InsuranceSplit, Outcome } from './contract';
import { type Alarm, type Core, keepAlarm, messageOf, post, raise, tell, wake } from './core';
import { fail } from './errors';
import { refundNoOf } from './numbers';
import { insertRow, toColumns } from './rows';
import { orderMoves, refundMoves, sourcesOf } from './states';
import { findRow, type MerchantRow, type OrderRow, type RefundRow, readRow } from './store';
import { hasReversalBegun, lookBackAt, nextLook, nextRefundLook } from './timing';
import { currentTrace } from './trace';
import type { HisConfirmPayload, HisRefundPayload, OrderStatus, RefundSource, RefundStatus } from './types';

/** Where an outcome came from; a notification may be older than what we know. */
export type Origin = 'pay' | 'query' | 'close' | 'reverse' | 'notification';

/**
 * The only place that moves orders and refunds. Every move is compare-and-set on the states it may start from;
 * zero rows means that somebody else moved it, and what they wrote stands.
 */
export interface Ledger {
  order(orderNo: string): Promise<OrderRow>;
  merchant(code: string): Promise<MerchantRow>;
  /** Books what the channel said about an order. `queryCount`: as it stands after this call. */
  applyPayment(order: OrderRow, outcome: Outcome, origin: Origin, queryCount?: number): Promise<OrderRow>;
  /** Money arrived for an order that had ended without: kept on record and given back. */
  bookLatePayment(order: OrderRow, outcome: Extract<Outcome, { kind: 'paid' }>): Promise<OrderRow>;
  applyRefund(refund: RefundRow, outcome: Outcome, queryCount?: number): Promise<RefundRow>;
  /** Adds a refund row within a transaction that holds the order's row. */
  reserveRefund(trx: Knex.Transaction, order: OrderRow, refund: NewRefund): Promise<void>;
  lockOrder(trx: Knex.Transaction, orderNo: string): Promise<OrderRow>;
  /** Until when the other side of an order's news is waited for. */
  graceEnd(trx: Knex, order: OrderRow, owner: MerchantRow, from: Date): Promise<Date>;
  /** What is told to HIS when a refund succeeds; set by the outbox. */
  tellsRefunds: () => boolean;
}

export interface NewRefund {
  merchantRefundNo: string;
  amountFen: number;
  reason: string;
  source: RefundSource;
  operatorCode: string | null;
  requestHash: string | null;
}

const endedUnpaid: readonly OrderStatus[] = ['closed', 'reversed', 'failed'];

export function createLedger(core: Core): Ledger {
  const { db, clock } = core;

  const order = async (orderNo: string): Promise<OrderRow> => {
    const row = await findRow(db, 'orders', { order_no: orderNo });
    if (!row) throw fail('ORDER_NOT_FOUND');
    return row;
  };

  const merchant = async (code: string, trx: Knex = db): Promise<MerchantRow> => {
    const row = await findRow(trx, 'merchants', { code });
    if (!row) throw fail('MERCHANT_UNKNOWN', { merchantCode: code });
    return row;
  };

  const lockOrder = async (trx: Knex.Transaction, orderNo: string): Promise<OrderRow> => {
    const row: object | undefined = await trx('orders').where({ order_no: orderNo }).forUpdate().first();
    if (!row) throw fail('ORDER_NOT_FOUND');
    return readRow('orders', row);
  };

  const graceEnd: Ledger['graceEnd'] = async (trx, row, owner, now) => {
    const today = { merchantCode: owner.code, date: businessDay(now, owner) };
    const seconds = (await core.grace.of(trx, today))(row) ?? owner.graceSeconds;
    return new Date(now.getTime() + seconds * 1000);
  };

  const move = async (trx: Knex, row: OrderRow, to: OrderStatus, attributes: Record<string, unknown>) => {
    const changes = toColumns(trx, { ...attributes, status: to, updatedAt: clock.now() });
    const from = sourcesOf(orderMoves, to);
    return (await trx('orders').where({ id: row.id }).whereIn('status', from).update(changes)) === 1;
  };

  const moveAttempt = (trx: Knex, orderNo: string, attributes: Record<string, unknown>) =>
    trx('attempts')
      .where({ attempt_no: orderNo })
      .update(toColumns(trx, { ...attributes, updatedAt: clock.now() }));

  /** Tells who listens, and wakes who works next. */
  const changed = async (orderNo: string, from: OrderStatus): Promise<OrderRow> => {
    const row = await order(orderNo);
    core.events.emit('order.changed', { orderNo });
    if (row.status !== from) {
      const { status: to, channel, scene, currency, paidFen } = row;
      core.events.emit('order.moved', { orderNo, to, channel, scene, currency, paidFen });
    }
    wake(core, 'order', orderNo, row.nextQueryAt);
    if (row.mixedNo) wake(core, 'mixed', row.mixedNo, clock.now());
    return row;
  };

  const integrity = async (row: OrderRow, detail: string): Promise<OrderRow> => {
    await raise(core, {
      kind: 'integrity',
      level: 'critical',
      zh: `订单 ${row.orderNo} 的渠道应答与订单不符：${detail}`,
      en: `The channel's answer about order ${row.orderNo} does not fit it: ${detail}`,
      orderNo: row.orderNo,
      dedupeKey: `integrity:${row.orderNo}`,
    });
    const next = nextLook({ ...row, status: 'unknown', queryCount: row.queryCount + 1 }, clock.now());
    const attributes = {
      status: 'unknown',
      errorCode: 'INTEGRITY',
      errorMessage: detail,
      reconState: 'abnormal',
      nextQueryAt: next,
      queryCount: row.queryCount + 1,
      updatedAt: clock.now(),
    };
    const moved = await db('orders')
      .where({ id: row.id })
      .whereIn('status', ['created', 'pending', 'unknown'])
      .update(toColumns(db, attributes));
    if (moved === 0) return order(row.orderNo);
    await moveAttempt(db, row.orderNo, { status: 'unknown', errorCode: 'INTEGRITY', errorMessage: detail });
    return changed(row.orderNo, row.status);
  };

  const openTo = async (
    row: OrderRow,
    to: 'pending' | 'unknown',
    queryCount: number,
    attributes: Record<string, unknown>,
  ): Promise<OrderRow> => {
    // Another schedule begins with another state; payment codes have one for both.
    const count = row.scene !== 'micropay' && row.status !== to && row.status !== 'created' ? 0 : queryCount;
    const changes = {
      ...attributes,
      queryCount: count,
      nextQueryAt: nextLook({ ...row, status: to, queryCount: count }, clock.now()),
    };
    const moved =
      row.status === to
        ? (await db('orders')
            .where({ id: row.id, status: to })
            .update(toColumns(db, { ...changes, updatedAt: clock.now() }))) === 1
        : await move(db, row, to, changes);
    if (moved && row.status !== to) await moveAttempt(db, row.orderNo, { status: to });
    return changed(row.orderNo, row.status);
  };

  const end = async (
    row: OrderRow,
    to: 'closed' | 'reversed' | 'failed',
    error: { errorCode: string | null; errorMessage: string | null },
  ): Promise<OrderRow> => {
    const endedAt = clock.now();
    const nextQueryAt = lookBackAt(row, to, endedAt);
    await db.transaction(async (trx) => {
      if (!(await move(trx, row, to, { endedAt, nextQueryAt, payerAction: null, ...error }))) return;
      await moveAttempt(trx, row.orderNo, { status: to, endedAt, ...error });
    });
    return changed(row.orderNo, row.status);
  };

  const confirmPayload = (row: OrderRow, paidAt: Date, channelNo: string | null): HisConfirmPayload => ({
    orderNo: row.orderNo,
    merchantCode: row.merchantCode,
    merchantOrderNo: row.merchantOrderNo,
    businessNo: row.businessNo,
    bizType: row.bizType,
    amountFen: row.amountFen,
    currency: row.currency,
    channel: row.channel,
    scene: row.scene,
    channelTradeNo: channelNo,
    paidAt: paidAt.toISOString(),
    patientId: row.patientId,
    cardNo: row.cardNo,
    terminalCode: row.terminalCode,
    operatorCode: row.operatorCode,
  });

  /** Another order for the same business that holds money, the other half apart. Its row is locked, so two cannot both be the first. */
  const paidTwin = async (trx: Knex.Transaction, row: OrderRow): Promise<string | undefined> => {
    if (!row.businessNo) return undefined;
    const twins: { order_no: string; status: string; id: number; mixed_no: string | null }[] = await trx(
      'orders',
    )
      .where({ merchant_code: row.merchantCode, business_no: row.businessNo })
      .orderBy('id')
      .forUpdate()
      .select('id', 'order_no', 'status', 'mixed_no');
    const holds = (status: string) => status === 'paid' || status === 'partially_refunded';
    const isOther = (twin: { id: number; mixed_no: string | null }) =>
      twin.id !== row.id && (row.mixedNo === null || twin.mixed_no !== row.mixedNo);
    return twins.find((twin) => isOther(twin) && holds(twin.status))?.order_no;
  };

  const reserveRefund = async (trx: Knex.Transaction, row: OrderRow, refund: NewRefund): Promise<void> => {
    const now = clock.now();
    const [counted]: { count: number | string }[] = await trx('refunds')
      .where({ order_no: row.orderNo })
      .count({ count: '*' });
    const refundNo = refundNoOf(row.orderNo, Number(counted?.count ?? 0) + 1);
    await insertRow(
      trx,
      'refunds',
      {
        refundNo,
        merchantCode: row.merchantCode,
        orderNo: row.orderNo,
        attemptNo: row.orderNo,
        channel: row.channel,
        accountCode: row.accountCode,
        tradeType: row.tradeType,
        currency: row.currency,
        status: 'requested',
        requestedAt: now,
        nextQueryAt: now,
        queryCount: 0,
        traceId: currentTrace() ?? row.traceId,
        ...refund,
      },
      now,
    );
    await trx('orders').where({ id: row.id }).increment('refunding_fen', refund.amountFen);
  };

  /** Refunds that no person asked for are found by the sweep from their rows; this only saves it the wait. */
  const wakeRefunds = async (orderNo: string) => {
    const rows: { refund_no: string }[] = await db('refunds')
      .where({ order_no: orderNo, status: 'requested' })
      .select('refund_no');
    for (const row of rows) wake(core, 'refund', row.refund_no, clock.now());
  };

  const book = async (row: OrderRow, outcome: Extract<Outcome, { kind: 'paid' }>): Promise<OrderRow> => {
    const booked = await db.transaction(async (trx) => {
      const owner = await merchant(row.merchantCode, trx);
      const twin = await paidTwin(trx, row);
      const now = clock.now();
      // HIS is told of a mixed payment as a whole.
      const tellsHis = Boolean(owner.hisUrl) && !twin && row.mixedNo === null;
      const moved = await move(trx, row, 'paid', {
        paidFen: outcome.amount,
        paidAt: outcome.paidAt,
        endedAt: now,
        settledOn: businessDay(outcome.paidAt, owner),
        channelTradeNo: outcome.channelNo,
        payer: outcome.payer ?? null,
        payType: row.channel,
        hisState: tellsHis ? 'waiting' : 'none',
        reconState: 'waiting',
        dueReconAt: await graceEnd(trx, row, owner, row.mixedNo && row.expiresAt ? row.expiresAt : now),
        nextQueryAt: null,
        errorCode: null,
        errorMessage: null,
      });
      if (!moved) return undefined;
      await moveAttempt(trx, row.orderNo, {
        status: 'paid',
        channelTradeNo: outcome.channelNo,
        endedAt: now,
        errorCode: null,
        errorMessage: null,
      });
      if (tellsHis) {
        await post(
          core,
          trx,
          'his.confirm',
          row.orderNo,
          row.orderNo,
          confirmPayload(row, outcome.paidAt, outcome.channelNo),
        );
      }
      if (twin) {
        await reserveRefund(trx, row, automatic(row, 'duplicate', outcome.amount, `重复支付 ${twin}`));
        await keepAlarm(core, trx, duplicateAlarm(row, twin));
      }
      return { tellsHis, twin };
    });
    if (!booked) return applyAgain(row, outcome);
    if (booked.twin) {
      tell(core, duplicateAlarm(row, booked.twin));
      await wakeRefunds(row.orderNo);
    }
    if (booked.tellsHis) wake(core, 'outbox', `his.confirm ${row.orderNo}`, clock.now());
    return changed(row.orderNo, row.status);
  };

  /** Somebody moved the order meanwhile: the same word about what it is now. */
  const applyAgain = async (
    row: OrderRow,
    outcome: Extract<Outcome, { kind: 'paid' }>,
  ): Promise<OrderRow> => {
    const now = await order(row.orderNo);
    return endedUnpaid.includes(now.status) ? bookLatePayment(now, outcome) : now;
  };

  const bookLatePayment: Ledger['bookLatePayment'] = async (row, outcome) => {
    const alarm: Alarm = {
      kind: 'late_payment',
      level: 'critical',
      zh: `订单 ${row.orderNo} 已结束（${row.status}）后收到付款，已自动退款`,
      en: `Money arrived for order ${row.orderNo} after it had ended (${row.status}); it is refunded`,
      orderNo: row.orderNo,
      dedupeKey: `late:${row.orderNo}`,
    };
    const booked = await db.transaction(async (trx) => {
      const owner = await merchant(row.merchantCode, trx);
      const locked = await lockOrder(trx, row.orderNo);
      if (locked.paidFen > 0 || !endedUnpaid.includes(locked.status)) return false;
      const now = clock.now();
      await trx('orders')
        .where({ id: row.id })
        .update(
          toColumns(trx, {
            paidFen: outcome.amount,
            paidAt: outcome.paidAt,
            settledOn: businessDay(outcome.paidAt, owner),
            channelTradeNo: outcome.channelNo,
            payer: outcome.payer ?? null,
            payType: row.channel,
            reconState: 'waiting',
            dueReconAt: await graceEnd(trx, row, owner, now),
            nextQueryAt: null,
            updatedAt: now,
          }),
        );
      await moveAttempt(trx, row.orderNo, {
        status: 'paid',
        channelTradeNo: outcome.channelNo,
        endedAt: now,
      });
      await reserveRefund(trx, locked, automatic(row, 'duplicate', outcome.amount, '订单结束后到账'));
      await keepAlarm(core, trx, alarm);
      return true;
    });
    if (!booked) return order(row.orderNo);
    tell(core, alarm);
    await wakeRefunds(row.orderNo);
    return changed(row.orderNo, row.status);
  };

  const applyPayment: Ledger['applyPayment'] = async (row, outcome, origin, queryCount = row.queryCount) => {
    switch (outcome.kind) {
      case 'paid': {
        if (outcome.amount !== row.amountFen || outcome.currency !== row.currency) {
          return integrity(row, `${outcome.amount} ${outcome.currency} ≠ ${row.amountFen} ${row.currency}`);
        }
        if (outcome.split && !isSplitOf(row, outcome.split)) {
          return integrity(row, `${sharesOf(outcome.split)} ≠ ${sharesOf(row)}`);
        }
        if (endedUnpaid.includes(row.status)) return bookLatePayment(row, outcome);
        if (row.paidFen > 0) return row;
        return book(row, outcome);
      }
      case 'pending':
        return openTo(row, 'pending', queryCount, {
          ...(outcome.payerAction ? { payerAction: outcome.payerAction } : {}),
          ...(outcome.channelNo ? { channelTradeNo: outcome.channelNo } : {}),
          errorCode: null,
          errorMessage: null,
        });
      case 'closed':
        return end(row, outcome.reversed ? 'reversed' : 'closed', { errorCode: null, errorMessage: null });
      case 'failed':
        return end(row, 'failed', { errorCode: outcome.code, errorMessage: outcome.message });
      case 'unknown': {
        if (outcome.code === 'INTEGRITY') return integrity(row, outcome.cause);
        const error = { errorCode: outcome.code ?? 'RESULT_UNKNOWN', errorMessage: outcome.cause };
        // A query that did not come through says nothing about a payer who is still expected.
        const isStillPending = row.status === 'pending' && origin === 'query' && !hasReversalBegun(row);
        return openTo(row, isStillPending ? 'pending' : 'unknown', queryCount, error);
      }
      case 'refunded':
        return openTo(row, 'unknown', queryCount, {
          errorCode: 'RESULT_UNKNOWN',
          errorMessage: 'the channel answered a refund where a payment was asked for',
        });
      default:
        return outcome satisfies never;
    }
  };

  const refundRow = async (refundNo: string): Promise<RefundRow> => {
    const row = await findRow(db, 'refunds', { refund_no: refundNo });
    if (!row) throw fail('REFUND_NOT_FOUND');
    return row;
  };

  const refundChanged = async (row: RefundRow): Promise<RefundRow> => {
    const now = await refundRow(row.refundNo);
    const { refundNo, orderNo } = row;
    core.events.emit('refund.changed', { refundNo, orderNo });
    if (now.status !== row.status) {
      const { status: to, channel, currency, amountFen } = now;
      core.events.emit('refund.moved', { refundNo, to, channel, currency, amountFen });
    }
    wake(core, 'refund', row.refundNo, now.nextQueryAt);
    return now;
  };

  const moveRefund = async (
    trx: Knex,
    row: RefundRow,
    to: RefundStatus,
    attributes: Record<string, unknown>,
  ) => {
    const changes = toColumns(trx, { ...attributes, status: to, updatedAt: clock.now() });
    const from = sourcesOf(refundMoves, to);
    return (await trx('refunds').where({ id: row.id }).whereIn('status', from).update(changes)) === 1;
  };

  const keepRefundOpen = async (
    row: RefundRow,
    to: 'processing' | 'unknown',
    queryCount: number,
    attributes: Record<string, unknown>,
  ) => {
    const count = row.status === to ? queryCount : 0;
    const changes = {
      ...attributes,
      queryCount: count,
      nextQueryAt: nextRefundLook({ status: to, queryCount: count }, clock.now()),
    };
    if (row.status === to) {
      await db('refunds')
        .where({ id: row.id, status: to })
        .update(toColumns(db, { ...changes, updatedAt: clock.now() }));
    } else if (row.status !== 'failed') await moveRefund(db, row, to, changes);
    return refundChanged(row);
  };

  const bookRefund = async (
    row: RefundRow,
    outcome: Extract<Outcome, { kind: 'refunded' }>,
  ): Promise<RefundRow> => {
    const overAlarm: Alarm = {
      kind: 'refund_over_paid',
      level: 'critical',
      zh: `订单 ${row.orderNo} 的退款超过实付金额`,
      en: `More was refunded than paid for order ${row.orderNo}`,
      orderNo: row.orderNo,
      dedupeKey: `over:${row.refundNo}`,
    };
    let isOver = false;
    let tells = false;
    const stoodAt = await db.transaction(async (trx) => {
      const locked = await lockOrder(trx, row.orderNo);
      const owner = await merchant(row.merchantCode, trx);
      const before = await findRow(trx, 'refunds', { refund_no: row.refundNo });
      if (!before) return undefined;
      const moved = await moveRefund(trx, row, 'succeeded', {
        refundedAt: outcome.refundedAt,
        settledOn: businessDay(outcome.refundedAt, owner),
        channelRefundNo: outcome.channelNo,
        nextQueryAt: null,
        errorCode: null,
        errorMessage: null,
      });
      if (!moved) return undefined;
      const refundedFen = locked.refundedFen + row.amountFen;
      isOver = refundedFen > locked.paidFen;
      if (isOver) await keepAlarm(core, trx, overAlarm);
      const now = clock.now();
      const isPaid = locked.status === 'paid' || locked.status === 'partially_refunded';
      await trx('orders')
        .where({ id: locked.id })
        .update(
          toColumns(trx, {
            refundedFen,
            // A failed refund had given its reservation back already.
            refundingFen:
              before.status === 'failed' ? locked.refundingFen : locked.refundingFen - row.amountFen,
            ...(isPaid ? { status: refundedFen >= locked.paidFen ? 'refunded' : 'partially_refunded' } : {}),
            dueReconAt: await graceEnd(trx, locked, owner, now),
            updatedAt: now,
          }),
        );
      tells = ledger.tellsRefunds() && locked.hisState === 'confirmed' && locked.mixedNo === null;
      if (tells) {
        const payload: HisRefundPayload = {
          ...confirmPayload(locked, locked.paidAt ?? outcome.refundedAt, locked.channelTradeNo),
          refundNo: row.refundNo,
          merchantRefundNo: row.merchantRefundNo,
          refundFen: row.amountFen,
          reason: row.reason,
          channelRefundNo: outcome.channelNo,
          refundedAt: outcome.refundedAt.toISOString(),
        };
        await post(core, trx, 'his.refund', row.refundNo, row.orderNo, payload);
      }
      return locked.status;
    });
    if (stoodAt === undefined) return refundRow(row.refundNo);
    if (isOver) tell(core, overAlarm);
    if (tells) wake(core, 'outbox', `his.refund ${row.refundNo}`, clock.now());
    const result = await refundChanged(row);
    await changed(row.orderNo, stoodAt);
    return result;
  };

  const failRefund = async (row: RefundRow, code: string, message: string): Promise<RefundRow> => {
    const isAutomatic = row.source === 'duplicate' || row.source === 'his_refused';
    const alarm: Alarm = {
      kind: 'refund_failed',
      level: 'critical',
      zh: `订单 ${row.orderNo} 的自动退款失败：${message}`,
      en: `The automatic refund of order ${row.orderNo} failed: ${message}`,
      orderNo: row.orderNo,
      dedupeKey: `refund-failed:${row.refundNo}`,
    };
    let mixedNo: string | null = null;
    const moved = await db.transaction(async (trx) => {
      const locked = await lockOrder(trx, row.orderNo);
      mixedNo = locked.mixedNo;
      const attributes = { nextQueryAt: null, errorCode: code, errorMessage: message };
      if (!(await moveRefund(trx, row, 'failed', attributes))) return false;
      await trx('orders').where({ id: locked.id }).decrement('refunding_fen', row.amountFen);
      if (isAutomatic) await keepAlarm(core, trx, alarm);
      return true;
    });
    if (moved && isAutomatic) tell(core, alarm);
    if (moved && mixedNo) wake(core, 'mixed', mixedNo, clock.now());
    return refundChanged(row);
  };

  const refundIntegrity = async (row: RefundRow, detail: string): Promise<RefundRow> => {
    await raise(core, {
      kind: 'integrity',
      level: 'critical',
      zh: `退款 ${row.refundNo} 的渠道应答与请求不符：${detail}`,
      en: `The channel's answer about refund ${row.refundNo} does not fit it: ${detail}`,
      orderNo: row.orderNo,
      dedupeKey: `integrity:${row.refundNo}`,
    });
    return keepRefundOpen(row, 'unknown', row.queryCount + 1, {
      errorCode: 'INTEGRITY',
      errorMessage: detail,
    });
  };

  const applyRefund: Ledger['applyRefund'] = async (row, outcome, queryCount = row.queryCount) => {
    if (row.status === 'succeeded') return row;
    switch (outcome.kind) {
      case 'refunded':
        if (outcome.amount !== row.amountFen || outcome.currency !== row.currency) {
          return refundIntegrity(
            row,
            `${outcome.amount} ${outcome.currency} ≠ ${row.amountFen} ${row.currency}`,
          );
        }
        return bookRefund(row, outcome);
      case 'pending':
        return keepRefundOpen(row, 'processing', queryCount, { errorCode: null, errorMessage: null });
      case 'failed':
        return failRefund(row, outcome.code, outcome.message);
      case 'unknown':
        if (outcome.code === 'INTEGRITY') return refundIntegrity(row, outcome.cause);
        return keepRefundOpen(row, 'unknown', queryCount, {
          errorCode: outcome.code ?? 'RESULT_UNKNOWN',
          errorMessage: outcome.cause,
        });
      case 'paid':
      case 'closed':
        return keepRefundOpen(row, 'unknown', queryCount, {
          errorCode: 'RESULT_UNKNOWN',
          errorMessage: `the channel answered ${outcome.kind} where a refund was asked for`,
        });
      default:
        return outcome satisfies never;
    }
  };

  const ledger: Ledger = {
    order,
    merchant,
    lockOrder,
    graceEnd,
    applyPayment,
    bookLatePayment,
    applyRefund,
    reserveRefund,
    tellsRefunds: () => false,
  };
  return ledger;
}

const duplicateAlarm = (order: OrderRow, twin: string): Alarm => ({
  kind: 'duplicate_payment',
  level: 'warning',
  zh: `业务 ${order.businessNo} 重复支付：订单 ${order.orderNo} 与 ${twin}，已自动退款`,
  en: `Business ${order.businessNo} was paid twice, by ${order.orderNo} and ${twin}; the second is refunded`,
  orderNo: order.orderNo,
  dedupeKey: `duplicate:${order.orderNo}`,
});

const sharesOf = ({ fundFen, accountFen, otherFen }: Pick<OrderRow, 'fundFen' | 'accountFen' | 'otherFen'>) =>
  `${fundFen} + ${accountFen} + ${otherFen}`;

const isSplitOf = (order: OrderRow, split: InsuranceSplit): boolean =>
  order.fundFen === null || sharesOf(order) === sharesOf(split);

/** A refund that the platform makes of itself, once for each order and cause. */
export const automatic = (
  order: { orderNo: string },
  source: 'duplicate' | 'his_refused',
  amountFen: number,
  reason: string,
): NewRefund => ({
  merchantRefundNo: `auto-${order.orderNo}-${source}`,
  amountFen,
  reason: reason.slice(0, 80),
  source,
  operatorCode: null,
  requestHash: null,
});

/** A driver that throws has not told us anything. */
export async function outcomeOf(call: Promise<Outcome>, core: Core): Promise<Outcome> {
  try {
    return await call;
  } catch (error) {
    core.log.error(`a channel driver threw: ${messageOf(error)}`);
    return { kind: 'unknown', cause: messageOf(error), code: 'DRIVER_ERROR' };
  }
}
