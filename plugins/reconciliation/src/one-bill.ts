import type { Knex } from 'knex';
import { match } from './match';
import { findOrders, hisRecordsOf } from './order-numbers';
import {
  attemptRow,
  byIndex,
  carriesMoney,
  hisRow,
  orderRow,
  readRows,
  type StoredHisRecord,
  type StoredOrder,
} from './rows';
import { settingsFor } from './rule-book';
import { toHisRow, toOrderRow } from './source-rows';

/** What HIS calls one bill: every order and every record of it. */
export interface OneBill {
  orders: StoredOrder[];
  /** Orders whose payments it settles together with others'. */
  settledOrderNos: Set<string>;
  /** Records that settle them. */
  settledRecords: StoredHisRecord[];
}

/** Looks at one account's part of these HIS bills as the daily run does: with the match. */
export async function oneBill(
  db: Knex,
  { merchantCode, accountCode }: Pick<StoredOrder, 'merchantCode' | 'accountCode'>,
  bills: string[],
): Promise<OneBill> {
  const orders = await ordersOfBills(db, merchantCode, bills, accountCode);
  const none = { orders, settledOrderNos: new Set<string>(), settledRecords: [] };
  const records = new Map<string, StoredHisRecord>();
  const learn = (found: StoredHisRecord[]): void => {
    for (const record of found) if (record.status === 'booked') records.set(record.hisSerialNo, record);
  };
  const ofBills: unknown = await db(byIndex(db, 'his_records', 'his_records_his_order_no_idx'))
    .where({ merchant_code: merchantCode })
    .whereIn('his_order_no', bills);
  learn(readRows(hisRow, ofBills));
  const [first, second] = orders;
  if (!first || (!second && records.size === 0)) return none;
  const { manyToOne } = await settingsFor(db, {
    merchantCode,
    channel: first.channel,
    bizType: null,
    date: first.settledOn ?? '',
  });
  if (!manyToOne) return none;

  // A record of this bill may name an order that HIS has not put on it, or one of another account.
  const orderOf = await findOrders(db, merchantCode, [...records.values()]);
  const known = new Set(orders.map(({ orderNo }) => orderNo));
  const named = [...records.values()].flatMap((record) => orderOf(record) ?? []);
  const missing = named.filter((orderNo) => !known.has(orderNo));
  const others =
    missing.length === 0 ? [] : readRows(orderRow, await db('orders').whereIn('order_no', missing));
  const isOurs = (order: StoredOrder): boolean => order.accountCode === accountCode;
  const foreign = new Set(others.filter((order) => !isOurs(order)).map(({ orderNo }) => orderNo));
  for (const [serial, record] of records) if (foreign.has(orderOf(record) ?? '')) records.delete(serial);
  const all = [...orders, ...others.filter(isOurs)].filter((order) => carriesMoney(order.status));
  const attempts = new Map<string, string[]>();
  for (const order of all) {
    learn(await hisRecordsOf(db, order));
    const rows: unknown = await db('attempts').where({ order_no: order.orderNo }).select('attempt_no');
    attempts.set(
      order.orderNo,
      readRows(attemptRow, rows).map(({ attemptNo }) => attemptNo),
    );
  }

  const settledOrderNos = new Set<string>();
  const settledRecords: StoredHisRecord[] = [];
  const days = new Set([
    ...all.map(({ settledOn }) => settledOn),
    ...[...records.values()].map((row) => row.settledOn),
  ]);
  for (const date of days) {
    if (date === null) continue;
    const { results } = match({
      orders: all.map((order) => toOrderRow(order, attempts.get(order.orderNo) ?? [])),
      refunds: [],
      hisRecords: [...records.values()].map(toHisRow),
      billLines: [],
      rules: { date, dayStart: 0, dayEnd: 0, midnightMinutes: 0, nextBillKnown: false, billKnown: false },
    });
    for (const result of results) {
      if (!result.bridged || result.tradeKind !== 'payment') continue;
      for (const orderNo of result.platformIds) settledOrderNos.add(orderNo);
      settledRecords.push(...result.hisSerialNos.flatMap((serial) => records.get(serial) ?? []));
    }
  }
  return { orders, settledOrderNos, settledRecords };
}

/** Orders of these HIS bills, of one account or of all. */
export async function ordersOfBills(
  db: Knex,
  merchantCode: string,
  bills: string[],
  accountCode?: string | null,
): Promise<StoredOrder[]> {
  if (bills.length === 0) return [];
  const under = async (column: string, index: string): Promise<StoredOrder[]> =>
    readRows(
      orderRow,
      await db(byIndex(db, 'orders', index))
        .where({ merchant_code: merchantCode })
        .whereIn(column, bills),
    );
  const found = [
    ...(await under('his_order_no', 'orders_his_order_no_idx')),
    ...(await under('business_no', 'orders_merchant_code_business_no_idx')),
  ];
  return [...new Map(found.map((order) => [order.orderNo, order])).values()]
    .sort((a, b) => (a.orderNo < b.orderNo ? -1 : 1))
    .filter(
      (order) =>
        carriesMoney(order.status) && (accountCode === undefined || order.accountCode === accountCode),
    );
}
