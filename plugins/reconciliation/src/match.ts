import { settlingRefunds } from './abnormal-refunds';

/**
 * The three-way match of one account's day: orders and refunds × HIS records × bill lines.
 *
 * Pure: flat rows in, flat results out, in an order that depends on the rows alone. There are two legs, platform × HIS
 * and platform × channel. On each leg every row of the day ends in exactly one result, so that the results' sums by
 * side equal the sources to the fen. Rows of other days may be given as counterparts: they explain rows of this
 * day and are never counted here.
 */
export type Leg = 'his' | 'channel';
export type TradeKind = 'payment' | 'refund';
export type ResultKind =
  | 'matched'
  | 'in_transit'
  | 'his_only'
  | 'platform_only'
  | 'channel_only'
  | 'amount'
  | 'fee'
  | 'status'
  | 'currency'
  | 'duplicate'
  | 'split'
  /** Given back on a later day because HIS never charged it: the cure of an earlier difference, and none itself. */
  | 'abnormal_refund';

/** `open`: the channel may still say paid; `ended`: closed, reversed, failed. Only `paid` orders carry money. */
export type OrderStanding = 'paid' | 'open' | 'ended';

export interface OrderRow {
  orderNo: string;
  merchantOrderNo: string;
  /** The numbers under which the channel knows this order. */
  attemptNos: string[];
  channelTradeNo?: string;
  /** What HIS calls the bill that this order pays: its business number, its own order number. */
  hisNumbers?: string[];
  standing: OrderStanding;
  paidFen: number;
  currency: string;
  occurredAt: number;
  day: string;
}

/** A refund that the channel confirmed. */
export interface RefundRow {
  refundNo: string;
  merchantRefundNo: string;
  orderNo: string;
  amountFen: number;
  currency: string;
  occurredAt: number;
  day: string;
}

/** A booked HIS record; amounts are positive, `kind` gives the direction. */
export interface HisRow {
  hisSerialNo: string;
  kind: TradeKind;
  orderNo?: string;
  refundNo?: string;
  channelTradeNo?: string;
  /** The HIS bill that was settled, perhaps by several payments. */
  hisOrderNo?: string;
  amountFen: number;
  currency: string;
  occurredAt: number;
  day: string;
}

export interface BillRow {
  lineNo: number;
  kind: TradeKind;
  orderNo: string;
  refundNo?: string;
  channelNo: string;
  amountFen: number;
  feeFen: number;
  currency: string;
  occurredAt: number;
  /** The day of the bill that this line stands in. */
  day: string;
}

export interface MatchRules {
  date: string;
  /** The channel's calendar day `date`, in epoch ms: [start, end). */
  dayStart: number;
  dayEnd: number;
  /** How far from midnight the channel's clock may put a payment into the other day. */
  midnightMinutes: number;
  /** The next day's bill is at hand, so what it does not hold is missing and not on its way. */
  nextBillKnown: boolean;
  /** How many days apart a payment and its bill line may lie and still be one; one without it. */
  suspenseDays?: number;
  /** So few days have passed that the channel may still report what its bill lacks. */
  isSuspended?: boolean;
  /** Several payments and several HIS records may settle one HIS bill; allowed without it. */
  manyToOne?: boolean;
  /** There is a bill at all; an account without one has no channel leg. */
  billKnown: boolean;
  /** Agreed fee in millionths of the amount; fees are not judged without it. */
  feePpm?: number;
  /** Amounts of one day and currency that differ by no more than this agree, per leg; none without it. */
  toleranceFen?: Partial<Record<Leg, number>>;
}

export interface MatchInput {
  orders: OrderRow[];
  refunds: RefundRow[];
  hisRecords: HisRow[];
  billLines: BillRow[];
  rules: MatchRules;
}

export interface MatchResult {
  leg: Leg;
  kind: ResultKind;
  tradeKind: TradeKind;
  /** Order number, or what stands for it when the platform has no such order. */
  key: string;
  orderNo?: string;
  refundNo?: string;
  /** Cleared as a sum of charges and refunds of one order, not line by line. */
  netted: boolean;
  /** Rows of different orders, settled together because HIS calls them one bill. */
  bridged: boolean;
  /** This day's rows, each in exactly one result of its leg. */
  platformIds: string[];
  hisSerialNos: string[];
  lineNos: number[];
  /** Signed (refunds negative), this day's rows only. */
  platformFen: number;
  hisFen: number;
  channelFen: number;
  feeFen: number;
  expectedFeeFen?: number;
  /** What the counterpart of another day carries, and which days. */
  elsewhereFen: number;
  elsewhereDays: string[];
  /** The other side − platform, as cases show it. */
  differenceFen: number;
  occurredAt: number;
}

