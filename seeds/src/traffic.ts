import { discrepancy } from './cases';
import { afterSeconds, compact, dayOf, moment, shiftDay, weekday } from './china';
import {
  accountCodeOf,
  applicationId,
  type Branch,
  branches,
  departments,
  logName,
  type Terminal,
  terminals,
} from './hospital';
import { type NamedKind, named } from './named';
import { patient } from './patients';
import { type Random, random } from './random';
import {
  type AttemptSeed,
  type ChannelCode,
  type HisRecordSeed,
  type LedgerSeed,
  noRows,
  type OrderSeed,
  type RefundSeed,
  type Rows,
  type SceneCode,
} from './rows';
import { hourWeights, refusals, type Treatment, treatments, weekdayPercent } from './treatments';

export const ordersPerDay = 400;
export const pastDays = 30;

/** One business of one patient with all the rows it left. */
type Visit = {
  order: OrderSeed;
  attempt: AttemptSeed;
  refunds: RefundSeed[];
  his: HisRecordSeed[];
  ledger: LedgerSeed | null;
  terminal: Terminal;
};

const expirySeconds: Record<SceneCode, number> = { micropay: 60, native: 900, jsapi: 900, h5: 900, app: 900 };

/** A month of the demo hospital's traffic up to `now`, with the named differences in it. */
export function traffic(now: Date, scale: number): Rows {
  const today = dayOf(now);
  const rows = noRows();
  for (let daysAgo = pastDays; daysAgo >= 0; daysAgo--) {
    const day = shiftDay(today, -daysAgo);
    addDay(rows, day, daysAgo, now, scale);
  }
  return rows;
}

/** The run of one day is over when that day's bill has come out and been matched, next morning at ten. */
export const runFinishedAt = (day: string): Date => moment(shiftDay(day, 1), '10:02:00');
export const isClosed = (day: string, now: Date): boolean => runFinishedAt(day) <= now;

function addDay(rows: Rows, day: string, daysAgo: number, now: Date, scale: number): void {
  const dice = random(`hospital ${day}`);
  const share = weekdayPercent[weekday(day) - 1] ?? 100;
  const count = Math.max(1, Math.round((ordersPerDay * scale * share) / 100));
  const numbers = new Numbers(day);
  const visits = Array.from({ length: count }, () => timeOfDay(dice, day))
    .sort((a, b) => a.getTime() - b.getTime())
    .map((at) => visit(dice, at, numbers))
    .filter(({ attempt }) => attempt.endedAt <= now);

  const untouched = visits.filter(({ order }) => order.status === 'paid' && hasRoom(order, now));
  for (const { kind, daysAgo: when } of named) {
    if (!when.includes(daysAgo)) continue;
    const [chosen] = untouched.splice(dice.int(0, Math.max(0, untouched.length - 1)), 1);
    if (chosen) distort(kind, chosen, { rows, visits, now, dice, numbers });
  }
  for (const ordinary of untouched) if (dice.perMille(26)) refund(dice, ordinary, now);

  for (const { order, attempt, refunds, his, ledger } of visits) {
    judge(order, his);
    rows.orders.push(order);
    rows.attempts.push(attempt);
    rows.refunds.push(...refunds);
    rows.hisRecords.push(...his);
    if (ledger) rows.ledger.push(ledger);
  }
}

/** Differences need the quiet hours after them in which they were noticed, on the same day. */
const hasRoom = ({ paidAt }: OrderSeed, now: Date): boolean =>
  paidAt !== null && afterSeconds(paidAt, 1800) <= now && compact(paidAt).slice(8) < '210000';

function timeOfDay(dice: Random, day: string): Date {
  const hour = String(dice.weighted(hourWeights)).padStart(2, '0');
  return afterSeconds(moment(day, `${hour}:00:00`), dice.int(0, 3599));
}

/** Numbers run on over one day and never meet those of another one. */
class Numbers {
  private last = 0;
  constructor(private readonly day: string) {}

  next(): string {
    this.last += 1;
    return String(this.last).padStart(5, '0');
  }

