import { refuseBesideMixed } from './business';
import type { Outcome, PaymentReference, PayRequest } from './contract';
import { type Core, checkMerchant } from './core';
import { fail } from './errors';
import { type Ledger, outcomeOf } from './ledger';
import { claimOf } from './mixed/claim';
import { hashOf, hintOf, newOrderNo } from './numbers';
import type { Route, Routing } from './routing';
import { completeRow, isUniqueViolation, toColumns } from './rows';
import { findRow, type MerchantRow, type OrderRow } from './store';
import { creationLimitMs, hasReversalBegun, lifetimes, micropayQueries } from './timing';
import { currentTrace, inTrace } from './trace';
import type {
  Caller,
  ConnectedAccount,
  CreateOrder,
  OrderKey,
  OrderStatus,
  Orders,
  OrderView,
  RoutingView,
} from './types';
import { orderView } from './views';

export interface OrdersRoom extends Orders {
  /** Does what is due for an order: asks, reverses or closes it. Called by jobs. */
  advance(orderNo: string): Promise<void>;
  /** Books what a notification said. */
  hear(orderNo: string, outcome: Outcome): Promise<void>;
}

const open: readonly OrderStatus[] = ['created', 'pending', 'unknown'];
const isOpen = (order: OrderRow) => open.includes(order.status);

/** Early enough for a timer that fires a moment before its time. */
const slackMs = 20;
const lookBackAgainMs = 10 * 60_000;
const longestWaitMs = 25_000;
const pollMs = 1000;