export interface MatchTotals {
  hisFen: number;
  /** Taken − refunded, abnormal refunds of earlier days' payments left out. */
  platformFen: number;
  /** Those refunds: taken − refunded = platformFen − abnormalRefundFen. */
  abnormalRefundFen: number;
  channelFen: number;
  feeFen: number;
  hisCount: number;
  platformCount: number;
  channelCount: number;
  /** Platform − HIS, as summaries show it. */
  differenceFen: number;
}

/** One row of either side, reduced to what matching looks at. */
interface Row {
  side: 'platform' | 'other';
  id: string;
  kind: TradeKind;
  key: string;
  numbers: string[];
  /** HIS bills. */
  bills: string[];
  amountFen: number;
  feeFen: number;
  currency: string;
  occurredAt: number;
  day: string;
}

const byTimeThenId = (a: Row, b: Row): number =>
  a.occurredAt - b.occurredAt || (a.id < b.id ? -1 : a.id > b.id ? 1 : 0);

const signed = (row: Row): number => (row.kind === 'refund' ? -row.amountFen : row.amountFen);
const sum = (rows: Row[]): number => rows.reduce((total, row) => total + signed(row), 0);

/** Every number by which HIS or a channel may call an order; a platform number wins over anyone else's. */
function aliasesOf(orders: OrderRow[], refunds: RefundRow[]): Map<string, string> {
  const aliases = new Map<string, string>();
  const learn = (alias: string | undefined, orderNo: string): void => {
    if (alias && !aliases.has(alias)) aliases.set(alias, orderNo);
  };
  const inOrder = orders.toSorted((a, b) => (a.orderNo < b.orderNo ? -1 : 1));
  for (const order of inOrder) learn(order.orderNo, order.orderNo);
  for (const order of inOrder) for (const attemptNo of order.attemptNos) learn(attemptNo, order.orderNo);
  for (const order of inOrder) learn(order.merchantOrderNo, order.orderNo);
  for (const order of inOrder) learn(order.channelTradeNo, order.orderNo);
  for (const refund of refunds.toSorted((a, b) => (a.refundNo < b.refundNo ? -1 : 1))) {
    learn(refund.refundNo, refund.orderNo);
    learn(refund.merchantRefundNo, refund.orderNo);
  }
  return aliases;
}

/** What a row without an order of ours is called; also the key under which its case is kept. */
export const strayKey = (numbers: { orderNo?: string; channelNo?: string; id: string }): string =>
  numbers.orderNo || numbers.channelNo || `#${numbers.id}`;

