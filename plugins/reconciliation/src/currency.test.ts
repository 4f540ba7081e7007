import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { giveCasesTheirCurrency } from './currency';
import { createIncome } from './income';
import { type Books, bill, date, openBooks } from './testing';

let books: Books;
const yen = { accountCode: 'P1', channel: 'paypay', payType: 'paypay', currency: 'JPY' };

beforeAll(async () => {
  books = await openBooks();
  books.currencies.set('P1', 'JPY');
  await books.add('channel_accounts', { code: 'P1', channel: 'paypay', merchantCode: 'H1', enabled: true });
  await books.pay('1', 1000);
  await books.book('h1', '1', 1000);
  await books.pay('2', 3000, yen);
  await books.book('h2', '2', 2500, { payType: 'paypay', currency: 'JPY' });
  await books.pay('3', 400, yen);
  await books.refund('r3', '3', 400, { accountCode: 'P1', channel: 'paypay', currency: 'JPY' });
  await books.book('h3', '3', 400, { payType: 'paypay', currency: 'JPY' });
  await books.book('h3r', '3', 400, {
    kind: 'refund',
    refundNo: 'r3',
    payType: 'paypay',
    currency: 'JPY',
  });
  await books.book('h4', null, 7000, { payType: 'paypay', currency: 'JPY' });
  for (const order of ['1', '2', '3']) await books.realtime.order(order);
  const news = ['h1', 'h2', 'h3', 'h3r', 'h4'].map((hisSerialNo) => ({ merchantCode: 'H1', hisSerialNo }));
  await books.realtime.hisRecords(news);
});
afterAll(() => books.close());

const range = { from: date, to: date };
const currencies = ['CNY', 'JPY'];

describe('money of different currencies is never added up', () => {
  test('figures are of the hospital’s own currency, or of the one asked for', async () => {
    expect(await books.figures.summary(null, range)).toMatchObject({
      currency: 'CNY',
      currencies,
      byType: [{ payType: 'alipay', platformFen: 1000, hisFen: 1000 }],
    });
    expect(await books.figures.summary(null, { ...range, currency: 'JPY' })).toMatchObject({
      currency: 'JPY',
      byType: [{ payType: 'paypay', platformFen: 3000, hisFen: 9500, differenceFen: -6500 }],
    });
    expect(await books.figures.statistics(null, date)).toMatchObject({ platformFen: 1000, differenceFen: 0 });
    expect(await books.figures.statistics(null, date, 'JPY')).toMatchObject({
      platformFen: 3000,
      differenceFen: 6500,
    });
  });

  test('differences are explained by cases of the same currency, records without an account included', async () => {
    const { reasons, cases } = await books.figures.analysis(null, { date, currency: 'JPY' });
    expect(cases.map(({ differenceFen }) => differenceFen).sort()).toEqual([-500, 7000]);
    expect(reasons.reduce((sum, { differenceFen }) => sum + differenceFen, 0)).toBe(-6500);
    expect((await books.figures.analysis(null, { date })).cases).toEqual([]);
  });

  test('income by every dimension, its entries and its total are of one currency', async () => {
    const income = createIncome(books.db, (_, scope, days) => books.figures.lateRefunds(scope, days));
    const question = { ...range, by: 'merchant', unit: 'day' } as const;
    const page = { key: 'H1', page: 1, pageSize: 20 };
    expect((await income.income(null, question)).total).toMatchObject({ takenFen: 1000, hisFen: 1000 });
    expect((await income.entries(null, { ...question, ...page })).total).toBe(2);
    const abroad = { ...question, currency: 'JPY' };
    expect((await income.income(null, abroad)).total).toMatchObject({ takenFen: 3400, refundedFen: 400 });
    expect((await income.entries(null, { ...abroad, ...page })).total).toBe(7);
  });

  test('today counts what was taken in the hospital’s own currency', async () => {
    books.clock.set(new Date('2026-10-18T20:00:00+08:00'));
    expect(await books.figures.today(null)).toMatchObject({ takenFen: 1000, takenCount: 1, refundedFen: 0 });
    expect(await books.figures.today(null, { currency: 'JPY' })).toMatchObject({
      takenFen: 3400,
      refundedFen: 400,
      openDifferenceFen: 6500,
    });
    books.clock.set(new Date('2026-10-19T12:00:00+08:00'));
  });

  test('a run’s totals and a closing keep the currencies apart as well', async () => {
    books.bills.set(date, bill([{ orderNo: 'A-1', amountFen: 1000 }]));
    await books.run();
    const [requested] = await books.runs.request({ date, accountCode: 'P1', requestedBy: 'finance' });
    await books.runs.execute(requested?.runNo ?? '');
    const sums = async () =>
      Promise.all(
        currencies.map(
          async (currency) => (await books.figures.summary(null, { ...range, currency })).byType,
        ),
      );
    const before = await sums();
    expect(before.map((types) => types.map(({ payType }) => payType))).toEqual([['alipay'], ['paypay']]);
    const which = { merchantCode: 'H1', kind: 'day', period: date } as const;
    const closing = await books.closings.close({ ...which, by: 'li', reason: '日元账户次日对账' });
    expect(closing).toMatchObject({ takenFen: 1000, takenCount: 1, hisFen: 1000 });
    expect(await books.closings.verify(closing.closingNo)).toMatchObject({ isIntact: true });
    expect(await sums()).toEqual(before);
  });

  test('every case says its currency, found in real time or by the run; one of before gets its account’s', async () => {
    const cases = () =>
      books.db('discrepancies').orderBy('dedupe_key').select('dedupe_key', 'source', 'currency');
    const told = await cases();
    expect(new Set(told.map(({ source }) => source))).toEqual(new Set(['realtime', 't1']));
    expect(told.length).toBeGreaterThan(2);
    expect(told.filter(({ currency }) => currency !== 'JPY')).toEqual([]);
    await books.db('discrepancies').update({ currency: null });
    await giveCasesTheirCurrency(books.db);
    expect(await cases()).toEqual(told);
  });

  test('a hospital that counts in yen reads yen without asking', async () => {
    await books.db('merchants').where({ code: 'H1' }).update({ currency: 'JPY' });
    expect(await books.figures.summary(null, range)).toMatchObject({
      currency: 'JPY',
      currencies: ['JPY', 'CNY'],
      byType: [{ payType: 'paypay', platformFen: 3000 }],
    });
  });
});
