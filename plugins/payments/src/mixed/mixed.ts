import { isPlatformError, type PlatformError } from '@hospital-pay/errors';
import type { Knex } from 'knex';
import { refuseBesideOthers } from '../business';
import type { ChannelManifest, InsuranceQuote, InsuranceSplit, Scene } from '../contract';
import { type Alarm, type Core, checkMerchant, keepAlarm, messageOf, post, tell, wake } from '../core';
import { fail } from '../errors';
import type { Ledger } from '../ledger';
import { hashOf, newOrderNo } from '../numbers';
import type { Routing } from '../routing';
import { insertRow, isUniqueViolation, toColumns } from '../rows';
import { sourcesOf } from '../states';
import { findRow, type MixedRow, type OrderRow, type RefundRow, readRow } from '../store';
import type {
  Caller,
  CashWay,
  ConnectedAccount,
  CreateMixed,
  MixedKey,
  MixedPayments,
  MixedState,
  MixedView,
  Orders,
  Refunds,
} from '../types';
import { cashOrderNoOf, claimOf, insuranceOrderNoOf, insuredFen, seal, unseal } from './claim';
import { hisPayload } from './his';
import { type Leg, type LegName, mixedMoves, nextStep } from './plan';
import { mixedView } from './view';

export interface MixedRoom extends MixedPayments {
  /** Does what is due for a mixed payment. Called by jobs. */
  advance(mixedNo: string): Promise<void>;
}

type Halves = Record<LegName, { order: OrderRow | undefined; leg: Leg; failed: RefundRow | undefined }>;

const lifetime = 900;
const shortestLife = 60;
const system: Caller = { kind: 'system' };
const looksEveryMs = 5 * 60_000;
/** A half that is undecided for so long after its time is told to a person. */
const patienceMs = 30 * 60_000;