export function createOrders(core: Core, ledger: Ledger, routing: Routing): OrdersRoom {
  const { db, clock } = core;
  const view = (order: OrderRow): OrderView => orderView(order, core.errorKnowledge);

  const find = async (key: OrderKey, caller: Caller): Promise<OrderRow> => {
    const where =
      'orderNo' in key
        ? { order_no: key.orderNo }
        : { merchant_code: key.merchantCode, merchant_order_no: key.merchantOrderNo };
    if ('merchantCode' in key) checkMerchant(caller, key.merchantCode);
    const order = await findRow(db, 'orders', where);
    // Another merchant's order is as good as none.
    if (!order) throw fail('ORDER_NOT_FOUND');
    checkMerchant(caller, order.merchantCode);
    return order;
  };

  const reference = async (order: OrderRow): Promise<PaymentReference> => ({
    attemptNo: order.orderNo,
    scene: order.scene,
    amount: order.amountFen,
    currency: order.currency,
    createdAt: order.createdTime,
    ...(order.expiresAt ? { expiresAt: order.expiresAt } : {}),
    ...(order.channelTradeNo ? { channelNo: order.channelTradeNo } : {}),
    ...(order.terminalCode ? { terminalCode: order.terminalCode } : {}),
    ...(order.mixedNo ? await claimIn(order) : {}),
  });
  const claimIn = async (order: OrderRow): Promise<Pick<PaymentReference, 'claim'>> => {
    const claim = await claimOf(core, order);
    return claim ? { claim } : {};
  };

  const repeated = (existing: OrderRow, requestHash: string): OrderView => {
    if (existing.requestHash !== requestHash) throw fail('ORDER_CONFLICT', { orderNo: existing.orderNo });
    return view(existing);
  };

  /** The rows exist before the channel is called: a crash in between leaves something to ask about. */
  const insert = async (
    input: CreateOrder,
    caller: Caller,
    merchant: MerchantRow,
    account: ConnectedAccount,
    { department, why }: Pick<Route, 'department'> & { why: RoutingView | null },
    requestHash: string,
  ): Promise<OrderRow> => {
    const now = clock.now();
    const { manifest } = account;
    const { half } = input;
    const split = half?.insurance?.claim.split;
    const orderNo = half?.orderNo ?? newOrderNo(now, merchant.zone);
    const lifetime = (input.expiresIn ?? lifetimes[input.scene]) * 1000;
    const common = {
      orderNo,
      channel: manifest.code,
      accountCode: account.code,
      scene: input.scene,
      amountFen: input.amountFen,
      currency: account.currency,
      status: 'created',
      traceId: currentTrace(),
    };
    const order = {
      ...common,
      createdTime: now,
      merchantOrderNo: input.merchantOrderNo,
      merchantCode: input.merchantCode,
      reconState: 'none',
      payType: manifest.code,
      tradeType: `${manifest.logName}_${input.scene}`,
      hisChargedFen: 0,
      refundedFen: 0,
      hisRefundedFen: 0,
      paidFen: 0,
      refundingFen: 0,
      mixedNo: half?.mixedNo,
      fundFen: split?.fundFen,
      accountFen: split?.accountFen,
      otherFen: split?.otherFen,
      hisState: 'none',
      queryCount: 0,
      subject: input.subject,
      appId: caller.kind === 'application' ? caller.appId : null,
      operatorCode: input.operatorCode ?? (caller.kind === 'staff' ? caller.username : null),
      requestHash,
      businessNo: input.businessNo,
      bizType: input.bizType,
      patientName: input.patientName,
      patientId: input.patientId,
      cardNo: input.cardNo,
      terminalCode: input.terminalCode,
      department,
      routing: why,
      expiresAt: new Date(now.getTime() + lifetime),
      nextQueryAt: new Date(now.getTime() + creationLimitMs),
    };
    const attempt = {
      ...common,
      attemptNo: orderNo,
      authCodeHint: input.authCode ? hintOf(input.authCode) : null,
      startedAt: now,
    };
    await db.transaction(async (trx) => {
      const { merchantCode, businessNo } = input;
      if (businessNo && !half) await refuseBesideMixed(trx, { merchantCode, businessNo });
      await trx('orders').insert(completeRow(db, order, now));
      await trx('attempts').insert(completeRow(db, attempt, now));
    });
    return ledger.order(orderNo);
  };

  const create: Orders['create'] = async (input, caller) => {
    checkMerchant(caller, input.merchantCode);
    if (!Number.isSafeInteger(input.amountFen) || input.amountFen <= 0) throw fail('AMOUNT_INVALID');
    const requestHash = hashOf(input);
    const where = { merchant_code: input.merchantCode, merchant_order_no: input.merchantOrderNo };
    const existing = await findRow(db, 'orders', where);
    if (existing) return repeated(existing, requestHash);

    const merchant = await ledger.merchant(input.merchantCode);
    if (!merchant.enabled) throw fail('MERCHANT_DISABLED');
    const { insurance } = input.half ?? {};
    const route = insurance
      ? { accountCode: insurance.accountCode, department: input.department ?? null, why: insurance.routing }
      : await routing.choose(input, merchant.zone);
    const account = await core.accounts.connect(route.accountCode);
    if (input.scene === 'jsapi' && !input.payerId && !insurance) throw fail('PAYER_MISSING');

    let order: OrderRow;
    try {
      order = await insert(input, caller, merchant, account, route, requestHash);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      const winner = await findRow(db, 'orders', where);
      if (!winner) throw error;
      return repeated(winner, requestHash);
    }
    core.events.emit('order.changed', { orderNo: order.orderNo });
    const outcome = await core.circuits.watch(account.code, () =>
      outcomeOf(account.driver.pay(payRequest(order, input)), core),
    );
    return view(await ledger.applyPayment(order, outcome, 'pay'));
  };

  const connect = (order: OrderRow) => core.accounts.connect(order.accountCode);

  const ask = async (order: OrderRow, account: ConnectedAccount): Promise<Outcome> =>
    outcomeOf(account.driver.query(await reference(order)), core);

  /** A payment by payment code that came to no result is undone; once that has begun it is not stopped. */
  const reverseAtChannel = async (order: OrderRow, account: ConnectedAccount): Promise<OrderRow> => {
    const { driver } = account;
    const queryCount = Math.max(order.queryCount, micropayQueries.length) + 1;
    // Written before the call, so that after a crash nobody takes the money for a payment.
    const begun = await db('orders')
      .where({ id: order.id })
      .whereIn('status', open)
      .update(toColumns(db, { queryCount: queryCount - 1, updatedAt: clock.now() }));
    if (begun === 0) return ledger.order(order.orderNo);
    const begunOrder = { ...order, queryCount: queryCount - 1 };
    const undo = driver.reverse ?? driver.close;
    const outcome: Outcome = undo
      ? await outcomeOf(undo.call(driver, await reference(order)), core)
      : { kind: 'unknown', cause: 'the channel cannot reverse' };
    if (outcome.kind === 'closed') return ledger.applyPayment(begunOrder, outcome, 'reverse');
    const confirmed = await ask(order, account);
    const isRefusal = outcome.kind === 'failed' || !undo;
    if (
      confirmed.kind === 'closed' ||
      confirmed.kind === 'failed' ||
      (confirmed.kind === 'paid' && isRefusal)
    ) {
      return ledger.applyPayment(begunOrder, confirmed, 'reverse', queryCount);
    }
    const undecided: Outcome =
      outcome.kind === 'unknown' ? outcome : { kind: 'unknown', cause: `reversal answered ${outcome.kind}` };
    return ledger.applyPayment(begunOrder, undecided, 'reverse', queryCount);
  };

  /** Asked, closed at the channel, asked again: only then closed. */
  const closeAtChannel = async (order: OrderRow, account: ConnectedAccount): Promise<OrderRow> => {
    const { driver } = account;
    const queryCount = order.queryCount + 1;
    const first = await ask(order, account);
    if (first.kind === 'paid' || first.kind === 'failed' || first.kind === 'closed' || !driver.close) {
      return ledger.applyPayment(order, first, 'query', queryCount);
    }
    const closing = await outcomeOf(driver.close(await reference(order)), core);
    const second = await ask(order, account);
    if (closing.kind === 'closed' && !saysPaidOrNothing(second)) {
      return ledger.applyPayment(order, closing, 'close', queryCount);
    }
    if (second.kind === 'pending') {
      const cause = closing.kind === 'unknown' ? closing.cause : 'the channel has not closed it';
      return ledger.applyPayment(order, { kind: 'unknown', cause }, 'close', queryCount);
    }
    return ledger.applyPayment(order, second, 'close', queryCount);
  };

  /** What the order needs now, under its lock. */
  const step = async (order: OrderRow): Promise<OrderRow> => {
    const account = await connect(order);
    if (hasReversalBegun(order)) return reverseAtChannel(order, account);
    if (order.scene !== 'micropay') {
      if (order.expiresAt && order.expiresAt <= clock.now()) return closeAtChannel(order, account);
      return ledger.applyPayment(order, await ask(order, account), 'query', order.queryCount + 1);
    }
    const queryCount = order.queryCount + 1;
    const outcome = await ask(order, account);
    const isUndecided = outcome.kind === 'pending' || outcome.kind === 'unknown';
    if (isUndecided && outcome.kind === 'unknown' && outcome.code === 'INTEGRITY') {
      return ledger.applyPayment(order, outcome, 'query', queryCount);
    }
    if (isUndecided && queryCount >= micropayQueries.length)
      return reverseAtChannel({ ...order, queryCount }, account);
    return ledger.applyPayment(order, outcome, 'query', queryCount);
  };

  /** A closed code could be paid until its time was over: late money is booked, and given back. */
  const lookBack = async (order: OrderRow): Promise<void> => {
    const outcome = await ask(order, await connect(order));
    if (outcome.kind === 'paid') {
      await ledger.applyPayment(order, outcome, 'query');
      return;
    }
    const isUnanswered = outcome.kind === 'unknown' && outcome.code !== 'ORDER_NOT_FOUND';
    const nextQueryAt = isUnanswered ? new Date(clock.now().getTime() + lookBackAgainMs) : null;
    await db('orders')
      .where({ id: order.id, status: 'closed' })
      .update(toColumns(db, { nextQueryAt, updatedAt: clock.now() }));
  };

  /** A `created` order is being paid by whoever created it, until that can no longer be. */
  const isBeingCreated = (order: OrderRow) =>
    order.status === 'created' && order.nextQueryAt !== null && order.nextQueryAt > clock.now();

  const locked = <Result>(orderNo: string, work: (order: OrderRow) => Promise<Result>): Promise<Result> =>
    core.locks.withOrder(orderNo, async () => work(await ledger.order(orderNo)));

  /** Nobody is asking: what is done belongs to the order's own trace. */
  const lockedOnItsOwn = (orderNo: string, work: (order: OrderRow) => Promise<void>): Promise<void> =>
    locked(orderNo, (order) => inTrace(order.traceId, () => work(order)));

  const query: Orders['query'] = async (key, caller) => {
    const found = await find(key, caller);
    if (!isOpen(found) || isBeingCreated(found)) return view(found);
    return view(await locked(found.orderNo, async (order) => (isOpen(order) ? step(order) : order)));
  };

  const undo = async (key: OrderKey, caller: Caller, verb: 'close' | 'reverse'): Promise<OrderView> => {
    const found = await find(key, caller);
    if (verb === 'reverse' && found.scene !== 'micropay') throw fail('ORDER_NOT_REVERSIBLE');
    const done = await locked(found.orderNo, async (order) => {
      if (order.status === 'closed' || order.status === 'reversed' || order.status === 'failed') return order;
      if (!isOpen(order)) throw fail('ORDER_ALREADY_PAID', { orderNo: order.orderNo });
      if (isBeingCreated(order)) throw fail('ORDER_BUSY');
      const account = await connect(order);
      return order.scene === 'micropay' ? reverseAtChannel(order, account) : closeAtChannel(order, account);
    });
    return view(done);
  };

  const waitForChange: Orders['waitForChange'] = async (key, ms, caller) => {
    const first = view(await find(key, caller));
    const isSettled = !open.includes(first.status) && first.hisState !== 'waiting';
    if (isSettled || ms <= 0) return first;
    const before = JSON.stringify(first);
    const deadline = performance.now() + Math.min(ms, longestWaitMs);
    for (;;) {
      const left = deadline - performance.now();
      const now = view(await find(key, caller));
      if (left <= 0 || JSON.stringify(now) !== before) return now;
      await changeOrTimeout(core, first.orderNo, Math.min(left, pollMs));
    }
  };

  return {
    create,
    query,
    waitForChange,
    get: async (key, caller) => view(await find(key, caller)),
    close: (key, caller) => undo(key, caller, 'close'),
    reverse: (key, caller) => undo(key, caller, 'reverse'),
    async advance(orderNo) {
      await lockedOnItsOwn(orderNo, async (order) => {
        const due = clock.now().getTime() + slackMs;
        if (!order.nextQueryAt || order.nextQueryAt.getTime() > due) return;
        if (isOpen(order)) await step(order);
        else if (order.status === 'closed') await lookBack(order);
      });
    },
    async hear(orderNo, outcome) {
      await lockedOnItsOwn(orderNo, async (order) => {
        if (outcome.kind === 'unknown' && outcome.code === 'INTEGRITY' && isOpen(order)) {
          await ledger.applyPayment(order, outcome, 'notification');
          return;
        }
        if (outcome.kind !== 'paid') {
          // Only money cannot wait; whatever else a notification says, the channel is asked.
          if (isOpen(order) && !isBeingCreated(order)) await step(order);
          return;
        }
        if (isOpen(order) && !hasReversalBegun(order)) {
          await ledger.applyPayment(order, outcome, 'notification');
          return;
        }
        if (order.paidFen > 0) return;
        const account = await connect(order);
        if (isOpen(order)) {
          await reverseAtChannel(order, account);
          return;
        }
        // It had ended without money. The notification may be older than that end, so the channel is asked.
        const now = await ask(order, account);
        if (now.kind === 'paid') await ledger.applyPayment(order, now, 'query');
        else if (now.kind === 'unknown')
          throw new Error(`late payment of ${orderNo} cannot be confirmed: ${now.cause}`);
      });
    },
  };
}

