import { columnOf } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { ArchivedLine } from './engine/bill-lines';
import type { Leftover } from './engine/clear';
import type { BillRow, HisRow, MatchInput, OrderRow, RefundRow } from './match';
import { findOrders } from './order-numbers';
import {
  among,
  amongIds,
  carriesMoney,
  hisNumbersOf,
  hisRow,
  orderRow,
  readRows,
  refundRow,
  type StoredAccount,
  type StoredHisRecord,
  type StoredOrder,
  type StoredRefund,
} from './rows';

const attemptRow = z.object({ attemptNo: z.string(), orderNo: z.string(), accountCode: z.string() });

/** Everything the match of one account's day looks at, and the stored rows behind it for the cases. */
export interface DaySources {
  input: Omit<MatchInput, 'rules'>;
  orders: Map<string, StoredOrder>;
  refunds: Map<string, StoredRefund>;
  hisRecords: Map<string, StoredHisRecord>;
  bill: ArchivedLine[];
}

/** The bills of the days around, as far as the channel may report late. */
export interface NearbyBills {
  days: string[];
  /** Lines of one of them under these numbers. */
  lines(day: string, numbers: string[]): Promise<ArchivedLine[]>;
}

/**
 * Reads these rows of the day, then, by number, the counterparts that stand on other days: a charge that HIS booked
 * after midnight, an order that a bill line names and that is not paid here.
 */