  hisSerial(branch: Branch): string {
    return `${this.day.slice(2).replaceAll('-', '')}${branch.digit}${this.next()}`;
  }
}

const channelTradeNo = (channel: ChannelCode, at: Date, dice: Random, sequence: string): string =>
  channel === 'alipay'
    ? `${compact(at).slice(0, 8)}22001${dice.digits(10)}${sequence}`
    : `4200002688${compact(at).slice(0, 8)}${dice.digits(5)}${sequence}`;

function visit(dice: Random, at: Date, numbers: Numbers): Visit {
  const branch = dice.perMille(branches[0].share * 10) ? branches[0] : branches[1];
  const treatment = treatments[dice.weighted(treatments.map(({ weight }) => weight))] ?? treatments[0];
  if (!treatment) throw new Error('the hospital treats nobody');
  return newVisit(dice, at, numbers, branch, treatment);
}

function newVisit(
  dice: Random,
  at: Date,
  numbers: Numbers,
  branch: Branch,
  treatment: Treatment,
  end?: 'paid',
): Visit {
  const sequence = numbers.next();
  const places = terminals.filter(
    ({ merchantCode, kind }) => merchantCode === branch.code && kind === treatment.terminal,
  );
  const terminal = places[dice.int(0, places.length - 1)] ?? terminals[0];
  if (!terminal) throw new Error('the hospital has no terminal');
  const channel = treatment.channel ?? (dice.perMille(580) ? 'wechat' : 'alipay');
  const scene = dice.pick(treatment.scenes);
  const amountFen = treatment.amountFen(dice);
  const person = patient(dice);
  const department = terminal.department ?? dice.pick(departments);
  const accountCode = accountCodeOf(branch.code, channel);
  const orderNo = `${compact(at)}${dice.digits(5)}${sequence}`;
  const fate = dice.weighted(scene === 'micropay' ? [950, 0, 42, 8] : [945, 55, 0, 0]);
  const status = end ?? (['paid', 'closed', 'failed', 'reversed'] as const)[fate] ?? 'paid';
  const waited = scene === 'micropay' ? dice.int(1, 6) : dice.int(8, 95);
  const endedAt = afterSeconds(
    at,
    status === 'closed' ? expirySeconds[scene] : status === 'reversed' ? 47 : waited,
  );
  const isPaid = status === 'paid';
  const refusal = status === 'failed' ? dice.pick(refusals[channel]) : null;
  const tradeNo = isPaid ? channelTradeNo(channel, endedAt, dice, sequence) : null;
  const error = { errorCode: refusal?.code ?? null, errorMessage: refusal?.message ?? null };

  const order: OrderSeed = {
    createdTime: at,
    orderNo,
    merchantOrderNo: `${branch.letter}${compact(at)}${sequence}`,
    reconState: 'none',
    anomalies: [],
    payType: channel,
    status,
    amountFen,
    paidFen: isPaid ? amountFen : 0,
    hisChargedFen: 0,
    refundedFen: 0,
    hisRefundedFen: 0,
    refundingFen: 0,
    subject: treatment.bizType === '住院预交金' ? person.name : `${treatment.subject}-${department}`,
    merchantCode: branch.code,
    appId: terminal.kind === 'window' ? null : applicationId,
    businessNo: `${branch.letter}B${compact(at)}${sequence}`,
    bizType: treatment.bizType,
    scene,
    channel,
    accountCode,
    tradeType: `${logName[channel]}_${scene}`,
    currency: 'CNY',
    channelTradeNo: tradeNo,
    patientName: person.name,
    patientId: person.patientId,
    cardNo: person.cardNo,
    terminalCode: terminal.code,
    department,
    operatorCode: terminal.kind === 'window' ? 'cashier' : null,
    hisState: isPaid ? 'confirmed' : 'none',
    hisOrderNo: isPaid ? `HO${compact(at).slice(2)}${sequence}` : null,
    receiptNo: isPaid ? `R${compact(at).slice(2, 8)}${branch.digit}${sequence}` : null,
    ...error,
    expiresAt: afterSeconds(at, expirySeconds[scene]),
    paidAt: isPaid ? endedAt : null,
    endedAt,
    settledOn: isPaid ? dayOf(endedAt) : null,
    queryCount: status === 'reversed' ? 6 : scene === 'micropay' ? 0 : 1,
  };
  const attempt: AttemptSeed = {
    attemptNo: orderNo,
    orderNo,
    channel,
    accountCode,
    scene,
    amountFen,
    currency: 'CNY',
    status,
    authCodeHint: scene === 'micropay' ? `${channel === 'alipay' ? '28' : '13'}****${dice.digits(4)}` : null,
    channelTradeNo: tradeNo,
    ...error,
    startedAt: at,
    endedAt,
  };
  const made: Visit = { order, attempt, refunds: [], his: [], ledger: null, terminal };
  if (isPaid && tradeNo !== null) {
    made.ledger = {
      gateway: channel,
      accountCode,
      outTradeNo: orderNo,
      tradeNo,
      amountFen,
      paidAt: endedAt,
      scene,
      subject: `${treatment.subject}-${department}`,
      terminalId: terminal.code,
      refunds: [],
      billed: true,
    };
    made.his.push(
      hisRecord(made, 'charge', amountFen, sameDay(endedAt, dice.int(2, 9)), numbers.hisSerial(branch)),
    );
  }
  return made;
}

