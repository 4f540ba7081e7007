import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { z } from 'zod';
import { ordersOfBills } from './one-bill';
import { hisRecordsOf } from './order-numbers';
import { orderRow, readRow } from './rows';
import { type Books, openBooks } from './testing';

let books: Books;
const asked: { sql: string; bindings: unknown[] }[] = [];

beforeAll(async () => {
  books = await openBooks();
  for (let index = 0; index < 300; index++) {
    await books.pay(`O${index}`, 100);
    await books.book(`S${index}`, `O${index}`, 100);
  }
  // Nobody has filled the numbers so far, and SQLite has noted it.
  await books.db.raw('ANALYZE');
  await books.pay('O-new', 100, { hisOrderNo: 'BILL-1', businessNo: 'BUSINESS-1' });
  await books.book('S-new', null, 100, { hisOrderNo: 'BILL-1', channelTradeNo: 'T-new' });
});
afterAll(() => books.close());

const plan = z.array(z.object({ detail: z.string() }));

async function plansOf(work: () => Promise<unknown>): Promise<string[]> {
  const listen = (query: { sql: string; bindings: unknown[] }) => asked.push(query);
  books.db.on('query', listen);
  await work();
  books.db.removeListener('query', listen);
  const details: string[] = [];
  for (const { sql, bindings } of asked.splice(0)) {
    const rows: unknown = await books.db.raw(
      `EXPLAIN QUERY PLAN ${sql}`,
      z.array(z.string()).parse(bindings),
    );
    details.push(...plan.parse(rows).map(({ detail }) => detail));
  }
  return details;
}

test('orders are found by the bill that HIS calls them, or by the business they pay for', async () => {
  for (const number of ['BILL-1', 'BUSINESS-1']) {
    const orders = await ordersOfBills(books.db, 'H1', [number]);
    expect(orders.map(({ orderNo }) => orderNo)).toEqual(['O-new']);
  }
});

test('numbers that hardly anybody fills are looked up by their own index, whatever SQLite’s statistics say', async () => {
  const order = readRow(orderRow, await books.db('orders').where({ order_no: 'O-new' }).first());
  const plans = [
    ...(await plansOf(() => ordersOfBills(books.db, 'H1', ['BILL-1', 'BILL-2']))),
    ...(order ? await plansOf(() => hisRecordsOf(books.db, { ...order, channelTradeNo: 'T-new' })) : []),
  ];
  const indexes = [
    'orders USING INDEX orders_his_order_no_idx (his_order_no=?)',
    'orders USING INDEX orders_merchant_code_business_no_idx (merchant_code=? AND business_no=?)',
    'his_records USING INDEX his_records_order_no_idx (order_no=?)',
    'his_records USING INDEX his_records_channel_trade_no_idx (channel_trade_no=?)',
  ];
  for (const index of indexes) expect(plans).toContainEqual(expect.stringContaining(index));
});
