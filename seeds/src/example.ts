import { parseAmount } from '@hospital-pay/payments/contract';
import { discrepancy } from './cases';
import { afterSeconds, daysBetween, moment, weekday } from './china';
import { accountCodeOf, exampleCode, logName } from './hospital';
import { patient } from './patients';
import { type Random, random } from './random';
import {
  type ChannelCode,
  type DailyTotalSeed,
  type DiscrepancySeed,
  noRows,
  type OrderSeed,
  type RefundSeed,
  type Rows,
  type RunSeed,
} from './rows';

/**
 * The reference hospital: the figures of the product description, to the fen, on their own dates in 2018, so that a
 * screen can be laid beside it cell by cell. `seeds/README.md` says which range shows which figure.
 */
export const statisticsDay = '2018-10-18';
export const oneSidedDay = '2018-10-19';

type Range = {
  first: string;
  last: string;
  his: Record<ChannelCode, string>;
  platform: Record<ChannelCode, string>;
};

/** Two ranges whose sums are the two pairs of totals. */
export const summaryRanges: readonly Range[] = [
  {
    first: '2018-10-01',
    last: '2018-10-07',
    his: { wechat: '1425873.20', alipay: '1557083.10' },
    platform: { wechat: '1405525.30', alipay: '1525760.80' },
  },
  {
    first: '2018-07-01',
    last: '2018-09-30',
    his: { wechat: '52874011.53', alipay: '53623629.06' },
    platform: { wechat: '52780393.47', alipay: '53465419.02' },
  },
];

type KnownDay = { date: string; payType: ChannelCode; his: string; platform: string };

/** Days whose rows are given; those of September lie within the second range. */
export const knownDays: readonly KnownDay[] = [
  { date: '2018-09-10', payType: 'wechat', his: '694046.58', platform: '693720.29' },
  { date: '2018-09-10', payType: 'alipay', his: '946095.63', platform: '947074.09' },
  { date: '2018-09-24', payType: 'wechat', his: '28040.60', platform: '28040.60' },
  { date: '2018-09-11', payType: 'wechat', his: '485962.17', platform: '486462.27' },
  { date: '2018-09-11', payType: 'alipay', his: '575525.68', platform: '576675.68' },
  { date: '2018-09-12', payType: 'wechat', his: '675262.86', platform: '673732.86' },
  // Together the statistics of the day: HIS 785185.42, platform 674428.29.
  { date: statisticsDay, payType: 'wechat', his: '385092.21', platform: '330000.00' },
  { date: statisticsDay, payType: 'alipay', his: '400093.21', platform: '344428.29' },
];

const shown = [
  {
    time: '07:03:18',
    no: '20181018070353264912',
    channel: 'alipay',
    yuan: '130',
    his: '0',
    refunded: '130',
    subject: '入职体检1',
  },
  {
    time: '21:42:33',
    no: '1301178801201810182143077001754',
    channel: 'wechat',
    yuan: '2000',
    his: '2000',
    refunded: '0',
  },
  {
    time: '21:39:11',
    no: '1301178801201810182139452241706',
    channel: 'wechat',
    yuan: '3000',
    his: '3000',
    refunded: '0',
  },
  {
    time: '20:29:53',
    no: '20181018203027978166',
    channel: 'alipay',
    yuan: '5000',
    his: '5000',
    refunded: '0',
  },
  {
    time: '19:19:42',
    no: '1301178801201810181920173951712',
    channel: 'wechat',
    yuan: '10000',
    his: '10000',
    refunded: '0',
  },
] as const;

const oneSided = [
  {
    time: '09:00:26',
    no: '1301178801201810190900081161779',
    serial: '428661561',
    biz: '自助机门诊',
    yuan: '500.00',
    card: '0003276083',
  },
  {
    time: '08:58:51',
    no: '1301178801201810190858355241731',
    serial: '428661383',
    biz: '自助机门诊',
    yuan: '100.00',
    card: '0003821033',
  },
  {
    time: '08:58:32',
    no: '1W20181019080744308517',
    serial: '428661355',
    biz: '小程序门诊',
    yuan: '-7.31',
    card: '0003766789',
  },
  {
    time: '08:58:23',
    no: '1301178801201810190858064361722',
    serial: '428661347',
    biz: '自助机门诊',
    yuan: '660.00',
    card: '0003818001',
  },
] as const;