export function createMixed(
  core: Core,
  ledger: Ledger,
  routing: Routing,
  orders: Orders,
  refunds: Refunds,
): MixedRoom {
  const { db, clock } = core;

  const read = async (mixedNo: string, trx: Knex = db): Promise<MixedRow> => {
    const row = await findRow(trx, 'mixed_payments', { mixed_no: mixedNo });
    if (!row) throw fail('MIXED_NOT_FOUND');
    return row;
  };

  const find = async (key: MixedKey, caller: Caller): Promise<MixedRow> => {
    if ('merchantCode' in key) checkMerchant(caller, key.merchantCode);
    const where =
      'mixedNo' in key
        ? { mixed_no: key.mixedNo }
        : { merchant_code: key.merchantCode, merchant_order_no: key.merchantOrderNo };
    const row = await findRow(db, 'mixed_payments', where);
    if (!row) throw fail('MIXED_NOT_FOUND');
    checkMerchant(caller, row.merchantCode);
    return row;
  };

  const locked = <Result>(mixedNo: string, work: (row: MixedRow) => Promise<Result>): Promise<Result> =>
    core.locks.withOrder(mixedNo, async () => work(await read(mixedNo)));

  const isOver = (row: MixedRow): boolean => row.expiresAt <= clock.now();

  const halvesOf = async (row: MixedRow): Promise<Halves> => {
    const rows: object[] = await db('orders').where({ mixed_no: row.mixedNo });
    const made = rows.map((order) => readRow('orders', order));
    const half = async (orderNo: string | null): Promise<Halves[LegName]> => {
      if (orderNo === null) return { order: undefined, leg: 'none', failed: undefined };
      const order = made.find((each) => each.orderNo === orderNo);
      if (!order) return { order, leg: 'missing', failed: undefined };
      const failed = await findRow(db, 'refunds', { order_no: orderNo, status: 'failed' });
      return { order, leg: legOf(order, failed !== undefined), failed };
    };
    return { insurance: await half(row.insuranceOrderNo), cash: await half(row.cashOrderNo) };
  };

  const view = async (row: MixedRow): Promise<MixedView> => {
    const { insurance, cash } = await halvesOf(row);
    return mixedView(
      row,
      { insurance: insurance.order, cash: cash.order },
      core.manifests(),
      core.errorKnowledge,
    );
  };

  const nextLookAt = (state: MixedState, expiresAt: Date): Date | null => {
    switch (state) {
      case 'quoting':
      case 'quoted':
      case 'settling':
      case 'paying':
      case 'undoing':
      case 'refunding': {
        const soon = new Date(clock.now().getTime() + looksEveryMs);
        return expiresAt > clock.now() && expiresAt < soon ? expiresAt : soon;
      }
      case 'refused':
      case 'paid':
      case 'closed':
      case 'undo_stopped':
      case 'undone':
      case 'refund_stopped':
      case 'refunded':
        return null;
      default:
        return state satisfies never;
    }
  };

  /** Compare-and-set; false when somebody else moved it. `then` is part of the move. */
  const move = async (
    row: MixedRow,
    to: MixedState,
    attributes: Record<string, unknown> = {},
    then: (trx: Knex.Transaction) => Promise<void> = async () => undefined,
  ): Promise<boolean> => {
    const now = clock.now();
    const changes = { state: to, stateAt: now, nextLookAt: nextLookAt(to, row.expiresAt), updatedAt: now };
    return db.transaction(async (trx) => {
      const moved = await trx('mixed_payments')
        .where({ id: row.id })
        .whereIn('state', sourcesOf(mixedMoves, to))
        .update(toColumns(trx, { errorCode: null, errorMessage: null, ...attributes, ...changes }));
      if (moved === 1) await then(trx);
      return moved === 1;
    });
  };

  /** Both halves are there: HIS is told, once, of the whole. */
  const complete = async (row: MixedRow, { insurance, cash }: Halves): Promise<void> => {
    const paidAt = [insurance.order?.paidAt, cash.order?.paidAt]
      .flatMap((at) => at ?? [])
      .reduce((latest, at) => (at > latest ? at : latest), new Date(0));
    const owner = await ledger.merchant(row.merchantCode);
    const payload = hisPayload(row, { insurance: insurance.order, cash: cash.order }, paidAt);
    const tellsHis = Boolean(owner.hisUrl) && payload !== undefined;
    const hisState = tellsHis ? 'waiting' : 'none';
    const moved = await move(row, 'paid', { paidAt, hisState }, async (trx) => {
      for (const { order } of [insurance, cash]) {
        if (!order) continue;
        const dueReconAt = await ledger.graceEnd(trx, order, owner, clock.now());
        await trx('orders').where({ id: order.id }).update(toColumns(trx, { hisState, dueReconAt }));
      }
      if (tellsHis) await post(core, trx, 'his.confirm', row.mixedNo, row.mixedNo, payload);
    });
    if (moved && tellsHis) wake(core, 'outbox', `his.confirm ${row.mixedNo}`, clock.now());
  };

  /** `refused`: why a refund could not even be asked for. */
  const stop = async (
    row: MixedRow,
    to: 'undo_stopped' | 'refund_stopped',
    halves: Halves,
    refused?: PlatformError,
  ): Promise<void> => {
    const failed = halves.insurance.failed ?? halves.cash.failed;
    const message = failed?.errorMessage ?? refused?.text.zh ?? '';
    const isInsurance = failed ? failed.orderNo === row.insuranceOrderNo : halves.insurance.leg === 'held';
    const half = isInsurance ? { zh: '医保', en: 'insurance' } : { zh: '自费', en: 'own-money' };
    const alarm: Alarm = {
      kind: 'mixed_stopped',
      level: 'critical',
      zh: `混合支付 ${row.mixedNo} 的${half.zh}部分退款被拒绝，已停止，请处理：${message}`,
      en: `Mixed payment ${row.mixedNo}: the ${half.en} half could not be given back; a person must decide`,
      orderNo: isInsurance ? row.insuranceOrderNo : row.cashOrderNo,
      dedupeKey: `mixed-stopped:${row.mixedNo}:${clock.now().getTime()}`,
    };
    const error = { errorCode: failed?.errorCode ?? refused?.code ?? null, errorMessage: message };
    if (await move(row, to, error, (trx) => keepAlarm(core, trx, alarm))) tell(core, alarm);
  };

  const finishRefund = async (row: MixedRow, halves: Halves): Promise<void> => {
    const { insurance, cash } = halves;
    const payload = hisPayload(
      row,
      { insurance: insurance.order, cash: cash.order },
      row.paidAt ?? clock.now(),
    );
    const tellsHis = ledger.tellsRefunds() && row.hisState === 'confirmed' && payload !== undefined;
    const moved = await move(row, 'refunded', {}, async (trx) => {
      if (!tellsHis) return;
      await post(core, trx, 'his.refund', row.mixedNo, row.mixedNo, {
        ...payload,
        refundNo: row.mixedNo,
        merchantRefundNo: row.merchantRefundNo ?? row.mixedNo,
        refundFen: row.totalFen,
        reason: row.refundReason ?? '',
        channelRefundNo: null,
        refundedAt: clock.now().toISOString(),
      });
    });
    if (moved && tellsHis) wake(core, 'outbox', `his.refund ${row.mixedNo}`, clock.now());
  };

  const go = async (row: MixedRow, to: MixedState, halves: Halves): Promise<void> => {
    switch (to) {
      case 'paid':
        return complete(row, halves);
      case 'undo_stopped':
      case 'refund_stopped':
        return stop(row, to, halves);
      case 'refunded':
        return finishRefund(row, halves);
      default:
        await move(row, to);
    }
  };

  /** The whole half, under one number whatever happens. */
  const giveBack = async (row: MixedRow, order: OrderRow): Promise<PlatformError | undefined> => {
    try {
      await refunds.create(
        {
          order: { orderNo: order.orderNo },
          merchantRefundNo: `auto-${order.orderNo}-mixed`,
          amountFen: order.paidFen,
          reason: row.refundReason ?? '混合支付未完成',
          isHalf: true,
        },
        system,
      );
      return undefined;
    } catch (error) {
      // Another operation holds the order: it is tried again.
      if (!isPlatformError(error) || error.code === 'ORDER_BUSY') throw error;
      return error;
    }
  };

  const watch = async (row: MixedRow): Promise<void> => {
    const next = nextLookAt(row.state, row.expiresAt);
    await db('mixed_payments')
      .where({ id: row.id, state: row.state })
      .update(toColumns(db, { nextLookAt: next }));
    if (!next) return;
    const since = Math.max(row.stateAt.getTime(), row.expiresAt.getTime());
    if (clock.now().getTime() - since < patienceMs) return;
    const alarm: Alarm = {
      kind: 'mixed_half_done',
      level: 'critical',
      zh: `混合支付 ${row.mixedNo} 超时仍未完成也未撤销，请核对医保与自费两部分`,
      en: `Mixed payment ${row.mixedNo} is neither complete nor undone long after its time: look at both halves`,
      orderNo: row.insuranceOrderNo ?? row.cashOrderNo,
      dedupeKey: `mixed-half-done:${row.mixedNo}`,
    };
    await keepAlarm(core, db, alarm);
    tell(core, alarm);
  };

  /** What was quoted and never asked to be settled lies at the insurer until it is told that nothing will come of it. */
  const isClaimTakenBack = async (row: MixedRow, { insurance }: Halves): Promise<boolean> => {
    if (row.claimNo === null || modeOf(row) !== 'before cash' || insurance.order) return true;
    const orderNo = insuranceOrderNoOf(row.mixedNo);
    const claim = await claimOf(core, { orderNo, mixedNo: row.mixedNo });
    const { driver, manifest, currency } = await connect(row);
    if (!claim || !driver.close) return true;
    const outcome = await driver.close({
      attemptNo: orderNo,
      scene: sceneOf(manifest),
      amount: insuredFen(claim.split),
      currency,
      createdAt: row.createdTime,
      claim,
    });
    if (outcome.kind !== 'failed') return outcome.kind === 'closed';
    const alarm: Alarm = {
      kind: 'mixed_half_done',
      level: 'warning',
      zh: `混合支付 ${row.mixedNo} 已取消，但医保拒绝撤销费用明细：${outcome.message}`,
      en: `Mixed payment ${row.mixedNo} is over, but insurance refuses to take its fees back`,
      orderNo: null,
      dedupeKey: `mixed-claim:${row.mixedNo}`,
    };
    await keepAlarm(core, db, alarm);
    tell(core, alarm);
    return true;
  };

  /** As far as it goes now, under its lock. */
  const proceed = async (mixedNo: string): Promise<MixedRow> => {
    for (;;) {
      const row = await read(mixedNo);
      const halves = await halvesOf(row);
      const legs = { insurance: halves.insurance.leg, cash: halves.cash.leg };
      const step = nextStep(row.state, legs, isOver(row));
      switch (step.do) {
        case 'wait':
          await watch(row);
          return row;
        case 'move':
          if (step.to === 'closed' && !(await isClaimTakenBack(row, halves))) {
            await watch(row);
            return row;
          }
          await go(row, step.to, halves);
          // From here a person leads on.
          if (isStopped(step.to)) return read(mixedNo);
          break;
        case 'refund': {
          const { order } = halves[step.leg];
          if (!order) throw new Error(`mixed payment ${mixedNo} holds money of an order that is gone`);
          const refused = await giveBack(row, order);
          if (!refused) break;
          await stop(row, row.state === 'undoing' ? 'undo_stopped' : 'refund_stopped', halves, refused);
          return read(mixedNo);
        }
        default:
          return step satisfies never;
      }
    }
  };

  const connect = (row: MixedRow) => core.accounts.connect(row.accountCode);
  const modeOf = (row: MixedRow) => core.manifests().get(row.insuranceChannel)?.insurance;

  const adopt = async (
    row: MixedRow,
    split: InsuranceSplit,
    attributes: Record<string, unknown>,
  ): Promise<boolean> =>
    move(row, 'quoted', {
      ...split,
      insuranceOrderNo: insuredFen(split) > 0 ? insuranceOrderNoOf(row.mixedNo) : null,
      cashOrderNo: split.cashFen > 0 ? cashOrderNoOf(row.mixedNo) : null,
      ...attributes,
    });

  /** Asks insurance; the same number gives the same claim, so it may be asked again. */
  const quote = async (row: MixedRow): Promise<MixedRow> => {
    const { driver } = await connect(row);
    const { details } = unseal(core, row.mixedNo, row.sealed);
    const attemptNo = insuranceOrderNoOf(row.mixedNo);
    const answer = await quoteOf(
      driver.quote?.({ attemptNo, totalFen: row.totalFen, details }) ??
        Promise.resolve({ kind: 'unknown', cause: 'the channel does not quote' }),
    );
    switch (answer.kind) {
      case 'quoted': {
        const { claimNo, token, split } = answer.claim;
        if (!addsUp(split, row.totalFen)) {
          await refuseClaim(row, split);
          break;
        }
        const sealed = seal(core, row.mixedNo, { details, ...(token === undefined ? {} : { token }) });
        await adopt(row, split, { claimNo, sealed });
        break;
      }
      case 'refused':
        await move(row, 'refused', { errorCode: answer.code, errorMessage: answer.message });
        break;
      case 'unknown': {
        const error = { errorCode: 'RESULT_UNKNOWN', errorMessage: answer.cause };
        await db('mixed_payments').where({ id: row.id, state: 'quoting' }).update(toColumns(db, error));
        break;
      }
      default:
        return answer satisfies never;
    }
    return read(row.mixedNo);
  };

  const quoteOf = async (asked: Promise<InsuranceQuote>): Promise<InsuranceQuote> => {
    try {
      return await asked;
    } catch (error) {
      core.log.error(`a channel driver threw: ${messageOf(error)}`);
      return { kind: 'unknown', cause: messageOf(error) };
    }
  };

  const refuseClaim = async (row: MixedRow, split: InsuranceSplit): Promise<void> => {
    const detail = `${Object.values(split).join(' + ')} ≠ ${row.totalFen}`;
    const alarm: Alarm = {
      kind: 'integrity',
      level: 'critical',
      zh: `混合支付 ${row.mixedNo} 的医保答复与总金额不符：${detail}`,
      en: `What insurance answered about mixed payment ${row.mixedNo} does not add up: ${detail}`,
      orderNo: null,
      dedupeKey: `integrity:${row.mixedNo}`,
    };
    const error = { errorCode: 'INTEGRITY', errorMessage: detail };
    if (await move(row, 'refused', error, (trx) => keepAlarm(core, trx, alarm))) tell(core, alarm);
  };

  const common = (row: MixedRow) => ({
    merchantCode: row.merchantCode,
    subject: row.subject,
    businessNo: row.businessNo ?? undefined,
    bizType: row.bizType ?? undefined,
    patientName: row.patientName ?? undefined,
    patientId: row.patientId ?? undefined,
    cardNo: row.cardNo ?? undefined,
    terminalCode: row.terminalCode ?? undefined,
    department: row.department ?? undefined,
    operatorCode: row.operatorCode ?? undefined,
  });

  const timeLeft = (row: MixedRow): number =>
    Math.max(shortestLife, Math.floor((row.expiresAt.getTime() - clock.now().getTime()) / 1000));

  const payCash = async (row: MixedRow, way: CashWay): Promise<void> => {
    const orderNo = cashOrderNoOf(row.mixedNo);
    await orders.create(
      {
        ...common(row),
        ...way,
        merchantOrderNo: orderNo,
        amountFen: row.cashFen ?? 0,
        half: { mixedNo: row.mixedNo, orderNo },
        ...(way.scene === 'micropay' || way.scene === 'terminal' ? {} : { expiresIn: timeLeft(row) }),
      },
      system,
    );
  };

  const payInsurance = async (row: MixedRow, way?: CashWay): Promise<void> => {
    const orderNo = insuranceOrderNoOf(row.mixedNo);
    const claim = await claimOf(core, { orderNo, mixedNo: row.mixedNo });
    if (!claim) throw new Error(`mixed payment ${row.mixedNo} has no claim`);
    const { manifest } = await connect(row);
    await orders.create(
      {
        ...common(row),
        merchantOrderNo: orderNo,
        amountFen: insuredFen(claim.split),
        scene: way?.scene ?? sceneOf(manifest),
        payerId: way?.payerId,
        clientIp: way?.clientIp,
        returnUrl: way?.returnUrl,
        expiresIn: timeLeft(row),
        half: {
          mixedNo: row.mixedNo,
          orderNo,
          insurance: { claim, accountCode: row.accountCode, routing: row.routing },
        },
      },
      system,
    );
  };

  /** Cash first, for the insurer names it; then its own half: one act of the patient's pays both. */
  const payTogether = async (row: MixedRow, way: CashWay | undefined): Promise<void> => {
    let halves = await halvesOf(row);
    if (halves.cash.leg === 'missing' && way) await payCash(row, way);
    halves = await halvesOf(row);
    if (halves.insurance.leg !== 'missing') return;
    const { order, leg } = halves.cash;
    if (leg === 'none') return payInsurance(row, way);
    if (leg !== 'open' || !order?.payerAction) return;
    const cash = { attemptNo: order.orderNo, payerAction: order.payerAction };
    const sealed = seal(core, row.mixedNo, { ...unseal(core, row.mixedNo, row.sealed), cash });
    await db('mixed_payments').where({ id: row.id }).update(toColumns(db, { sealed }));
    await payInsurance(row, way);
  };

  const begin = async (given: MixedRow, way: CashWay | undefined): Promise<MixedRow> => {
    let row = given;
    const isTogether = modeOf(row) === 'with cash';
    if (row.state === 'quoted' && !isOver(row)) {
      const next = isTogether || row.insuranceOrderNo === null ? 'paying' : 'settling';
      await move(row, next, {}, (trx) => refuseBesideOthers(trx, row));
      row = await read(row.mixedNo);
    }
    const isPayable = (state: MixedState) => row.state === state && !isOver(row);
    if (isTogether && isPayable('paying')) await payTogether(row, way);
    if (isPayable('settling') && (await halvesOf(row)).insurance.leg === 'missing') await payInsurance(row);
    row = await proceed(row.mixedNo);
    if (isTogether || !way || !isPayable('paying')) return row;
    if ((await halvesOf(row)).cash.leg !== 'missing') return row;
    await payCash(row, way);
    return proceed(row.mixedNo);
  };

  const resume = async (row: MixedRow, input: CreateMixed): Promise<MixedView> =>
    view(
      await locked(row.mixedNo, async (fresh) => {
        if (fresh.state === 'quoting') return isOver(fresh) ? proceed(fresh.mixedNo) : quote(fresh);
        return input.claim ? begin(fresh, input.cash) : fresh;
      }),
    );

  const choose = async (input: CreateMixed, mode: NonNullable<ChannelManifest['insurance']>) => {
    const merchant = await ledger.merchant(input.merchantCode);
    if (!merchant.enabled) throw fail('MERCHANT_DISABLED');
    const candidates = [...core.manifests().values()].filter(
      ({ code, insurance }) => insurance === mode && (input.channel === undefined || input.channel === code),
    );
    const [first] = candidates;
    if (!first) throw fail('CHANNEL_UNKNOWN', { insurance: mode });
    const question = { ...input, amountFen: input.totalFen, insurance: mode };
    const scene = input.cash?.scene ?? sceneOf(first);
    const route = await routing.choose({ ...question, scene }, merchant.zone);
    return { merchant, route, account: await core.accounts.connect(route.accountCode) };
  };

  const insert = async (
    input: CreateMixed,
    caller: Caller,
    { merchant, route, account }: Awaited<ReturnType<typeof choose>>,
    requestHash: string,
  ): Promise<MixedRow> => {
    const now = clock.now();
    const mixedNo = newOrderNo(now, merchant.zone);
    const { details, claim, cash: _cash, channel: _channel, expiresIn = lifetime, ...facts } = input;
    const expiresAt = new Date(now.getTime() + expiresIn * 1000);
    const token = claim?.token;
    await insertRow(
      db,
      'mixed_payments',
      {
        ...facts,
        mixedNo,
        state: 'quoting',
        department: route.department,
        operatorCode: input.operatorCode ?? (caller.kind === 'staff' ? caller.username : null),
        appId: caller.kind === 'application' ? caller.appId : null,
        insuranceChannel: account.manifest.code,
        accountCode: account.code,
        routing: route.why,
        sealed: seal(core, mixedNo, { details, ...(token === undefined ? {} : { token }) }),
        hisState: 'none',
        requestHash,
        createdTime: now,
        stateAt: now,
        expiresAt,
        nextLookAt: nextLookAt('quoting', expiresAt),
      },
      now,
    );
    const row = await read(mixedNo);
    if (claim) await adopt(row, claim.split, { claimNo: claim.claimNo });
    return row;
  };

  const create: MixedPayments['create'] = async (input, caller) => {
    checkMerchant(caller, input.merchantCode);
    if (!Number.isSafeInteger(input.totalFen) || input.totalFen <= 0) throw fail('AMOUNT_INVALID');
    const requestHash = hashOf(input);
    const where = { merchant_code: input.merchantCode, merchant_order_no: input.merchantOrderNo };
    const repeated = async (): Promise<MixedView | undefined> => {
      const existing = await findRow(db, 'mixed_payments', where);
      if (!existing) return undefined;
      if (existing.requestHash !== requestHash) throw fail('MIXED_CONFLICT', { mixedNo: existing.mixedNo });
      return resume(existing, input);
    };
    const first = await repeated();
    if (first) return first;
    if (input.claim && !addsUp(input.claim.split, input.totalFen)) throw fail('MIXED_SPLIT');
    const chosen = await choose(input, input.claim ? 'with cash' : 'before cash');
    mayServe(chosen.account, input);
    try {
      return await resume(await insert(input, caller, chosen, requestHash), input);
    } catch (error) {
      if (!isUniqueViolation(error)) throw error;
      const winner = await repeated();
      if (!winner) throw error;
      return winner;
    }
  };

  /** Asks about halves that are undecided, then goes on. */
  const ask = async (row: MixedRow): Promise<MixedRow> => {
    if (row.state === 'quoting' && !isOver(row)) return quote(row);
    for (const { order, leg } of Object.values(await halvesOf(row))) {
      if (order && leg === 'open') await orders.query({ orderNo: order.orderNo }, system);
    }
    return proceed(row.mixedNo);
  };

  /** The patient's half first: as long as it may be paid, insurance is not undone. */
  const closeOpen = async (row: MixedRow): Promise<void> => {
    const { cash, insurance } = await halvesOf(row);
    for (const { order, leg } of [cash, insurance]) {
      if (!order || leg !== 'open') continue;
      try {
        await orders.close({ orderNo: order.orderNo }, system);
      } catch (error) {
        const mayPass = isPlatformError(error) && ['ORDER_ALREADY_PAID', 'ORDER_BUSY'].includes(error.code);
        if (!mayPass) throw error;
      }
    }
  };

  const retryRefund = async (row: MixedRow): Promise<MixedRow> => {
    if (!isStopped(row.state)) throw fail('MIXED_NOT_STOPPED');
    const { insurance, cash } = await halvesOf(row);
    const failed = insurance.failed ?? cash.failed;
    if (failed) await refunds.retry({ refundNo: failed.refundNo }, system);
    return proceed(row.mixedNo);
  };

  return {
    create,
    get: async (key, caller) => view(await find(key, caller)),
    query: async (key, caller) => view(await locked((await find(key, caller)).mixedNo, ask)),
    async confirm(key, cash, caller) {
      const { mixedNo } = await find(key, caller);
      return view(
        await locked(mixedNo, async (row) => {
          if (row.state === 'quoting') throw fail('MIXED_NOT_QUOTED');
          return begin(row, cash);
        }),
      );
    },
    async cancel(key, caller) {
      const { mixedNo } = await find(key, caller);
      return view(
        await locked(mixedNo, async (row) => {
          const cancellable: MixedState[] = ['quoting', 'quoted', 'settling', 'paying'];
          await db('mixed_payments')
            .where({ id: row.id })
            .whereIn('state', cancellable)
            .update(toColumns(db, { expiresAt: clock.now() }));
          if (cancellable.includes(row.state)) await closeOpen(row);
          const now = await proceed(mixedNo);
          if (now.state === 'paid') throw fail('ORDER_ALREADY_PAID', { mixedNo });
          return now;
        }),
      );
    },
    async refund(key, { merchantRefundNo, reason }, caller) {
      const { mixedNo } = await find(key, caller);
      return view(
        await locked(mixedNo, async (row) => {
          const refundReason = reason.slice(0, 80);
          if (row.state === 'paid') {
            await move(row, 'refunding', { merchantRefundNo, refundReason });
            return proceed(mixedNo);
          }
          if (row.merchantRefundNo === null) throw fail('MIXED_NOT_REFUNDABLE', { state: row.state });
          if (row.merchantRefundNo !== merchantRefundNo || row.refundReason !== refundReason) {
            throw fail('REFUND_CONFLICT', { mixedNo });
          }
          return row.state === 'refund_stopped' ? retryRefund(row) : row;
        }),
      );
    },
    async retry(key, caller) {
      const { mixedNo } = await find(key, caller);
      return view(await locked(mixedNo, retryRefund));
    },
    async advance(mixedNo) {
      await locked(mixedNo, () => proceed(mixedNo));
    },
  };
}