export function match(input: MatchInput): { results: MatchResult[]; totals: MatchTotals } {
  const { orders, refunds, hisRecords, billLines, rules } = input;
  const aliases = aliasesOf(orders, refunds);
  const standings = new Map(orders.map((order) => [order.orderNo, order.standing]));
  const billsOf = new Map(orders.map((order) => [order.orderNo, order.hisNumbers ?? []]));
  const resolve = (...numbers: (string | undefined)[]): string | undefined => {
    for (const number of numbers) {
      const orderNo = number && aliases.get(number);
      if (orderNo) return orderNo;
    }
    return undefined;
  };

  const platform: Row[] = [
    ...orders
      .filter((order) => order.standing === 'paid')
      .map(
        (order): Row => ({
          side: 'platform',
          id: order.orderNo,
          kind: 'payment',
          key: order.orderNo,
          numbers: [],
          bills: order.hisNumbers ?? [],
          amountFen: order.paidFen,
          feeFen: 0,
          currency: order.currency,
          occurredAt: order.occurredAt,
          day: order.day,
        }),
      ),
    ...refunds.map(
      (refund): Row => ({
        side: 'platform',
        id: refund.refundNo,
        kind: 'refund',
        key: refund.orderNo,
        numbers: [refund.refundNo, refund.merchantRefundNo],
        bills: billsOf.get(refund.orderNo) ?? [],
        amountFen: refund.amountFen,
        feeFen: 0,
        currency: refund.currency,
        occurredAt: refund.occurredAt,
        day: refund.day,
      }),
    ),
  ];
  const his = hisRecords.map(
    (record): Row => ({
      side: 'other',
      id: record.hisSerialNo,
      kind: record.kind,
      key:
        resolve(record.orderNo, record.channelTradeNo, record.refundNo) ??
        strayKey({
          ...(record.orderNo ? { orderNo: record.orderNo } : {}),
          ...(record.channelTradeNo ? { channelNo: record.channelTradeNo } : {}),
          id: record.hisSerialNo,
        }),
      numbers: record.refundNo ? [record.refundNo] : [],
      bills: record.hisOrderNo ? [record.hisOrderNo] : [],
      amountFen: record.amountFen,
      feeFen: 0,
      currency: record.currency,
      occurredAt: record.occurredAt,
      day: record.day,
    }),
  );
  const bill = billLines.map(
    (line): Row => ({
      side: 'other',
      id: String(line.lineNo),
      kind: line.kind,
      key:
        resolve(line.orderNo, line.channelNo, line.refundNo) ??
        strayKey({ orderNo: line.orderNo, channelNo: line.channelNo, id: `line ${line.lineNo}` }),
      numbers: line.refundNo ? [line.refundNo] : [],
      bills: [],
      amountFen: line.amountFen,
      feeFen: line.feeFen,
      currency: line.currency,
      occurredAt: line.occurredAt,
      day: line.day,
    }),
  );

  const known = (key: string): OrderStanding | undefined => standings.get(key);
  const results = [
    ...matchLeg('his', platform, his, rules, known),
    ...(rules.billKnown ? matchLeg('channel', platform, bill, rules, known) : []),
  ];

  const today = (rows: Row[]): Row[] => rows.filter((row) => row.day === rules.date);
  const abnormal = results.filter((result) => result.kind === 'abnormal_refund');
  const abnormalRefundFen = abnormal.reduce((total, result) => total - result.platformFen, 0);
  const hisFen = sum(today(his));
  const platformFen = sum(today(platform)) + abnormalRefundFen;
  return {
    results,
    totals: {
      hisFen,
      platformFen,
      abnormalRefundFen,
      channelFen: sum(today(bill)),
      feeFen: today(bill).reduce((total, row) => total + row.feeFen, 0),
      hisCount: today(his).length,
      platformCount: today(platform).length - abnormal.length,
      channelCount: today(bill).length,
      differenceFen: platformFen - hisFen,
    },
  };
}

/** What is not claimed yet in one direction. */
interface Open {
  platform: Row[];
  other: Row[];
  /** Amounts of the other side that found their counterpart: a further one of them came twice. */
  claimedAmounts: Set<number>;
}

/** One order's rows on one leg. */
interface Group {
  key: string;
  rows: Row[];
  open: Record<TradeKind, Open>;
  /** Its payment was settled together with others'. */
  isBridged: boolean;
  /** Given back on the day of the payment itself, for what HIS lacks. */
  sameDayCures: Row[];
}

type Emit = (kind: ResultKind, key: string, claimed: Row[], how?: 'netted' | 'bridged') => void;

function matchLeg(
  leg: Leg,
  platform: Row[],
  other: Row[],
  rules: MatchRules,
  known: (key: string) => OrderStanding | undefined,
): MatchResult[] {
  const groups = groupsOf(platform, other);
  const results = new Map<string, MatchResult[]>(groups.map(({ key }) => [key, []]));
  const emit: Emit = (kind, key, claimed, how) => {
    if (claimed.some((row) => row.day === rules.date)) {
      results.get(key)?.push(resultOf(leg, kind, key, claimed, rules, known(key) !== undefined, how));
    }
  };
  for (const group of groups) settle(leg, group.open.payment, rules, emit, () => group.key);
  bridge(leg, 'payment', groups, rules, emit);
  for (const group of groups) {
    setCuresAside(leg, group, emit);
    settle(leg, group.open.refund, rules, emit, () => group.key);
  }
  bridge(leg, 'refund', groups, rules, emit);
  for (const group of groups) judgeRest(leg, group, rules, known(group.key), emit);
  return groups.flatMap(({ key }) => results.get(key) ?? []);
}