const abnormalRefunds = [
  { no: '1301178801201811171541053111163', yuan: '200.00', paid: '15:41:05', refunded: '09:12:40' },
  { no: '1301178801201811171557073521442', yuan: '185.00', paid: '15:57:07', refunded: '09:15:22' },
  { no: '1301178801201811171813199251541', yuan: '4000.00', paid: '18:13:19', refunded: '09:21:03' },
] as const;

const fen = (yuan: string): number => parseAmount(yuan);

export function example(): Rows {
  const rows = noRows();
  const dice = random('reference hospital');
  for (const order of shown) addOrder(rows, dice, order);
  for (const entry of oneSided) addOneSided(rows, dice, entry);
  for (const entry of abnormalRefunds) addAbnormalRefund(rows, dice, entry);
  addDifferenceDetail(rows, dice);
  addTotals(rows);
  addLogs(rows);
  return rows;
}

function bareOrder(
  dice: Random,
  facts: {
    no: string;
    channel: ChannelCode;
    createdTime: Date;
    settledOn: string;
    paidFen: number;
    bizType: string;
  },
): OrderSeed {
  const { no, channel, createdTime, paidFen } = facts;
  const person = patient(dice);
  const scene = channel === 'alipay' ? 'micropay' : 'native';
  const paidAt = afterSeconds(createdTime, 9);
  return {
    createdTime,
    orderNo: no,
    merchantOrderNo: no,
    reconState: 'normal',
    anomalies: [],
    payType: channel,
    status: 'paid',
    amountFen: paidFen,
    paidFen,
    hisChargedFen: paidFen,
    refundedFen: 0,
    hisRefundedFen: 0,
    refundingFen: 0,
    subject: person.name,
    merchantCode: exampleCode,
    appId: null,
    businessNo: `EX${no.slice(-14)}`,
    bizType: facts.bizType,
    scene,
    channel,
    accountCode: accountCodeOf(exampleCode, channel),
    tradeType: `${logName[channel]}_${scene}`,
    currency: 'CNY',
    channelTradeNo:
      channel === 'alipay' ? `2018101822001${dice.digits(15)}` : `420000018920181018${dice.digits(10)}`,
    patientName: person.name,
    patientId: person.patientId,
    cardNo: person.cardNo,
    terminalCode: null,
    department: null,
    operatorCode: null,
    hisState: 'none',
    hisOrderNo: null,
    receiptNo: null,
    errorCode: null,
    errorMessage: null,
    expiresAt: afterSeconds(createdTime, 900),
    paidAt,
    endedAt: paidAt,
    settledOn: facts.settledOn,
    queryCount: 0,
  };
}

/** An order's attempt, HIS charge and refund, as far as its figures name them. */
function keep(
  rows: Rows,
  dice: Random,
  order: OrderSeed,
  refundedAt: Date,
  source: RefundSeed['source'],
): void {
  rows.orders.push(order);
  rows.attempts.push({
    attemptNo: order.orderNo,
    orderNo: order.orderNo,
    channel: order.channel,
    accountCode: order.accountCode,
    scene: order.scene,
    amountFen: order.amountFen,
    currency: 'CNY',
    status: 'paid',
    authCodeHint: null,
    channelTradeNo: order.channelTradeNo,
    errorCode: null,
    errorMessage: null,
    startedAt: order.createdTime,
    endedAt: order.endedAt ?? order.createdTime,
  });
  if (order.hisChargedFen > 0) {
    rows.hisRecords.push({
      merchantCode: exampleCode,
      hisSerialNo: `4286${dice.digits(5)}`,
      hisOrderNo: `HO${order.orderNo.slice(-12)}`,
      kind: 'charge',
      orderNo: order.orderNo,
      refundNo: null,
      channelTradeNo: order.channelTradeNo,
      amountFen: order.hisChargedFen,
      currency: 'CNY',
      payType: order.payType,
      bizType: order.bizType,
      status: 'booked',
      patientName: order.patientName,
      patientId: order.patientId,
      cardNo: order.cardNo,
      terminalCode: null,
      department: null,
      operatorCode: null,
      occurredAt: afterSeconds(order.createdTime, 12),
      settledOn: order.settledOn ?? statisticsDay,
      receivedAt: afterSeconds(order.createdTime, 13),
    });
  }
  if (order.refundedFen === 0) return;
  rows.refunds.push({
    refundNo: `${order.orderNo}R01`,
    merchantRefundNo: `${order.orderNo}R01`,
    merchantCode: exampleCode,
    orderNo: order.orderNo,
    attemptNo: order.orderNo,
    channel: order.channel,
    accountCode: order.accountCode,
    tradeType: order.tradeType,
    amountFen: order.refundedFen,
    currency: 'CNY',
    reason: source === 'staff' ? '单边账退款' : '患者申请退款',
    status: 'succeeded',
    source,
    operatorCode: source === 'staff' ? 'finance' : null,
    channelRefundNo: `50300008${dice.digits(20)}`,
    requestedAt: afterSeconds(refundedAt, -3),
    refundedAt,
    settledOn: statisticsDay,
    queryCount: 0,
  });
}

