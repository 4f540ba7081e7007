import type { Outcome, RefundRequest } from './contract';
import { type Core, checkMerchant, wake } from './core';
import { fail } from './errors';
import { type Ledger, outcomeOf } from './ledger';
import { cashOrderNoOf, claimOf } from './mixed/claim';
import { hashOf, refundNoOf } from './numbers';
import { isUniqueViolation, toColumns } from './rows';
import { findRow, type OrderRow, type RefundRow } from './store';
import { inTrace } from './trace';
import type { Caller, OrderKey, RefundKey, Refunds, RefundView } from './types';
import { refundView } from './views';

export interface RefundsRoom extends Refunds {
  /** Does what is due for a refund: sends it, or asks about it. Called by jobs. */
  advance(refundNo: string): Promise<void>;
  hear(refundNo: string, outcome: Outcome): Promise<void>;
}

const slackMs = 20;

export function createRefunds(core: Core, ledger: Ledger): RefundsRoom {
  const { db, clock } = core;
  const view = (refund: RefundRow): RefundView => refundView(refund, core.errorKnowledge);

  const find = async (key: RefundKey, caller: Caller): Promise<RefundRow> => {
    const where =
      'refundNo' in key
        ? { refund_no: key.refundNo }
        : { merchant_code: key.merchantCode, merchant_refund_no: key.merchantRefundNo };
    if ('merchantCode' in key) checkMerchant(caller, key.merchantCode);
    const refund = await findRow(db, 'refunds', where);
    if (!refund) throw fail('REFUND_NOT_FOUND');
    checkMerchant(caller, refund.merchantCode);
    return refund;
  };

  const findOrder = async (key: OrderKey, caller: Caller): Promise<OrderRow> => {
    if ('merchantCode' in key) checkMerchant(caller, key.merchantCode);
    const order = await findRow(
      db,
      'orders',
      'orderNo' in key
        ? { order_no: key.orderNo }
        : { merchant_code: key.merchantCode, merchant_order_no: key.merchantOrderNo },
    );
    if (!order) throw fail('ORDER_NOT_FOUND');
    checkMerchant(caller, order.merchantCode);
    return order;
  };

  const row = async (refundNo: string): Promise<RefundRow> => {
    const refund = await findRow(db, 'refunds', { refund_no: refundNo });
    if (!refund) throw fail('REFUND_NOT_FOUND');
    return refund;
  };

  const bookedBeside = async (refund: RefundRow): Promise<string[]> => {
    const rows: { channel_refund_no: string | null }[] = await db('refunds')
      .where({ order_no: refund.orderNo, status: 'succeeded' })
      .whereNot({ refund_no: refund.refundNo })
      .select('channel_refund_no');
    return rows.flatMap((row) => row.channel_refund_no ?? []);
  };

  /** The insurer gives its half back by the claim, and is told under which number the cash goes back after it. */
  const ofClaim = async (order: OrderRow) => {
    const claim = order.mixedNo ? await claimOf(core, order) : undefined;
    const cashRefundNo =
      order.mixedNo && claim?.cash ? refundNoOf(cashOrderNoOf(order.mixedNo), 1) : undefined;
    return { payment: claim ? { claim } : {}, refund: cashRefundNo ? { cashRefundNo } : {} };
  };

  const request = async (refund: RefundRow, order: OrderRow): Promise<RefundRequest> => {
    const claimed = await ofClaim(order);
    return {
      refundNo: refund.refundNo,
      amount: refund.amountFen,
      reason: refund.reason,
      requestedAt: refund.requestedAt,
      payment: {
        attemptNo: refund.attemptNo,
        scene: order.scene,
        // What was paid, and from which the channel refunds.
        amount: order.paidFen,
        currency: order.currency,
        createdAt: order.createdTime,
        ...(order.channelTradeNo ? { channelNo: order.channelTradeNo } : {}),
        ...(order.terminalCode ? { terminalCode: order.terminalCode } : {}),
        ...claimed.payment,
      },
      booked: await bookedBeside(refund),
      ...claimed.refund,
    };
  };

  const send = async (refund: RefundRow, queryCount = refund.queryCount): Promise<RefundRow> => {
    const { driver } = await core.accounts.connect(refund.accountCode);
    if (!driver.refund) {
      const message = 'the channel does not refund';
      return ledger.applyRefund(refund, { kind: 'failed', code: 'VERB_NOT_OFFERED', message });
    }
    const order = await ledger.order(refund.orderNo);
    const outcome = await outcomeOf(driver.refund(await request(refund, order)), core);
    return ledger.applyRefund(refund, outcome, queryCount);
  };

  /** Under the order's lock. */
  const step = async (refund: RefundRow): Promise<RefundRow> => {
    if (refund.status === 'requested') return send(refund);
    const { driver } = await core.accounts.connect(refund.accountCode);
    const queryCount = refund.queryCount + 1;
    if (!driver.queryRefund) return send(refund, queryCount);
    const order = await ledger.order(refund.orderNo);
    const outcome = await outcomeOf(driver.queryRefund(await request(refund, order)), core);
    // The channel has never heard of it: only then is it sent again, under the same number.
    if (outcome.kind === 'unknown' && outcome.code === 'REFUND_NOT_FOUND') return send(refund, queryCount);
    return ledger.applyRefund(refund, outcome, queryCount);
  };

  const locked = (refundNo: string, orderNo: string, work: (refund: RefundRow) => Promise<RefundRow>) =>
    core.locks.withOrder(orderNo, async () => work(await row(refundNo)));

  /** Nobody is asking: what is done belongs to the refund's own trace. */
  const lockedOnItsOwn: typeof locked = (refundNo, orderNo, work) =>
    locked(refundNo, orderNo, (refund) => inTrace(refund.traceId, () => work(refund)));

  const repeated = (existing: RefundRow, requestHash: string): RefundView => {
    if (existing.requestHash !== requestHash) throw fail('REFUND_CONFLICT', { refundNo: existing.refundNo });
    return view(existing);
  };

  const create: Refunds['create'] = async (input, caller) => {
    if (!Number.isSafeInteger(input.amountFen) || input.amountFen <= 0) throw fail('AMOUNT_INVALID');
    const order = await findOrder(input.order, caller);
    if (order.mixedNo && !input.isHalf) throw fail('ORDER_IS_HALF', { mixedNo: order.mixedNo });
    const requestHash = hashOf({ orderNo: order.orderNo, amountFen: input.amountFen, reason: input.reason });
    const where = { merchant_code: order.merchantCode, merchant_refund_no: input.merchantRefundNo };
    const existing = await findRow(db, 'refunds', where);
    if (existing) return repeated(existing, requestHash);
    const { driver } = await core.accounts.connect(order.accountCode);
    if (!driver.refund) throw fail('VERB_NOT_OFFERED', { verb: 'refund' });

    try {
      await db.transaction(async (trx) => {
        const now = await ledger.lockOrder(trx, order.orderNo);
        if (now.status !== 'paid' && now.status !== 'partially_refunded') throw fail('ORDER_NOT_REFUNDABLE');
        const left = now.paidFen - now.refundedFen - now.refundingFen;
        if (input.amountFen > left) throw fail('REFUND_EXCEEDS_PAID', { refundableFen: left });
        await ledger.reserveRefund(trx, now, {
          merchantRefundNo: input.merchantRefundNo,
          amountFen: input.amountFen,
          reason: input.reason.slice(0, 80),
          source: input.isHalf ? 'mixed' : caller.kind === 'application' ? 'api' : 'staff',
          operatorCode: caller.kind === 'staff' ? caller.username : null,
          requestHash,
        });
      });
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      const winner = await findRow(db, 'refunds', where);
      if (!winner) throw error;
      return repeated(winner, requestHash);
    }
    const inserted = await findRow(db, 'refunds', where);
    if (!inserted) throw fail('REFUND_NOT_FOUND');
    core.events.emit('refund.changed', { refundNo: inserted.refundNo, orderNo: inserted.orderNo });
    return view(
      await locked(inserted.refundNo, inserted.orderNo, async (refund) =>
        refund.status === 'requested' ? send(refund) : refund,
      ),
    );
  };

  return {
    create,
    get: async (key, caller) => view(await find(key, caller)),
    async query(key, caller) {
      const found = await find(key, caller);
      if (found.status === 'succeeded' || found.status === 'failed') return view(found);
      const asked = await locked(found.refundNo, found.orderNo, async (refund) =>
        refund.status === 'succeeded' || refund.status === 'failed' ? refund : step(refund),
      );
      return view(asked);
    },
    async retry(key, caller) {
      const found = await find(key, caller);
      const tried = await locked(found.refundNo, found.orderNo, async (refund) => {
        if (refund.status !== 'failed') throw fail('REFUND_NOT_RETRYABLE', { status: refund.status });
        await db.transaction(async (trx) => {
          const order = await ledger.lockOrder(trx, refund.orderNo);
          const left = order.paidFen - order.refundedFen - order.refundingFen;
          if (refund.amountFen > left) throw fail('REFUND_EXCEEDS_PAID', { refundableFen: left });
          const moved = await trx('refunds')
            .where({ id: refund.id, status: 'failed' })
            .update(
              toColumns(trx, {
                status: 'processing',
                queryCount: 0,
                nextQueryAt: clock.now(),
                errorCode: null,
                errorMessage: null,
                updatedAt: clock.now(),
              }),
            );
          if (moved !== 1) throw fail('REFUND_NOT_RETRYABLE');
          await trx('orders').where({ id: order.id }).increment('refunding_fen', refund.amountFen);
        });
        return send(await row(refund.refundNo));
      });
      return view(tried);
    },
    async advance(refundNo) {
      const found = await row(refundNo);
      await lockedOnItsOwn(refundNo, found.orderNo, async (refund) => {
        const due = clock.now().getTime() + slackMs;
        if (!refund.nextQueryAt || refund.nextQueryAt.getTime() > due) return refund;
        return step(refund);
      });
    },
    async hear(refundNo, outcome) {
      const found = await row(refundNo);
      await lockedOnItsOwn(refundNo, found.orderNo, async (refund) => {
        const heard = await ledger.applyRefund(refund, outcome);
        wake(core, 'refund', refundNo, heard.nextQueryAt);
        return heard;
      });
    },
  };
}