/** After closing, these alone keep an order open. */
const saysPaidOrNothing = (outcome: Outcome): boolean =>
  outcome.kind === 'paid' || (outcome.kind === 'unknown' && outcome.code !== 'ORDER_NOT_FOUND');

function payRequest(order: OrderRow, input: CreateOrder): PayRequest {
  return {
    attemptNo: order.orderNo,
    scene: order.scene,
    amount: order.amountFen,
    currency: order.currency,
    subject: order.subject,
    createdAt: order.createdTime,
    expiresAt: order.expiresAt ?? order.createdTime,
    ...(input.authCode ? { authCode: input.authCode } : {}),
    ...(input.payerId ? { payerId: input.payerId } : {}),
    ...(input.token ? { token: input.token } : {}),
    ...(input.half?.insurance ? { claim: input.half.insurance.claim } : {}),
    ...(input.clientIp ? { clientIp: input.clientIp } : {}),
    ...(input.returnUrl ? { returnUrl: input.returnUrl } : {}),
    ...(order.terminalCode ? { terminalCode: order.terminalCode } : {}),
    ...(order.operatorCode ? { operatorCode: order.operatorCode } : {}),
  };
}

/** Another process may be the one that changes it, so nobody waits for the event alone. */
function changeOrTimeout(core: Core, orderNo: string, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      stop();
      resolve();
    };
    const timer = setTimeout(done, ms);
    const stop = core.events.on('order.changed', (event) => {
      if (event.orderNo === orderNo) done();
    });
  });
}