/** The order list. */
function addOrder(rows: Rows, dice: Random, facts: (typeof shown)[number]): void {
  const order = bareOrder(dice, {
    no: facts.no,
    channel: facts.channel,
    createdTime: moment(statisticsDay, facts.time),
    settledOn: statisticsDay,
    paidFen: fen(facts.yuan),
    bizType: 'subject' in facts ? '健康体检' : '住院预交金',
  });
  order.hisChargedFen = fen(facts.his);
  order.refundedFen = fen(facts.refunded);
  if ('subject' in facts) {
    order.subject = facts.subject;
    order.status = 'refunded';
    order.reconState = 'abnormal';
    order.anomalies = ['charge_differs', 'refund_differs'];
  }
  keep(rows, dice, order, moment(statisticsDay, '07:30:00'), 'api');
}

/** One-sided entries: HIS has them, the platform has not. */
function addOneSided(rows: Rows, dice: Random, facts: (typeof oneSided)[number]): void {
  const occurredAt = moment(oneSidedDay, facts.time);
  const signed = fen(facts.yuan);
  const isRefund = signed < 0;
  const person = { ...patient(dice), cardNo: facts.card };
  rows.hisRecords.push({
    merchantCode: exampleCode,
    hisSerialNo: facts.serial,
    hisOrderNo: `HO${facts.serial}`,
    kind: isRefund ? 'refund' : 'charge',
    orderNo: facts.no,
    refundNo: null,
    channelTradeNo: null,
    amountFen: Math.abs(signed),
    currency: 'CNY',
    payType: 'wechat',
    bizType: facts.biz,
    status: 'booked',
    patientName: person.name,
    patientId: person.patientId,
    cardNo: person.cardNo,
    terminalCode: null,
    department: null,
    operatorCode: null,
    occurredAt,
    settledOn: oneSidedDay,
    receivedAt: afterSeconds(occurredAt, 1),
  });
  rows.discrepancies.push(
    discrepancy('his', facts.no, {
      occurredAt,
      date: oneSidedDay,
      merchantCode: exampleCode,
      accountCode: accountCodeOf(exampleCode, 'wechat'),
      payType: 'wechat',
      orderNo: facts.no,
      hisSerialNo: facts.serial,
      bizType: facts.biz,
      hisFen: signed,
      tradeKind: isRefund ? 'refund' : 'payment',
      patientName: person.name,
      cardNo: person.cardNo,
      kind: 'his_only',
      source: 'realtime',
      remark: '单边账',
    }),
  );
}

