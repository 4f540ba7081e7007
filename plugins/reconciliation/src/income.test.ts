import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { createIncome, type IncomeReport, incomeDimensions } from './income';
import { type Books, date, openBooks } from './testing';

let books: Books;
let income: IncomeReport;
beforeEach(async () => {
  books = await openBooks();
  income = createIncome(books.db, (_, scope, days) => books.figures.lateRefunds(scope, days));
  await books.add('merchants', { code: 'H2', name: '东院', parentCode: 'H1' });
  await books.add('terminals', { code: 'W1', name: '1号窗口', merchantCode: 'H1' });
  await books.add('accounts', { username: 'zhang', displayName: '张会计' });
  await books.pay('1', 1000, { department: '内科', operatorCode: 'zhang', terminalCode: 'W1' });
  await books.pay('2', 500, { department: '外科', merchantCode: 'H2' });
  await books.refund('r1', '1', 300);
  await books.book('h1', '1', 1000);
  await books.book('h2', 'M-2', 450, { merchantCode: 'H2', department: '骨科' });
});
afterEach(() => books.close());

const question = { from: date, to: date, unit: 'day' } as const;

describe('收入报表', () => {
  test('tells who took, who gave back and what HIS booked for it, by name', async () => {
    const { lines, total } = await income.income(null, { ...question, by: 'operator' });
    expect(lines).toMatchObject([
      { key: 'zhang', name: '张会计', takenFen: 1000, refundedFen: 0, hisFen: 1000 },
      { key: '', name: null, takenFen: 500, hisFen: 450 },
      { key: 'finance', takenFen: 0, refundedFen: 300, netFen: -300 },
    ]);
    expect(total).toMatchObject({ takenFen: 1500, refundedFen: 300, netFen: 1200, hisFen: 1450 });
  });

  test('believes HIS about the department, and asks the order where HIS says nothing', async () => {
    const { lines } = await income.income(null, { ...question, by: 'department' });
    expect(lines).toMatchObject([
      { key: '内科', netFen: 700, hisFen: 1000 },
      { key: '外科', netFen: 500, hisFen: 0 },
      { key: '骨科', netFen: 0, hisFen: 450 },
    ]);
  });

  test('adds branches up to their hospital', async () => {
    const whole = await income.income(null, { ...question, by: 'merchant' });
    expect(whole.lines).toMatchObject([{ key: 'H1', name: '测试医院', takenFen: 1500 }]);
    const each = await income.income(null, { ...question, by: 'branch' });
    expect(each.lines.map(({ key, takenFen }) => [key, takenFen])).toEqual([
      ['H1', 1000],
      ['H2', 500],
    ]);
  });

  test('comes to the same total by every dimension, by day and by month', async () => {
    for (const by of incomeDimensions) {
      for (const unit of ['day', 'month'] as const) {
        const { lines, byPeriod, total } = await income.income(['H1'], { ...question, by, unit });
        for (const parts of [lines, byPeriod]) {
          const net = parts.reduce((sum, line) => sum + line.netFen, 0);
          expect([net, total.netFen]).toEqual([700, 700]);
        }
      }
    }
  });

  test('lists the entries behind a line', async () => {
    const { entries, total } = await income.entries(null, {
      ...question,
      by: 'terminal',
      key: 'W1',
      page: 1,
      pageSize: 10,
    });
    expect(total).toBe(3);
    expect(entries.map(({ side, amountFen }) => [side, amountFen]).sort()).toEqual([
      ['his_charge', 1000],
      ['payment', 1000],
      ['refund', 300],
    ]);
  });
});