/** HIS follows within seconds; the named differences alone cross midnight. */
const sameDay = (at: Date, seconds: number): Date => {
  const later = afterSeconds(at, seconds);
  return dayOf(later) === dayOf(at) ? later : at;
};

const branchOf = ({ merchantCode }: OrderSeed): Branch =>
  branches.find(({ code }) => code === merchantCode) ?? branches[0];

function hisRecord(
  { order, terminal }: Pick<Visit, 'order' | 'terminal'>,
  kind: 'charge' | 'refund',
  amountFen: number,
  occurredAt: Date,
  hisSerialNo: string,
): HisRecordSeed {
  return {
    merchantCode: order.merchantCode,
    hisSerialNo,
    hisOrderNo: order.hisOrderNo ?? `HO${hisSerialNo}`,
    kind,
    orderNo: order.orderNo,
    refundNo: null,
    channelTradeNo: order.channelTradeNo,
    amountFen,
    currency: 'CNY',
    payType: order.payType,
    bizType: order.bizType,
    status: 'booked',
    patientName: order.patientName,
    patientId: order.patientId,
    cardNo: order.cardNo,
    terminalCode: terminal.code,
    department: order.department,
    operatorCode: order.operatorCode,
    occurredAt,
    settledOn: dayOf(occurredAt),
    receivedAt: afterSeconds(occurredAt, 1),
  };
}

const reasons = ['患者退号', '未做检查退费', '药品缺货退费', '重复缴费', '预交金结余退回'] as const;

/** An ordinary refund: HIS books it, the channel gives it back, some of them days later. */
function refund(dice: Random, visit: Visit, now: Date): void {
  const { order } = visit;
  if (order.paidAt === null) return;
  const isWhole = dice.perMille(640);
  const part = order.amountFen - (order.amountFen % 100);
  const amountFen = isWhole || part < 1000 ? order.amountFen : dice.int(1, part / 100 - 1) * 100;
  const wait = dice.perMille(700) ? dice.int(600, 14_400) : dice.int(20_000, 260_000);
  const at = afterSeconds(order.paidAt, wait);
  const reason = dice.pick(reasons);
  const serial = `${visit.his[0]?.hisSerialNo ?? order.orderNo}9`;
  if (afterSeconds(at, 60) > now) return;
  const row = giveBack(visit, amountFen, at, reason, 'api');
  visit.his.push({ ...hisRecord(visit, 'refund', amountFen, at, serial), refundNo: row.refundNo });
}