/** Entries of the day before that were given back online on the day of the statistics. */
function addAbnormalRefund(rows: Rows, dice: Random, facts: (typeof abnormalRefunds)[number]): void {
  const day = '2018-10-17';
  const createdTime = moment(day, facts.paid);
  const refundedAt = moment(statisticsDay, facts.refunded);
  const amountFen = fen(facts.yuan);
  const order = bareOrder(dice, {
    no: facts.no,
    channel: 'wechat',
    createdTime,
    settledOn: day,
    paidFen: amountFen,
    bizType: '自助机门诊',
  });
  Object.assign(order, {
    hisChargedFen: 0,
    refundedFen: amountFen,
    status: 'refunded',
    reconState: 'abnormal',
    anomalies: ['charge_differs', 'refund_differs'],
  });
  keep(rows, dice, order, refundedAt, 'staff');
  rows.discrepancies.push(
    discrepancy('his', facts.no, {
      occurredAt: createdTime,
      date: day,
      merchantCode: exampleCode,
      accountCode: order.accountCode,
      payType: 'wechat',
      orderNo: facts.no,
      bizType: order.bizType,
      platformFen: amountFen,
      patientName: order.patientName,
      cardNo: order.cardNo,
      channelTradeNo: order.channelTradeNo,
      kind: 'platform_only',
      source: 'realtime',
      remark: '单边账: 平台有, HIS无',
      status: 'resolved',
      resolution: 'online_refund',
      resolutionFen: amountFen,
      resolutionNote: '线上退款',
      resolvedBy: 'finance',
      resolvedAt: refundedAt,
      approvedBy: 'admin',
    }),
  );
}

/** The entries that make up the day's difference, 110757.13 in all; HIS corrected them on the next day. */
function addDifferenceDetail(rows: Rows, dice: Random): void {
  const perChannel = 24;
  for (const channel of ['wechat', 'alipay'] as const) {
    const day = knownDays.find(({ date, payType }) => date === statisticsDay && payType === channel);
    if (!day) continue;
    const weights = Array.from({ length: perChannel }, () => dice.int(1, 9));
    for (const [index, amountFen] of shares(fen(day.his) - fen(day.platform), weights).entries()) {
      const occurredAt = afterSeconds(moment(statisticsDay, '08:00:00'), index * 1200 + dice.int(0, 1100));
      const person = patient(dice);
      const no = `13011788012018101822${dice.digits(11)}`;
      rows.discrepancies.push(
        differenceCase(channel, no, occurredAt, amountFen, person, `4285${dice.digits(5)}`),
      );
    }
  }
}

function differenceCase(
  channel: ChannelCode,
  no: string,
  occurredAt: Date,
  amountFen: number,
  person: { name: string; cardNo: string },
  hisSerialNo: string,
): DiscrepancySeed {
  return discrepancy('his', no, {
    occurredAt,
    date: statisticsDay,
    merchantCode: exampleCode,
    accountCode: accountCodeOf(exampleCode, channel),
    payType: channel,
    orderNo: no,
    hisSerialNo,
    bizType: '自助机门诊',
    hisFen: amountFen,
    patientName: person.name,
    cardNo: person.cardNo,
    kind: 'his_only',
    source: 't1',
    remark: '单边账',
    status: 'resolved',
    resolution: 'write_off',
    resolutionFen: 0,
    resolutionNote: 'HIS冲正',
    resolvedBy: 'finance',
    resolvedAt: moment(oneSidedDay, '10:40:00'),
    approvedBy: 'admin',
  });
}

/** Daily totals: the given days as given, every other day of a range a share of what remains. */
function addTotals(rows: Rows): void {
  for (const known of knownDays)
    addTotal(rows, known.date, known.payType, fen(known.his), fen(known.platform));
  for (const { first, last, his, platform } of summaryRanges) {
    for (const payType of ['wechat', 'alipay'] as const) {
      const within = knownDays.filter(
        (known) => known.payType === payType && known.date >= first && known.date <= last,
      );
      const given = new Set(within.map(({ date }) => date));
      const open = daysBetween(first, last).filter((day) => !given.has(day));
      const weights = open.map((day) => {
        const dice = random(`reference ${day} ${payType}`);
        return (weekday(day) > 5 ? 45 : 100) * dice.int(80, 120);
      });
      const restOf = (total: string, side: 'his' | 'platform') =>
        within.reduce((rest, known) => rest - fen(known[side]), fen(total));
      const hisFen = shares(restOf(his[payType], 'his'), weights);
      const differences = shares(
        restOf(platform[payType], 'platform') - restOf(his[payType], 'his'),
        weights.map((_, index) => (index % 3 === 0 ? 5 : index % 3 === 1 ? 2 : 0)),
      );
      for (const [index, day] of open.entries()) {
        const booked = hisFen[index] ?? 0;
        addTotal(rows, day, payType, booked, booked + (differences[index] ?? 0));
      }
    }
  }
  rows.dailyTotals.sort((a, b) => (a.date + a.payType < b.date + b.payType ? -1 : 1));
}