const isStopped = (state: MixedState): state is 'undo_stopped' | 'refund_stopped' =>
  state === 'undo_stopped' || state === 'refund_stopped';

const addsUp = (split: InsuranceSplit, totalFen: number): boolean => {
  const shares = [split.fundFen, split.accountFen, split.otherFen, split.cashFen];
  return (
    shares.every((fen) => Number.isSafeInteger(fen) && fen >= 0) &&
    shares.reduce((sum, fen) => sum + fen, 0) === totalFen
  );
};

function sceneOf(manifest: ChannelManifest): Scene {
  const [scene] = manifest.scenes;
  if (!scene) throw fail('SCENE_NOT_OFFERED', { channel: manifest.code });
  return scene;
}

/** What would end half done is not begun: both halves must be able to go back, and this one to be asked for. */
function mayServe({ driver }: ConnectedAccount, input: CreateMixed): void {
  if (!driver.refund) throw fail('VERB_NOT_OFFERED', { verb: 'refund' });
  if (!input.claim && !driver.quote) throw fail('VERB_NOT_OFFERED', { verb: 'quote' });
  const needsCash = (input.claim?.split.cashFen ?? 0) > 0;
  if (needsCash && !input.cash)
    throw fail('INPUT_INVALID', { issues: [{ field: 'cash', message: 'required' }] });
}

function legOf(order: OrderRow, hasFailedRefund: boolean): Leg {
  switch (order.status) {
    case 'created':
    case 'pending':
    case 'unknown':
      return 'open';
    case 'paid':
    case 'partially_refunded':
    case 'refunded':
    case 'closed':
    case 'reversed':
    case 'failed':
      if (order.paidFen === 0) return 'ended';
      if (order.refundedFen >= order.paidFen) return 'given_back';
      if (order.refundingFen > 0) return 'refunding';
      return hasFailedRefund ? 'refund_failed' : 'held';
    default:
      return order.status satisfies never;
  }
}