function giveBack(
  { order, attempt, refunds, ledger }: Visit,
  amountFen: number,
  at: Date,
  reason: string,
  source: RefundSeed['source'],
): RefundSeed {
  const refundNo = `${order.orderNo}R01`;
  const refundId =
    order.channel === 'alipay' ? refundNo : `503003${compact(at).slice(0, 8)}${order.orderNo.slice(-10)}`;
  const row: RefundSeed = {
    refundNo,
    merchantRefundNo: `T${order.merchantOrderNo}`,
    merchantCode: order.merchantCode,
    orderNo: order.orderNo,
    attemptNo: attempt.attemptNo,
    channel: order.channel,
    accountCode: order.accountCode,
    tradeType: order.tradeType,
    amountFen,
    currency: 'CNY',
    reason,
    status: 'succeeded',
    source,
    operatorCode: source === 'staff' ? 'finance' : null,
    channelRefundNo: refundId,
    requestedAt: afterSeconds(at, -2),
    refundedAt: at,
    settledOn: dayOf(at),
    queryCount: 0,
  };
  refunds.push(row);
  order.refundedFen = amountFen;
  order.status = amountFen === order.paidFen ? 'refunded' : 'partially_refunded';
  ledger?.refunds.push({ refundNo, refundId, amountFen, at });
  return row;
}

/** What reconciliation says of an order, once everything about it is known. */
function judge(order: OrderSeed, his: HisRecordSeed[]): void {
  const booked = (kind: HisRecordSeed['kind']) =>
    his.filter((record) => record.kind === kind).reduce((sum, record) => sum + record.amountFen, 0);
  order.hisChargedFen = booked('charge');
  order.hisRefundedFen = booked('refund');
  const charges = his.filter(({ kind }) => kind === 'charge').map(({ amountFen }) => amountFen);
  const isTwice = order.hisChargedFen > order.paidFen && new Set(charges).size < charges.length;
  order.anomalies = [
    ...(order.hisChargedFen !== order.paidFen ? (['charge_differs'] as const) : []),
    ...(order.hisRefundedFen !== order.refundedFen ? (['refund_differs'] as const) : []),
    ...(order.paidFen === 0 && order.hisChargedFen > 0 ? (['his_without_payment'] as const) : []),
    ...(isTwice ? (['his_duplicate'] as const) : []),
  ];
  const isSettled = order.paidFen > 0 || his.length > 0;
  order.reconState = !isSettled ? 'none' : order.anomalies.length > 0 ? 'abnormal' : 'normal';
}

type Stage = { rows: Rows; visits: Visit[]; now: Date; dice: Random; numbers: Numbers };