export async function readDay(
  db: Knex,
  account: StoredAccount,
  currency: string,
  date: string,
  { isSimple, orderNos, refundNos, hisIds, lines: bill }: Leftover,
  nearby: NearbyBills | undefined,
): Promise<DaySources> {
  const orders = new Map<string, StoredOrder>();
  const refunds = new Map<string, StoredRefund>();
  const attempts = new Map<string, string[]>();
  const orderByNumber = new Map<string, string>();
  const hisRecords = new Map<string, StoredHisRecord>();

  const learn = (order: StoredOrder): void => {
    orders.set(order.orderNo, order);
    orderByNumber.set(order.orderNo, order.orderNo);
  };
  const learnAlias = (alias: string | null | undefined, orderNo: string): void => {
    if (alias && !orderByNumber.has(alias)) orderByNumber.set(alias, orderNo);
  };

  const wanted = async <Schema extends z.ZodObject>(
    schema: Schema,
    table: string,
    column: string,
    numbers: Iterable<string>,
    where: Record<string, string> = {},
  ): Promise<z.output<Schema>[]> => {
    const asked = [...new Set(numbers)];
    if (asked.length === 0) return [];
    const columns = Object.keys(schema.shape).map(columnOf);
    const rows: unknown = await db(table)
      .select(columns)
      .where(where)
      .andWhere(among(db, column, asked))
      .orderBy(column);
    return readRows(schema, rows);
  };
  const isOurs = (row: { merchantCode: string }): boolean => row.merchantCode === account.merchantCode;

  for (const order of await wanted(orderRow, 'orders', 'order_no', orderNos)) learn(order);
  for (const refund of await wanted(refundRow, 'refunds', 'refund_no', refundNos)) {
    refunds.set(refund.refundNo, refund);
  }
  const merchant = { merchant_code: account.merchantCode };
  if (hisIds.length > 0) {
    const rows: unknown = await db('his_records')
      .select(Object.keys(hisRow.shape).map(columnOf))
      .where(amongIds(db, hisIds))
      .orderBy('his_serial_no');
    for (const record of readRows(hisRow, rows)) hisRecords.set(record.hisSerialNo, record);
  }

  const ordersBy = async (
    column: string,
    numbers: Iterable<string>,
    where: Record<string, string> = {},
  ): Promise<void> => {
    const found = await wanted(orderRow, 'orders', column, numbers, where);
    for (const order of found.filter(isOurs)) if (!orders.has(order.orderNo)) learn(order);
  };
  const attemptsBy = async (column: string, numbers: Iterable<string>): Promise<void> => {
    for (const { attemptNo, orderNo } of await wanted(attemptRow, 'attempts', column, numbers)) {
      const known = attempts.get(orderNo) ?? [];
      if (!known.includes(attemptNo)) attempts.set(orderNo, [...known, attemptNo]);
      learnAlias(attemptNo, orderNo);
    }
  };
  const isStray = (number: string | null | undefined): number is string =>
    Boolean(number) && !orderByNumber.has(number ?? '');
  const learnOrderAliases = (): void => {
    for (const order of orders.values()) {
      learnAlias(order.merchantOrderNo, order.orderNo);
      learnAlias(order.channelTradeNo, order.orderNo);
    }
    for (const refund of refunds.values()) {
      learnAlias(refund.refundNo, refund.orderNo);
      learnAlias(refund.merchantRefundNo, refund.orderNo);
    }
  };

  // Every row of a simple piece names its order by the order's own number.
  if (!isSimple) await attemptsBy('order_no', orders.keys());
  learnOrderAliases();

  // Orders that HIS or the bill name and that are not among the day's own: unpaid, of another day, of another account.
  const named = [
    ...[...hisRecords.values()].map((record) => record.orderNo),
    ...bill.map((line) => line.orderNo),
    ...[...refunds.values()].map((refund) => refund.orderNo),
  ].filter(isStray);
  await ordersBy('order_no', named);
  await attemptsBy('attempt_no', named.filter(isStray));
  await ordersBy(
    'order_no',
    [...attempts.keys()].filter((orderNo) => !orders.has(orderNo)),
  );
  // Its index begins with the merchant.
  await ordersBy('merchant_order_no', named.filter(isStray), merchant);
  const channelNumbers = [
    ...[...hisRecords.values()]
      .filter((record) => !record.orderNo || isStray(record.orderNo))
      .map((record) => record.channelTradeNo),
    ...bill.filter((line) => isStray(line.orderNo)).map((line) => line.channelNo),
  ].filter(isStray);
  // Some HIS put our own number where the channel's belongs; some call an order by its channel's number and nothing else.
  await ordersBy('order_no', channelNumbers);
  await ordersBy('channel_trade_no', [...named, ...channelNumbers].filter(isStray));
  if (!isSimple) {
    await attemptsBy(
      'order_no',
      [...orders.keys()].filter((orderNo) => !attempts.has(orderNo)),
    );
    learnOrderAliases();
  }

  const orderOf = (record: StoredHisRecord): StoredOrder | undefined => {
    for (const number of [record.orderNo, record.channelTradeNo, record.refundNo]) {
      const orderNo = number && orderByNumber.get(number);
      if (orderNo) return orders.get(orderNo);
    }
    return undefined;
  };

  // Orders that HIS calls one bill. Those of this day are at hand, or agree already; those of other days join.
  const sharing = new Map<string, StoredOrder>();
  if (!isSimple) {
    const billNumbers = [
      ...[...hisRecords.values()].flatMap((record) => record.hisOrderNo ?? []),
      ...[...orders.values()].flatMap(hisNumbersOf),
    ];
    const ofOneBill = [
      ...(await wanted(orderRow, 'orders', 'his_order_no', billNumbers)),
      ...(await wanted(orderRow, 'orders', 'business_no', billNumbers, merchant)),
    ].sort((a, b) => (a.orderNo < b.orderNo ? -1 : 1));
    for (const order of ofOneBill.filter(isOurs)) {
      for (const number of hisNumbersOf(order)) if (!sharing.has(number)) sharing.set(number, order);
      const joins = order.settledOn !== date && order.accountCode === account.code;
      if (joins && carriesMoney(order.status) && !orders.has(order.orderNo)) learn(order);
    }
    await attemptsBy(
      'order_no',
      [...orders.keys()].filter((orderNo) => !attempts.has(orderNo)),
    );
    learnOrderAliases();
  }

  // A record belongs to the account that took the money; one without an order to the merchant's first such account.
  const isFirst = (await firstAccount(db, account)) === account.code;
  for (const [hisSerialNo, record] of hisRecords) {
    const order = orderOf(record) ?? sharing.get(record.hisOrderNo ?? '');
    const isElsewhere = order?.accountCode ? order.accountCode !== account.code : !isFirst;
    if (isElsewhere) hisRecords.delete(hisSerialNo);
  }

  // Counterparts on other days, or under another payment type: asked for by number, where something may be missing.
  const bookedFor = new Set([...hisRecords.values()].flatMap((record) => orderOf(record)?.orderNo ?? []));
  const refundedOrders = new Set([...refunds.values()].map((refund) => refund.orderNo));
  const own = [...orders.values()].filter((order) => order.accountCode === account.code);
  const lacking = own.filter(
    (order) => order.settledOn !== date || !bookedFor.has(order.orderNo) || refundedOrders.has(order.orderNo),
  );
  const inBill = new Set(bill.map((line) => orderByNumber.get(line.orderNo)));
  if (isSimple) {
    const incomplete = own.filter((order) => nearby !== undefined && !inBill.has(order.orderNo));
    await attemptsBy(
      'order_no',
      [...lacking, ...incomplete].map((order) => order.orderNo),
    );
  }
  const numbersOf = (order: StoredOrder): string[] => [
    order.orderNo,
    order.merchantOrderNo,
    ...(attempts.get(order.orderNo) ?? []),
  ];
  const findRecords = async (column: string, numbers: string[]): Promise<StoredHisRecord[]> => {
    const found = await wanted(hisRow, 'his_records', column, numbers, { status: 'booked' });
    return found.filter((record) => isOurs(record) && !hisRecords.has(record.hisSerialNo));
  };
  for (const record of await findRecords('order_no', lacking.flatMap(numbersOf))) {
    hisRecords.set(record.hisSerialNo, record);
  }
  const byTrade = await findRecords(
    'channel_trade_no',
    lacking.flatMap((order) => order.channelTradeNo ?? []),
  );
  // The order number that a record names comes before the channel's number: it may be another order's record.
  const isLacking = new Set(lacking.map((order) => order.orderNo));
  const asNamed = ({ orderNo }: StoredHisRecord) => ({ orderNo, channelTradeNo: orderNo, refundNo: orderNo });
  const orderNamedBy = await findOrders(db, account.merchantCode, byTrade.map(asNamed));
  for (const record of byTrade) {
    const orderNo = orderNamedBy(asNamed(record));
    if (orderNo === undefined || isLacking.has(orderNo)) hisRecords.set(record.hisSerialNo, record);
  }
  // Under the number of the bill alone, and booked on another day.
  const byBill = (await findRecords('his_order_no', lacking.flatMap(hisNumbersOf))).filter(
    (record) => record.settledOn !== date,
  );
  const orderBehind = await findOrders(db, account.merchantCode, byBill);
  for (const record of byBill) {
    const orderNo = orderBehind(record);
    if (orderNo === undefined || isLacking.has(orderNo)) hisRecords.set(record.hisSerialNo, record);
  }
  // Refunds that HIS or the bill knows today and that were confirmed on another day, and the other refunds of one order.
  const refundable = [
    ...[...hisRecords.values()].map((record) => orderOf(record)?.orderNo),
    ...bill.map((line) => (line.kind === 'refund' ? orderByNumber.get(line.orderNo) : undefined)),
  ].filter((orderNo) => orderNo !== undefined);
  const succeeded = { account_code: account.code, status: 'succeeded' };
  for (const refund of await wanted(
    refundRow,
    'refunds',
    'order_no',
    [...refundable, ...refundedOrders],
    succeeded,
  )) {
    if (!refunds.has(refund.refundNo)) refunds.set(refund.refundNo, refund);
  }

  const lines = new Map<string, BillRow>();
  const billRow = (line: ArchivedLine, day: string): BillRow => ({
    lineNo: line.lineNo,
    kind: line.kind,
    orderNo: line.orderNo,
    ...(line.refundNo ? { refundNo: line.refundNo } : {}),
    channelNo: line.channelNo,
    amountFen: line.amountFen,
    feeFen: line.feeFen,
    currency,
    occurredAt: line.occurredAt,
    day,
  });
  const place = (day: string, line: ArchivedLine): void => {
    // A reversal may be two lines of one number: what was taken and what was given back.
    lines.set(`${day}:${line.lineNo}:${line.kind}`, billRow(line, day));
  };
  for (const line of bill) place(date, line);
  if (nearby) {
    const missing = new Set(
      own
        .filter(
          (order) => carriesMoney(order.status) && (order.settledOn !== date || !inBill.has(order.orderNo)),
        )
        .flatMap((order) => attempts.get(order.orderNo) ?? [order.orderNo]),
    );
    const missingRefunds = new Set([...refunds.values()].map((refund) => refund.refundNo));
    for (const line of bill) {
      const refund = line.kind === 'refund' ? refunds.get(line.refundNo ?? '') : undefined;
      const orderNo = orderByNumber.get(line.orderNo);
      if (refund && (orderNo === undefined || orderNo === refund.orderNo)) {
        missingRefunds.delete(refund.refundNo);
      }
    }
    if (missing.size > 0 || missingRefunds.size > 0) {
      for (const neighbour of nearby.days) {
        for (const line of await nearby.lines(neighbour, [...missing, ...missingRefunds])) {
          const refund = missingRefunds.has(line.refundNo ?? '')
            ? refunds.get(line.refundNo ?? '')
            : undefined;
          const isWanted =
            line.kind === 'payment'
              ? missing.has(line.orderNo)
              : refund !== undefined && orderByNumber.get(line.orderNo) === refund.orderNo;
          if (isWanted) place(neighbour, line);
        }
      }
    }
  }

  return {
    orders,
    refunds,
    hisRecords,
    bill,
    input: {
      orders: own.map((order) => toOrderRow(order, attempts.get(order.orderNo) ?? [])),
      refunds: [...refunds.values()].map(toRefundRow),
      hisRecords: [...hisRecords.values()].map(toHisRow),
      billLines: [...lines.values()],
    },
  };
}

