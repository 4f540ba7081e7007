import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Books, date, openBooks } from '../testing';
import { type Arrivals, createArrivals } from './arrivals';
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
    await books.add('bank_statement_lines', {
      merchantCode: 'H2',
      bankAccountCode: 'B2',
      documentId: 'l',
      identity: 'l',
      importNo: 'i',
      lineNo: 1,
      date: '2026-10-19',
      amountFen: 100,
      status: 'open',
    });
    expect(await arrivals.matchAll(null, asked)).toBe(0);
  });
});