/** Puts one named difference into a visit that had gone well. */
function distort(kind: NamedKind, visit: Visit, { rows, visits, now, dice, numbers }: Stage): void {
  const { order, his, ledger } = visit;
  const paidAt = order.paidAt;
  const charge = his[0];
  if (paidAt === null || !charge || !ledger) return;
  const day = dayOf(paidAt);
  const amount = order.paidFen;
  const facts = { ...factsOf(order), occurredAt: paidAt, date: day, channelTradeNo: order.channelTradeNo };
  const add = (...args: Parameters<typeof discrepancy>): void => {
    const found = discrepancy(...args);
    // What only a bill can tell is known when that day's run is over.
    if (found.source === 'realtime' || isClosed(found.date, now)) rows.discrepancies.push(found);
  };
  const unbooked = (): void => {
    his.length = 0;
    order.hisState = 'none';
    order.hisOrderNo = null;
    order.receiptNo = null;
  };
  const platformOnly = {
    ...facts,
    kind: 'platform_only',
    source: 'realtime',
    platformFen: amount,
    remark: '单边账: 平台有, HIS无',
  } as const;
  const stranger = newVisit(dice, afterSeconds(paidAt, 20), numbers, branchOf(order), treatmentOf(order));

  switch (kind) {
    case 'his_only': {
      const record = hisRecord(
        stranger,
        'charge',
        stranger.order.amountFen,
        afterSeconds(paidAt, 25),
        numbers.hisSerial(branchOf(order)),
      );
      const lone = { ...record, channelTradeNo: null };
      rows.hisRecords.push(lone);
      add('his', lone.orderNo, {
        ...factsOf(stranger.order),
        occurredAt: lone.occurredAt,
        date: lone.settledOn,
        hisSerialNo: lone.hisSerialNo,
        hisFen: lone.amountFen,
        kind: 'his_only',
        source: 'realtime',
        remark: '单边账: HIS有, 平台无',
      });
      return;
    }
    case 'his_only_refund': {
      const record = hisRecord(
        visit,
        'refund',
        amount,
        afterSeconds(paidAt, 1500),
        numbers.hisSerial(branchOf(order)),
      );
      his.push(record);
      add('his', order.orderNo, {
        ...facts,
        occurredAt: record.occurredAt,
        tradeKind: 'refund',
        hisSerialNo: record.hisSerialNo,
        hisFen: -amount,
        kind: 'his_only',
        source: 'realtime',
        remark: 'HIS已退, 渠道未退',
      });
      return;
    }
    case 'platform_only':
      unbooked();
      add('his', order.orderNo, platformOnly);
      return;
    case 'missing_from_bill':
      ledger.billed = false;
      add('channel', order.orderNo, {
        ...facts,
        kind: 'platform_only',
        source: 't1',
        platformFen: amount,
        hisFen: amount,
        remark: '平台有, 渠道账单无',
      });
      return;
    case 'channel_only': {
      const foreign = {
        ...ledger,
        outTradeNo: `EXT${order.orderNo}`,
        tradeNo: channelTradeNo(order.channel, paidAt, dice, numbers.next()),
        refunds: [],
      };
      rows.ledger.push(foreign);
      add('channel', foreign.outTradeNo, {
        ...facts,
        orderNo: foreign.outTradeNo,
        channelTradeNo: foreign.tradeNo,
        bizType: null,
        patientName: null,
        cardNo: null,
        kind: 'channel_only',
        source: 't1',
        channelFen: amount,
        remark: '渠道账单有, 平台无',
      });
      return;
    }
    case 'amount': {
      const booked = amount > 2000 ? amount - 1000 : amount + 1000;
      charge.amountFen = booked;
      add('his', order.orderNo, {
        ...facts,
        kind: 'amount',
        source: 'realtime',
        hisSerialNo: charge.hisSerialNo,
        platformFen: amount,
        hisFen: booked,
        remark: '平台与HIS金额不符',
      });
      return;
    }
    case 'duplicate': {
      const twin = {
        ...charge,
        hisSerialNo: numbers.hisSerial(branchOf(order)),
        occurredAt: afterSeconds(charge.occurredAt, 30),
      };
      his.push({ ...twin, receivedAt: afterSeconds(twin.occurredAt, 1) });
      add('his', order.orderNo, {
        ...facts,
        occurredAt: twin.occurredAt,
        kind: 'duplicate',
        source: 'realtime',
        hisSerialNo: twin.hisSerialNo,
        hisFen: amount,
        remark: 'HIS重复入账',
      });
      return;
    }
    case 'in_transit': {
      const late = newVisit(
        dice,
        moment(day, '23:57:20'),
        numbers,
        branchOf(order),
        treatmentOf(order),
        'paid',
      );
      visits.push(late);
      inTransit(late, day, add);
      return;
    }
    case 'fee':
      add('channel', order.orderNo, {
        ...facts,
        kind: 'fee',
        source: 't1',
        platformFen: amount,
        channelFen: amount,
        feeFen: feeOf(amount) + 1,
        remark: '手续费与约定不符',
        ...settled(
          'write_off',
          1,
          '多收 0.01 元手续费，与渠道核对后核销',
          afterSeconds(runFinishedAt(day), 5400),
        ),
      });
      return;
    case 'status':
      unbooked();
      Object.assign(order, {
        status: 'closed',
        paidFen: 0,
        paidAt: null,
        settledOn: null,
        channelTradeNo: null,
      });
      Object.assign(visit.attempt, { status: 'closed', channelTradeNo: null });
      add('channel', order.orderNo, {
        ...facts,
        kind: 'status',
        source: 't1',
        channelFen: amount,
        remark: '渠道已收款, 平台订单未支付',
      });
      return;
    case 'healed': {
      charge.receivedAt = afterSeconds(paidAt, 400);
      charge.occurredAt = afterSeconds(paidAt, 390);
      add('his', order.orderNo, {
        ...platformOnly,
        status: 'void',
        resolution: 'healed',
        resolutionNote: 'HIS记录已补到',
        resolvedAt: charge.receivedAt,
      });
      return;
    }
    case 'refunded_online': {
      unbooked();
      const nextDay = shiftDay(day, 1);
      // Yesterday's are given back within the hour, so that the refund lies before this morning, whatever the hour is.
      const at = afterSeconds(moment(nextDay, '09:20:00'), dice.int(0, 3600));
      const isSameDay = afterSeconds(at, 86_400) > now;
      const refundedAt = isSameDay ? afterSeconds(paidAt, 1500) : at;
      giveBack(visit, amount, refundedAt, 'HIS未入账，线上退还患者', 'staff');
      const outcome = settled('online_refund', amount, 'HIS未入账，已原路退回', refundedAt);
      add('his', order.orderNo, { ...platformOnly, ...outcome });
      return;
    }
    case 'refunded_cash':
    case 'settled_other': {
      unbooked();
      const isCash = kind === 'refunded_cash';
      const note = isCash ? '患者到窗口领取现金' : '转入患者预交金账户';
      add('his', order.orderNo, {
        ...platformOnly,
        ...settled(isCash ? 'cash' : 'other', amount, note, nextMorning(day)),
      });
      return;
    }
    case 'his_supplement':
      unbooked();
      add('his', order.orderNo, {
        ...platformOnly,
        ...settled('his_supplement', amount, '信息科已通知HIS补账', nextMorning(day)),
      });
      return;
    default:
      unreachable(kind);
  }
}