async function firstAccount(db: Knex, account: StoredAccount): Promise<string | undefined> {
  const rows: unknown = await db('channel_accounts')
    .where({ merchant_code: account.merchantCode, channel: account.channel })
    .orderBy([{ column: 'enabled', order: 'desc' }, 'code'])
    .limit(1)
    .select('code');
  return z.array(z.object({ code: z.string() })).parse(rows)[0]?.code;
}

export function toOrderRow(order: StoredOrder, attemptNos: string[]): OrderRow {
  return {
    orderNo: order.orderNo,
    merchantOrderNo: order.merchantOrderNo,
    attemptNos,
    ...(order.channelTradeNo ? { channelTradeNo: order.channelTradeNo } : {}),
    hisNumbers: hisNumbersOf(order),
    standing: standingOf(order.status),
    paidFen: order.paidFen,
    currency: order.currency,
    occurredAt: (order.paidAt ?? order.createdTime).getTime(),
    day: order.settledOn ?? '',
  };
}

function standingOf(status: StoredOrder['status']): OrderRow['standing'] {
  switch (status) {
    case 'paid':
    case 'partially_refunded':
    case 'refunded':
      return 'paid';
    case 'created':
    case 'pending':
    case 'unknown':
      return 'open';
    case 'closed':
    case 'reversed':
    case 'failed':
      return 'ended';
    default:
      return unreachable(status);
  }
}

function unreachable(value: never): never {
  throw new Error(`unknown status ${String(value)}`);
}

function toRefundRow(refund: StoredRefund): RefundRow {
  return {
    refundNo: refund.refundNo,
    merchantRefundNo: refund.merchantRefundNo,
    orderNo: refund.orderNo,
    amountFen: refund.amountFen,
    currency: refund.currency,
    occurredAt: (refund.refundedAt ?? refund.requestedAt).getTime(),
    day: refund.settledOn ?? '',
  };
}

export function toHisRow(record: StoredHisRecord): HisRow {
  return {
    hisSerialNo: record.hisSerialNo,
    kind: record.kind === 'charge' ? 'payment' : 'refund',
    ...(record.orderNo ? { orderNo: record.orderNo } : {}),
    ...(record.refundNo ? { refundNo: record.refundNo } : {}),
    ...(record.channelTradeNo ? { channelTradeNo: record.channelTradeNo } : {}),
    ...(record.hisOrderNo ? { hisOrderNo: record.hisOrderNo } : {}),
    amountFen: record.amountFen,
    currency: record.currency,
    occurredAt: record.occurredAt.getTime(),
    day: record.settledOn,
  };
}