function groupsOf(platform: Row[], other: Row[]): Group[] {
  const byKey = new Map<string, Row[]>();
  for (const row of [...platform, ...other]) {
    const rows = byKey.get(row.key);
    if (rows) rows.push(row);
    else byKey.set(row.key, [row]);
  }
  return [...byKey.keys()].sort().map((key) => {
    const rows = (byKey.get(key) ?? []).sort(byTimeThenId);
    const open = (kind: TradeKind): Open => ({
      platform: rows.filter((row) => row.kind === kind && row.side === 'platform'),
      other: rows.filter((row) => row.kind === kind && row.side === 'other'),
      claimedAmounts: new Set(),
    });
    const both = { payment: open('payment'), refund: open('refund') };
    return { key, rows, open: both, isBridged: false, sameDayCures: [] };
  });
}

/** Claims what is one: pairs by number and money, nearest first, then a sum that is the same on both sides. */
function settle(
  leg: Leg,
  open: Open,
  rules: MatchRules,
  emit: Emit,
  keyOf: (own: Row | undefined) => string,
  how?: 'bridged',
): void {
  const pair = (fits: (a: Row, b: Row) => boolean): void => {
    if (open.platform.length === 0 || open.other.length === 0) return;
    const rest: Row[] = [];
    for (const own of open.platform) {
      const index = open.other.findIndex((row) => fits(own, row) && isNear(leg, [own, row], rules));
      const counterpart = open.other[index];
      if (counterpart === undefined) {
        rest.push(own);
        continue;
      }
      open.other = open.other.toSpliced(index, 1);
      open.claimedAmounts.add(counterpart.amountFen);
      emit(judgePair(leg, own, counterpart, rules), keyOf(own), [own, counterpart], how);
    }
    open.platform = rest;
  };
  const sameMoney = (a: Row, b: Row): boolean => a.amountFen === b.amountFen && a.currency === b.currency;
  const sameNumber = (a: Row, b: Row): boolean => b.numbers.some((number) => a.numbers.includes(number));
  pair((a, b) => sameNumber(a, b) && sameMoney(a, b) && a.day === b.day);
  pair((a, b) => sameNumber(a, b) && sameMoney(a, b));
  pair(sameNumber);
  pair((a, b) => sameMoney(a, b) && a.day === b.day);
  pair(sameMoney);

  const claimed = [...open.platform, ...open.other];
  if (
    open.platform.length > 0 &&
    open.other.length > 0 &&
    isOneCurrency(claimed) &&
    sum(open.platform) === sum(open.other) &&
    isNear(leg, claimed, rules)
  ) {
    for (const row of open.other) open.claimedAmounts.add(row.amountFen);
    emit(isOneDay(claimed) ? 'split' : 'in_transit', keyOf(open.platform[0]), claimed, how);
    open.platform = [];
    open.other = [];
  }
}

/** What different orders lack and have too much is one where HIS calls it one bill. */
function bridge(leg: Leg, kind: TradeKind, groups: Group[], rules: MatchRules, emit: Emit): void {
  if (leg === 'channel' || rules.manyToOne === false) return;
  const groupOf = new Map(groups.map((group) => [group.key, group]));
  /** Orders of each bill: as they say themselves, or as HIS says of its records. */
  const keysOf = new Map<string, Set<string>>();
  const put = (row: Row): void => {
    for (const bill of row.bills) keysOf.set(bill, (keysOf.get(bill) ?? new Set()).add(row.key));
  };
  for (const { open } of groups) open[kind].other.forEach(put);
  if (keysOf.size === 0) return;
  for (const { open } of groups) open[kind].platform.forEach(put);
  for (const [, keys] of [...keysOf].sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (keys.size < 2) continue;
    const members = [...keys].sort().flatMap((key) => groupOf.get(key) ?? []);
    const rowsOf = (side: Row['side']): Row[] =>
      members.flatMap(({ open }) => open[kind][side]).sort(byTimeThenId);
    const together: Open = {
      platform: rowsOf('platform'),
      other: rowsOf('other'),
      claimedAmounts: new Set(),
    };
    settle(leg, together, rules, emit, (own) => own?.key ?? '', 'bridged');
    const left = new Set([...together.platform, ...together.other]);
    for (const group of members) {
      const open = group.open[kind];
      for (const row of open.other) if (!left.has(row)) open.claimedAmounts.add(row.amountFen);
      if (kind === 'payment' && open.platform.some((row) => !left.has(row))) group.isBridged = true;
      open.platform = open.platform.filter((row) => left.has(row));
      open.other = open.other.filter((row) => left.has(row));
    }
  }
}