/** Paid before midnight, booked by HIS after it: each day lacks what the other one has, and two cases say so. */
function inTransit(
  { order, his }: Visit,
  day: string,
  add: (...args: Parameters<typeof discrepancy>) => void,
): void {
  const charge = his[0];
  if (!charge || order.paidAt === null) return;
  const nextDay = shiftDay(day, 1);
  const booked = afterSeconds(moment(nextDay, '00:02:00'), Number(order.orderNo.slice(-1)) * 3);
  Object.assign(charge, { occurredAt: booked, settledOn: nextDay, receivedAt: afterSeconds(booked, 1) });
  const sides = [
    { date: day, occurredAt: order.paidAt, platformFen: order.paidFen, other: nextDay },
    { date: nextDay, occurredAt: booked, hisFen: order.paidFen, other: day },
  ];
  for (const { other, ...side } of sides) {
    add('his', order.orderNo, {
      ...factsOf(order),
      ...side,
      kind: 'in_transit',
      source: 't1',
      hisSerialNo: side.date === day ? null : charge.hisSerialNo,
      remark: `跨日在途: 对方记于 ${other}`,
      status: 'void',
      resolution: 'healed',
    });
  }
}

const settled = (
  resolution: 'online_refund' | 'cash' | 'other' | 'his_supplement' | 'write_off',
  resolutionFen: number,
  resolutionNote: string,
  resolvedAt: Date,
) =>
  ({
    status: 'resolved',
    resolution,
    resolutionFen,
    resolutionNote,
    resolvedAt,
    resolvedBy: 'finance',
    approvedBy: 'admin',
  }) as const;

const nextMorning = (day: string): Date => moment(shiftDay(day, 1), '10:40:00');

const treatmentOf = ({ bizType }: OrderSeed): Treatment => {
  const found = treatments.find((treatment) => treatment.bizType === bizType) ?? treatments[0];
  if (!found) throw new Error(`no treatment ${bizType}`);
  return found;
};

const factsOf = (order: OrderSeed) => ({
  merchantCode: order.merchantCode,
  accountCode: order.accountCode,
  payType: order.payType,
  orderNo: order.orderNo,
  bizType: order.bizType,
  patientName: order.patientName,
  cardNo: order.cardNo,
});

/** 0.6 %, half a fen rounded up: the rate of both simulated channels. */
export const feeOf = (amountFen: number): number => Math.floor((amountFen * 60 + 5_000) / 10_000);

function unreachable(value: never): never {
  throw new Error(`unknown kind ${String(value)}`);
}