/** Cuts an amount by weights; what does not divide goes to the last part, so that nothing is lost. */
function shares(totalFen: number, weights: readonly number[]): number[] {
  const all = weights.reduce((sum, weight) => sum + weight, 0);
  let left = totalFen;
  return weights.map((weight, index) => {
    const product = totalFen * weight;
    const part = index === weights.length - 1 ? left : (product - (product % all)) / all;
    left -= part;
    return part;
  });
}

function addTotal(rows: Rows, date: string, payType: ChannelCode, hisFen: number, platformFen: number): void {
  const accountCode = accountCodeOf(exampleCode, payType);
  const runNo = `R${date.replaceAll('-', '')}${accountCode.toUpperCase().replaceAll('-', '')}`;
  const isDayOfRefunds = date === statisticsDay && payType === 'wechat';
  const abnormalRefundFen = isDayOfRefunds
    ? abnormalRefunds.reduce((sum, { yuan }) => sum + fen(yuan), 0)
    : 0;
  const total: DailyTotalSeed = {
    date,
    merchantCode: exampleCode,
    accountCode,
    payType,
    hisFen,
    platformFen,
    abnormalRefundFen,
    channelFen: platformFen - abnormalRefundFen,
    differenceFen: platformFen - hisFen,
    feeFen: 0,
    hisCount: Math.trunc(hisFen / 18_000),
    platformCount: Math.trunc(platformFen / 18_000),
    channelCount: Math.trunc(platformFen / 18_000),
    runNo,
  };
  const finishedAt = afterSeconds(moment(date, '10:02:00'), 86_400);
  const run: RunSeed = {
    runNo,
    merchantCode: exampleCode,
    channel: payType,
    accountCode,
    date,
    status: 'done',
    counts: { orders: total.platformCount, hisRecords: total.hisCount, billLines: total.channelCount },
    requestedBy: 'system',
    startedAt: afterSeconds(finishedAt, -95),
    finishedAt,
    createdTime: afterSeconds(finishedAt, -120),
  };
  rows.dailyTotals.push(total);
  rows.runs.push(run);
}

/** The examples of the monitoring screens. */
function addLogs(rows: Rows): void {
  rows.loginLogs.push({
    at: moment('2018-11-13', '10:36:11'),
    username: 'super',
    kind: 'sign_in',
    ip: '192.168.56.1',
    userAgent: 'Mozilla/5.0',
  });
  rows.interfaceLogs.push({
    at: moment('2018-10-30', '08:48:14'),
    orderNo: '1301178801201810300718384501837',
    tradeType: 'weixin_native',
    method: 'refund_order',
    channel: 'wechat',
    accountCode: accountCodeOf(exampleCode, 'wechat'),
    direction: 'out',
    url: 'https://api.mch.weixin.qq.com/v3/refund/domestic/refunds',
    request: JSON.stringify({ out_trade_no: '1301178801201810300718384501837', refund_fen: 4500 }),
    response: JSON.stringify({ status: 'SUCCESS' }),
    httpStatus: 200,
    durationMs: 412,
    errorCode: null,
    traceId: null,
  });
  rows.abnormalRequests.push(
    {
      at: moment('2018-10-30', '08:51:37'),
      orderNo: '1301178801201810300851362281845',
      errorCode: 'AUTH_CODE_INVALID',
      errorMessage: '下单失败:101 付款码已过期, 请退出重试',
      tradeType: 'weixin_micropay',
      action: '订单创建',
      channel: 'wechat',
      accountCode: accountCodeOf(exampleCode, 'wechat'),
      advice: '请患者刷新付款码后重新扫码',
    },
    {
      at: moment('2018-10-30', '08:49:02'),
      orderNo: '20181030084855710236',
      errorCode: 'ACQ.TRADE_NOT_EXIST',
      errorMessage: '订单查询失败:交易不存在',
      tradeType: 'alipay_native',
      action: '订单查询',
      channel: 'alipay',
      accountCode: accountCodeOf(exampleCode, 'alipay'),
      advice: '患者尚未扫码，等待患者付款',
    },
  );
}