function setCuresAside(leg: Leg, group: Group, emit: Emit): void {
  const { key, rows, open } = group;
  if (leg === 'channel' || group.isBridged || open.refund.platform.length === 0) return;
  const paidDay = rows.find((row) => row.side === 'platform' && row.kind === 'payment')?.day;
  const settling = settlingOf(rows);
  const isCure = (row: Row): boolean => settling.has(row.id);
  const cures = open.refund.platform.filter(isCure);
  for (const row of cures) if (row.day !== paidDay) emit('abnormal_refund', key, [row]);
  open.refund.platform = open.refund.platform.filter((row) => !isCure(row));
  group.sameDayCures = cures.filter((row) => row.day === paidDay);
}

/** What found no counterpart. */
function judgeRest(
  leg: Leg,
  { key, open, sameDayCures }: Group,
  rules: MatchRules,
  standing: OrderStanding | undefined,
  emit: Emit,
): void {
  const left = [open.payment, open.refund];
  if (left.every(({ platform, other }) => platform.length === 0 && other.length === 0)) return;
  // What one order took and gave back on the same day clears as a sum: a reversed payment, a corrected booking.
  const everything = [...left.flatMap(({ platform, other }) => [...platform, ...other]), ...sameDayCures];
  const own = everything.filter((row) => row.side === 'platform');
  const others = everything.filter((row) => row.side === 'other');
  if (
    everything.length > 1 &&
    new Set(everything.map((row) => row.kind)).size === 2 &&
    isOneDay(everything) &&
    isOneCurrency(everything) &&
    sum(own) === sum(others)
  ) {
    emit('matched', key, everything, 'netted');
    return;
  }

  for (const { platform, other: theirs, claimedAmounts } of left) {
    // What was given back on the day itself lessens the payment that HIS lacks.
    const isPayment = platform.some((row) => row.kind === 'payment');
    const mine = isPayment ? [...platform, ...sameDayCures] : platform;
    if (isPayment && sameDayCures.length > 0 && theirs.length === 0) {
      emit('platform_only', key, mine);
      continue;
    }
    const claimed = [...mine, ...theirs];
    if (mine.length > 0 && theirs.length > 0 && isNear(leg, claimed, rules)) {
      const ownedByAnotherDay = !mine.some((row) => row.day === rules.date);
      const isTolerated = isOneDay(claimed) && isWithin(leg, mine, theirs, rules);
      const kind = !isOneCurrency(claimed)
        ? 'currency'
        : isTolerated
          ? judgeFees(leg, theirs, rules)
          : 'amount';
      emit(ownedByAnotherDay ? 'in_transit' : kind, key, claimed);
      continue;
    }
    for (const row of mine) emit(isOnItsWay(leg, row, rules) ? 'in_transit' : 'platform_only', key, [row]);
    for (const row of theirs) {
      emit(claimedAmounts.has(row.amountFen) ? 'duplicate' : loneKind(leg, row, standing), key, [row]);
    }
  }
}

/** Which refunds among one order's rows settled what HIS lacks. */
function settlingOf(rows: Row[]): Set<string> {
  const of = (side: Row['side'], kind: TradeKind): Row[] =>
    rows.filter((row) => row.side === side && row.kind === kind);
  const [payment] = of('platform', 'payment');
  if (!payment || !isOneCurrency(rows)) return new Set();
  return settlingRefunds({
    paidFen: payment.amountFen,
    chargedFen: sum(of('other', 'payment')),
    refunds: of('platform', 'refund').map((row) => ({ ...row, refundNo: row.id })),
    hisRefunds: of('other', 'refund'),
  });
}

function judgePair(leg: Leg, own: Row, other: Row, rules: MatchRules): ResultKind {
  if (own.currency !== other.currency) return 'currency';
  const isTolerated = own.day === other.day && isWithin(leg, [own], [other], rules);
  if (own.amountFen !== other.amountFen && !isTolerated) {
    return own.day === rules.date ? 'amount' : 'in_transit';
  }
  if (own.day !== other.day) return 'in_transit';
  return judgeFees(leg, [other], rules);
}

