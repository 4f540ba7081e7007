import { isPostgres } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { among, amongIds, billNumber, byIndex, hisNumbersOf, hisRow, orderRow, readRows } from '../rows';

/** What is asked of the database beside the day's rows at hand. */
export interface LookUp {
  /** Writes `alias.csv`: what HIS may call the day's orders by. */
  readAliases(): Promise<void>;
  /** Every number by which these HIS records may mean an order. */
  numbersOf(hisIds: number[]): Promise<{ id: number; number: string }[]>;
  /** The orders of those numbers, of whatever day and by whatever number that is not their own. */
  ordersNamed(numbers: string[]): Promise<{ orderNo: string; number: string }[]>;
  /** The HIS bills that these orders, or these HIS records, belong to. */
  billsOf(asked: { orderNos: string[] } | { hisIds: number[] }): Promise<OrderBill[]>;
  /** The HIS bills under which HIS booked something for these orders, on whatever day. */
  billsBookedFor(orderNos: string[]): Promise<OrderBill[]>;
  /** Those of these HIS bills that more orders belong to than `known`, of whatever day. */
  sharedBills(bills: { bill: string; known: number }[]): Promise<string[]>;
  /** The orders of these HIS bills. */
  ordersOf(bills: string[]): Promise<OrderBill[]>;
  /** The numbers by which HIS records of these HIS bills may mean an order. */
  recordsOf(bills: string[]): Promise<OrderBill[]>;
}

/** `number`: of the order or the record. */
export interface OrderBill {
  number: string;
  bill: string;
}

const orderOfNumber = z.object({ orderNo: z.string(), number: z.string() });
const orderBills = orderRow.pick({ orderNo: true, businessNo: true, hisOrderNo: true });
const askedBill = z.object({ bill: z.string() });
const recordBill = hisRow.pick({ id: true, hisOrderNo: true });
const namedOrder = orderRow.pick({ orderNo: true, merchantOrderNo: true, channelTradeNo: true });
const attemptNumber = z.object({ orderNo: z.string(), attemptNo: z.string() });
const bookedBill = z.object({ number: z.string(), hisOrderNo: billNumber });
const recordOfBill = hisRow.pick({ orderNo: true, channelTradeNo: true, refundNo: true, hisOrderNo: true });
const recordNumbers = hisRow.pick({ id: true, orderNo: true, channelTradeNo: true, refundNo: true });

/** Asks `db` for the numbers of one merchant's orders and HIS records. */
export function lookUpIn(db: Knex, merchantCode: string, readAliases: LookUp['readAliases']): LookUp {
  const merchant = { merchant_code: merchantCode };
  const billsIn = (rows: unknown) =>
    readRows(orderBills, rows).flatMap((order) =>
      hisNumbersOf(order).map((bill) => ({ number: order.orderNo, bill })),
    );
  const bills = () => db('orders').select('order_no', 'business_no', 'his_order_no');
  return {
    readAliases,
    async numbersOf(hisIds) {
      const found: unknown = await db('his_records')
        .select('id', 'order_no', 'channel_trade_no', 'refund_no')
        .where(amongIds(db, hisIds));
      return readRows(recordNumbers, found).flatMap(({ id, ...numbers }) =>
        Object.values(numbers).flatMap((number) => (number ? [{ id, number }] : [])),
      );
    },
    async ordersNamed(numbers) {
      const named = async (table: string, column: string, where: Record<string, string>) => {
        const found: unknown = await db(table)
          .select({ order_no: 'order_no', number: column })
          .where(where)
          .andWhere(among(db, column, numbers));
        return readRows(orderOfNumber, found);
      };
      return [
        ...(await named('attempts', 'attempt_no', {})),
        ...(await named('orders', 'merchant_order_no', merchant)),
        ...(await named('orders', 'channel_trade_no', {})),
        ...(await named('refunds', 'refund_no', {})),
        ...(await named('refunds', 'merchant_refund_no', merchant)),
      ];
    },
    async billsOf(asked) {
      if ('orderNos' in asked) return billsIn(await bills().where(among(db, 'order_no', asked.orderNos)));
      const found: unknown = await db('his_records')
        .select('id', 'his_order_no')
        .where(amongIds(db, asked.hisIds))
        .whereNotNull('his_order_no');
      return readRows(recordBill, found).flatMap(({ id, hisOrderNo: bill }) =>
        bill ? [{ number: String(id), bill }] : [],
      );
    },
    async sharedBills(asked) {
      const text = JSON.stringify(asked);
      const askedBills = isPostgres(db)
        ? db.raw('jsonb_to_recordset(?::jsonb) AS asked (bill text, known integer)', [text])
        : db.raw(`(SELECT value ->> 'bill' AS bill, value ->> 'known' AS known FROM json_each(?)) AS asked`, [
            text,
          ]);
      const found: unknown = await db(askedBills)
        .select('bill')
        .whereRaw(
          `(SELECT count(*) FROM ? WHERE his_order_no = bill)
           + (SELECT count(*) FROM ? WHERE merchant_code = ? AND business_no = bill AND his_order_no IS DISTINCT FROM bill)
           > known`,
          [
            byIndex(db, 'orders', 'orders_his_order_no_idx'),
            byIndex(db, 'orders', 'orders_merchant_code_business_no_idx'),
            merchantCode,
          ],
        );
      return readRows(askedBill, found).map(({ bill }) => bill);
    },
    async billsBookedFor(orderNos) {
      const orders = readRows(
        namedOrder,
        await db('orders')
          .select('order_no', 'merchant_order_no', 'channel_trade_no')
          .where(among(db, 'order_no', orderNos)),
      );
      const attempts: unknown = await db('attempts')
        .select('order_no', 'attempt_no')
        .where(among(db, 'order_no', orderNos));
      const owners = new Map<string, string>();
      for (const { attemptNo, orderNo } of readRows(attemptNumber, attempts)) owners.set(attemptNo, orderNo);
      const traded = new Map<string, string>();
      for (const { orderNo, merchantOrderNo, channelTradeNo } of orders) {
        owners.set(merchantOrderNo, orderNo);
        owners.set(orderNo, orderNo);
        if (channelTradeNo) traded.set(channelTradeNo, orderNo);
      }
      const booked = async (column: string, named: Map<string, string>): Promise<OrderBill[]> => {
        const found: unknown = await db('his_records')
          .select({ number: column, his_order_no: 'his_order_no' })
          .where(among(db, column, [...named.keys()]));
        return readRows(bookedBill, found).flatMap(({ number, hisOrderNo: bill }) =>
          bill ? [{ number: named.get(number) ?? number, bill }] : [],
        );
      };
      return [...(await booked('order_no', owners)), ...(await booked('channel_trade_no', traded))];
    },
    async recordsOf(bills) {
      const found: unknown = await db('his_records')
        .select('order_no', 'channel_trade_no', 'refund_no', 'his_order_no')
        .where(among(db, 'his_order_no', bills));
      return readRows(recordOfBill, found).flatMap(({ hisOrderNo, orderNo, channelTradeNo, refundNo }) =>
        [orderNo, channelTradeNo, refundNo].flatMap((number) =>
          number && hisOrderNo ? [{ number, bill: hisOrderNo }] : [],
        ),
      );
    },
    async ordersOf(numbers) {
      const byHis: unknown[] = await bills().where(among(db, 'his_order_no', numbers));
      const byBusiness: unknown[] = await bills()
        .where(merchant)
        .andWhere(among(db, 'business_no', numbers));
      return billsIn([...byHis, ...byBusiness]);
    },
  };
}
