import { completeRow, shiftDay } from '@hospital-pay/payments';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Books, date, openBooks } from '../testing';
import { type Arrivals, createArrivals } from './arrivals';
import { arrivalsReport } from './arrivals-report';
import { checkSettlement } from './settlements';

let books: Books;
let arrivals: Arrivals;
beforeEach(async () => {
  books = await openBooks();
  arrivals = createArrivals(books.db, books.clock);
  await books.add('channel_accounts', { code: 'A2', channel: 'alipay', merchantCode: 'H2', enabled: true });
  await books.add('bank_accounts', { code: 'B1', name: 'b', merchantCode: 'H1', enabled: true });
  await books.add('bank_accounts', { code: 'B2', name: 'b', merchantCode: 'H2', enabled: true });
});
afterEach(() => books.close());

const rule = (accountCode: string, bankAccountCode: string) => ({
  merchantCode: 'H1',
  accountCode,
  bankAccountCode,
  expectedBy: 'bill',
  feesDeducted: true,
  settleDays: 1,
  windowDays: 5,
  enabled: true,
});
const bill = (accountCode: string, paymentFen: number) =>
  books.add('bill_archives', {
    accountCode,
    date,
    kind: 'trade',
    version: 1,
    paymentFen,
    refundFen: 0,
    feeFen: 0,
  });
const asked = { from: date, to: date };
const nextDay = shiftDay(date, 1);
const line = (lineNo: number, amountFen: number, more: Record<string, unknown> = {}) => ({
  merchantCode: 'H1',
  bankAccountCode: 'B1',
  identity: String(lineNo),
  importNo: 'i',
  lineNo,
  date: nextDay,
  amountFen,
  status: 'open',
  ...more,
});

describe('of more open lines than a page holds', () => {
  const days = { from: date, to: nextDay };
  beforeEach(async () => {
    const debits = Array.from({ length: 4500 }, (_, index) => line(index, -1, index < 3000 ? {} : { date }));
    const rows = [...debits, line(9000, 100, { date }), line(9001, 7)];
    await books.db.batchInsert(
      'bank_statement_lines',
      rows.map((row) => completeRow(books.db, row)),
      50,
    );
  });

  test('all are counted, added up and exported, and the newest are told', async () => {
    const { lines, count, sumFen } = await arrivals.unmatched(['H1'], days);
    expect([lines.length, count, sumFen]).toEqual([2000, 4502, 107 - 4500]);
    const { tables } = arrivalsReport(arrivals);
    const [, sheet] = await tables(['H1'], days);
    const told: unknown[] = [];
    for await (const { lineNo } of sheet?.rows ?? []) told.push(lineNo);
    expect([sheet?.count, told.length, new Set(told).size]).toEqual([4502, 4502, 4502]);
    expect(await arrivals.unmatched(['H2'], days)).toEqual({ lines: [], count: 0, sumFen: 0 });
  });

  test('the last one is matched as the first would be', async () => {
    await books.add('bank_settlements', { ...rule('A1', 'B1'), settleDays: 0 });
    await bill('A1', 100);
    expect(await arrivals.matchAll(['H1'], days)).toBe(1);
    expect(await arrivals.read(['H1'], asked)).toMatchObject([{ status: 'arrived', arrivedFen: 100 }]);
  });
});

describe('a settlement rule', () => {
  test.each([
    ['A1', 'B1', undefined],
    ['A2', 'B1', ['accountCode']],
    ['A1', 'B2', ['bankAccountCode']],
    ['A2', 'B2', ['accountCode', 'bankAccountCode']],
    ['A1', 'none', ['bankAccountCode']],
  ])('of one merchant about %s and %s names what is another’s: %s', async (account, bank, fields) => {
    const written = checkSettlement(books.db, rule(account, bank));
    if (fields) {
      await expect(written).rejects.toMatchObject({ code: 'BANK_SETTLEMENT_MERCHANT', details: { fields } });
    } else {
      await expect(written).resolves.toBeUndefined();
    }
  });

  test('shows no takings of another merchant, even if it was written before', async () => {
    await books.add('bank_settlements', rule('A1', 'B1'));
    await books.add('bank_settlements', rule('A2', 'B1'));
    await bill('A1', 100);
    await bill('A2', 999);
    for (const scope of [['H1'], ['H1', 'H2'], null]) {
      expect(await arrivals.read(scope, asked)).toMatchObject([{ accountCode: 'A1', expectedFen: 100 }]);
    }
    expect(await arrivals.read(['H2'], asked)).toEqual([]);
  });

  test('pairs nothing with the bank lines of another merchant', async () => {
    await books.add('bank_settlements', rule('A1', 'B2'));
    await bill('A1', 100);
    await books.add('bank_statement_lines', line(1, 100, { merchantCode: 'H2', bankAccountCode: 'B2' }));
    expect(await arrivals.matchAll(null, asked)).toBe(0);
  });
});