function judgeFees(leg: Leg, others: Row[], { feePpm }: MatchRules): 'matched' | 'fee' {
  const isAgreed = (row: Row): boolean => feePpm === undefined || row.feeFen === expectedFee(row, feePpm);
  return leg === 'his' || others.every(isAgreed) ? 'matched' : 'fee';
}

const isWithin = (leg: Leg, mine: Row[], theirs: Row[], rules: MatchRules): boolean =>
  Math.abs(sum(theirs) - sum(mine)) <= (rules.toleranceFen?.[leg] ?? 0);

function loneKind(leg: Leg, row: Row, standing: OrderStanding | undefined): ResultKind {
  if (leg === 'his') return 'his_only';
  return standing === 'ended' && row.kind === 'payment' ? 'status' : 'channel_only';
}

/** A later bill may hold it: the channel's days are not over, or it was paid so close to midnight. */
function isOnItsWay(leg: Leg, row: Row, rules: MatchRules): boolean {
  if (leg === 'his' || suspenseOf(rules) === 0) return false;
  const isLate = row.occurredAt >= rules.dayEnd - rules.midnightMinutes * 60_000;
  return rules.isSuspended === true || (isLate && !rules.nextBillKnown);
}

const suspenseOf = (rules: MatchRules): number => rules.suspenseDays ?? 1;
const dayMs = 86_400_000;

/** Bills report within the channel's days; HIS may book a payment whenever it is noticed. */
function isNear(leg: Leg, rows: Row[], rules: MatchRules): boolean {
  if (leg === 'his' || isOneDay(rows)) return true;
  const days = rows.map((row) => Date.parse(row.day));
  return Math.max(...days) - Math.min(...days) <= suspenseOf(rules) * dayMs;
}

/** Half up, in integers: an agreed rate never passes through a binary fraction. */
function expectedFee(row: Row, ppm: number): number {
  const fee = Number((BigInt(row.amountFen) * BigInt(ppm) + 500_000n) / 1_000_000n);
  return row.kind === 'refund' && fee !== 0 ? -fee : fee;
}

const isOneDay = ([first, ...rest]: Row[]): boolean => rest.every((row) => row.day === first?.day);
const isOneCurrency = ([first, ...rest]: Row[]): boolean =>
  rest.every((row) => row.currency === first?.currency);

function resultOf(
  leg: Leg,
  kind: ResultKind,
  key: string,
  claimed: Row[],
  rules: MatchRules,
  isOurs: boolean,
  how: 'netted' | 'bridged' | undefined,
): MatchResult {
  const netted = how === 'netted';
  const own: Row[] = [];
  const others: Row[] = [];
  const elsewhere: Row[] = [];
  let refundNo: string | undefined;
  let occurredAt = Number.POSITIVE_INFINITY;
  for (const row of claimed) {
    if (row.side === 'platform' && row.kind === 'refund') refundNo ??= row.id;
    if (row.day !== rules.date) elsewhere.push(row);
    else {
      occurredAt = Math.min(occurredAt, row.occurredAt);
      (row.side === 'platform' ? own : others).push(row);
    }
  }
  const tradeKind = netted ? 'payment' : (claimed[0]?.kind ?? 'payment');
  const line = others[0];
  const platformFen = sum(own);
  const otherFen = sum(others);
  return {
    leg,
    kind,
    tradeKind,
    key,
    ...(isOurs ? { orderNo: key } : {}),
    ...(refundNo !== undefined && tradeKind === 'refund' ? { refundNo } : {}),
    netted,
    bridged: how === 'bridged',
    platformIds: own.map((row) => row.id),
    hisSerialNos: leg === 'his' ? others.map((row) => row.id) : [],
    lineNos: leg === 'channel' ? others.map((row) => Number(row.id)) : [],
    platformFen,
    hisFen: leg === 'his' ? otherFen : 0,
    channelFen: leg === 'channel' ? otherFen : 0,
    feeFen: others.reduce((total, row) => total + row.feeFen, 0),
    ...(kind === 'fee' && line && rules.feePpm !== undefined
      ? { expectedFeeFen: expectedFee(line, rules.feePpm) }
      : {}),
    elsewhereFen: sum(elsewhere),
    elsewhereDays: elsewhere.length === 0 ? [] : [...new Set(elsewhere.map((row) => row.day))].sort(),
    differenceFen: kind === 'abnormal_refund' ? 0 : otherFen - platformFen,
    occurredAt,
  };
}
