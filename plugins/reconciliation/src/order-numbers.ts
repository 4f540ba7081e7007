import type { Knex } from 'knex';
import { z } from 'zod';
import {
  attemptRow,
  byIndex,
  hisRow,
  pieces,
  readRows,
  type StoredHisRecord,
  type StoredOrder,
} from './rows';

type OrderNumbers = Pick<StoredHisRecord, 'orderNo' | 'channelTradeNo' | 'refundNo'>;

/** The orders that HIS records speak of, by any of the numbers they may use; a number of ours wins over anyone's. */
export async function findOrders(
  db: Knex,
  merchantCode: string,
  records: OrderNumbers[],
): Promise<(record: OrderNumbers) => string | undefined> {
  const known = {
    order: new Map<string, string>(),
    trade: new Map<string, string>(),
    refund: new Map<string, string>(),
  };
  const learn = async (
    map: Map<string, string>,
    wanted: (string | null)[],
    table: string,
    column: string,
    where: Record<string, string>,
  ): Promise<void> => {
    const numbers = new Set(wanted.flatMap((number) => (number && !map.has(number) ? [number] : [])));
    for (const piece of pieces(numbers)) {
      const rows: unknown = await db(table)
        .where(where)
        .whereIn(column, piece)
        .select({ number: column, order_no: 'order_no' });
      for (const { number, orderNo } of readRows(numberRow, rows)) {
        if (!map.has(number)) map.set(number, orderNo);
      }
    }
  };
  const merchant = { merchant_code: merchantCode };
  const orderNos = records.map(({ orderNo }) => orderNo);
  await learn(known.order, orderNos, 'orders', 'order_no', merchant);
  const attempts = new Map<string, string>();
  const unknown = orderNos.filter((number) => number !== null && !known.order.has(number));
  await learn(attempts, unknown, 'attempts', 'attempt_no', {});
  const owners = new Map<string, string>();
  await learn(owners, [...attempts.values()], 'orders', 'order_no', merchant);
  for (const [number, orderNo] of attempts) if (owners.has(orderNo)) known.order.set(number, orderNo);
  await learn(known.order, orderNos, 'orders', 'merchant_order_no', merchant);
  const byOrder = ({ orderNo }: OrderNumbers) => (orderNo ? known.order.get(orderNo) : undefined);

  const lacking = records.filter((record) => byOrder(record) === undefined);
  const tradeNos = lacking.map(({ channelTradeNo }) => channelTradeNo);
  await learn(known.trade, tradeNos, 'orders', 'channel_trade_no', merchant);
  const refundNos = lacking.map(({ refundNo }) => refundNo);
  await learn(known.refund, refundNos, 'refunds', 'refund_no', merchant);
  await learn(known.refund, refundNos, 'refunds', 'merchant_refund_no', merchant);
  return (record) =>
    byOrder(record) ??
    (record.channelTradeNo ? known.trade.get(record.channelTradeNo) : undefined) ??
    (record.refundNo ? known.refund.get(record.refundNo) : undefined);
}

const numberRow = z.object({ number: z.string(), orderNo: z.string() });

/** What HIS booked for one order, under whatever number. */
export async function hisRecordsOf(db: Knex, order: StoredOrder): Promise<StoredHisRecord[]> {
  const attempts: unknown = await db('attempts').where({ order_no: order.orderNo }).select('attempt_no');
  const numbers = [
    order.orderNo,
    order.merchantOrderNo,
    ...readRows(attemptRow, attempts).map((attempt) => attempt.attemptNo),
  ];
  const under = async (column: string, index: string, values: string[]): Promise<StoredHisRecord[]> =>
    readRows(
      hisRow,
      await db(byIndex(db, 'his_records', index))
        .where({ merchant_code: order.merchantCode })
        .whereIn(column, values),
    );
  const found = [
    ...(await under('order_no', 'his_records_order_no_idx', [...new Set(numbers)])),
    ...(order.channelTradeNo
      ? await under('channel_trade_no', 'his_records_channel_trade_no_idx', [order.channelTradeNo])
      : []),
  ];
  return [...new Map(found.map((record) => [record.id, record])).values()].sort(
    (a, b) => a.occurredAt.getTime() - b.occurredAt.getTime() || (a.hisSerialNo < b.hisSerialNo ? -1 : 1),
  );
}
