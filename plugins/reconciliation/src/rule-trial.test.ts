import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { localEngine } from './engine/engine';
import { createRuleTrial } from './rule-trial';
import { type Books, bill, date, openBooks } from './testing';

let books: Books;
beforeEach(async () => {
  books = await openBooks();
  await books.pay('1', 1999);
  await books.book('h1', '1', 1998);
  await books.pay('2', 5000);
  await books.book('h2', '2', 4000);
  books.bills.set(
    date,
    bill([
      { orderNo: 'A-1', amountFen: 1999 },
      { orderNo: 'A-2', amountFen: 5000 },
    ]),
  );
  await books.run();
});
afterEach(() => books.close());

const trial = (rule: object, scope: string[] | null = null, day = date) =>
  createRuleTrial({ db: books.db, engine: localEngine(books.db), runs: books.runs })(
    { accountCode: 'A1', date: day, rule: { name: '试', ...rule } },
    scope,
  );
const everything = async () =>
  JSON.stringify([
    await books.db('discrepancies').orderBy('id'),
    await books.db('daily_totals').orderBy('id'),
    await books.db('reconciliation_runs').orderBy('id'),
    await books.db('orders').orderBy('id'),
    await books.db('reconciliation_rules').orderBy('id'),
  ]);

describe('the trial run of a rule', () => {
  test('says what would become of a past day, and writes nothing', async () => {
    const before = await everything();
    const answer = await trial({ toleranceFen: 1 });
    expect(answer).toMatchObject({
      billKnown: true,
      speaks: true,
      before: { counts: { 'his.amount': 2, 'channel.matched': 2 }, openCases: 2, openDifferenceFen: -1001 },
      after: {
        counts: { 'his.amount': 1, 'his.matched': 1, 'channel.matched': 2 },
        openCases: 1,
        openDifferenceFen: -1000,
      },
      appearing: 0,
      disappearing: 1,
      changing: 0,
      changes: [{ change: 'disappears', before: { orderNo: '1', kind: 'amount' }, after: null }],
    });
    expect(answer.before.totals).toEqual(answer.after.totals);
    expect(await everything()).toBe(before);
  });

  test('follows every setting: the channel’s days, and several records for one payment', async () => {
    await books.pay('3', 700);
    await books.book('h3', '3', 300);
    await books.book('h4', '3', 400);
    books.bills.set('2026-10-17', bill([{ orderNo: 'A-3', amountFen: 700, settledOn: '2026-10-17' }]));
    await books.run('2026-10-17');
    await books.run();
    expect(await trial({ suspenseDays: 0 })).toMatchObject({
      before: { counts: { 'channel.in_transit': 1 }, settings: { suspenseDays: 1, manyToOne: true } },
      after: { counts: { 'channel.platform_only': 1 }, settings: { suspenseDays: 0 } },
      changing: 1,
    });
    expect(await trial({ manyToOne: 'no' })).toMatchObject({
      after: { settings: { manyToOne: false } },
      appearing: 1,
      changes: [{ change: 'appears', after: { orderNo: '3', kind: 'split', differenceFen: 0 } }],
    });
  });

  test('takes the place of the stored rule that it changes', async () => {
    await books.add('reconciliation_rules', {
      documentId: 'stored',
      name: '规则',
      enabled: true,
      toleranceFen: 1000,
    });
    const answer = await trial({ documentId: 'stored', toleranceFen: 0 });
    expect(answer).toMatchObject({ before: { openCases: 0 }, after: { openCases: 2 }, appearing: 2 });
  });

  test('says so when the rule has no say on the account and day', async () => {
    expect(await trial({ channel: 'wechat', toleranceFen: 1 })).toMatchObject({ speaks: false, changes: [] });
    expect(await trial({ enabled: false, toleranceFen: 1 })).toMatchObject({ speaks: false, changes: [] });
  });

  test('is refused for an account of others and for a day to come', async () => {
    await expect(trial({}, ['H9'])).rejects.toMatchObject({ code: 'ACCOUNT_UNKNOWN' });
    await expect(trial({}, null, '2026-10-20')).rejects.toMatchObject({ code: 'DATE_IN_FUTURE' });
  });
});
