import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type Dimension, dimensions, hisIncome, liveFigures, noAmounts, platformIncome } from '../facts';
import { type Books, bill, date, openBooks } from '../testing';
import { bookFigures } from './ledger';

let books: Books;
beforeEach(async () => {
  books = await openBooks();
});
afterEach(() => books.close());

const day = { merchantCode: 'H1', kind: 'day', period: date } as const;
const today = '2026-10-19';
const days = { from: '2026-10-01', to: '2026-10-31' };
const close = (reason?: string) => books.closings.close({ ...day, by: 'li', reason });
const adjust = () => books.closings.adjust('H1', days);
const figuresBy = (by: Dimension[]) =>
  bookFigures(books.db, (_, scope, asked) => books.figures.lateRefunds(scope, asked), ['H1'], days, by);
const row = (no: string) => books.db('closings').where({ closing_no: no }).first();

describe('a closed day', () => {
  test('needs a clean checklist, or a reason that is kept', async () => {
    await books.pay('1', 1000);
    await books.realtime.order('1');
    await expect(close()).rejects.toMatchObject({
      code: 'CLOSING_INCOMPLETE',
      details: {
        checklist: [
          { code: 'missing_runs', names: ['A1'] },
          { code: 'open_cases', count: 1 },
        ],
      },
    });
    await books.book('h1', '1', 1000);
    await books.realtime.hisRecords([{ merchantCode: 'H1', hisSerialNo: 'h1' }]);
    books.bills.set(date, bill([{ orderNo: 'A-1', amountFen: 1000 }]));
    await books.run();
    const { checklist } = await books.closings.check(day);
    expect(checklist.filter(({ isClean }) => !isClean)).toEqual([]);
    expect(await close()).toMatchObject({
      closingNo: 'H1-2026-10-18-1',
      status: 'closed',
      takenFen: 1000,
      hisFen: 1000,
      differenceFen: 0,
      overrideReason: null,
      closedBy: 'li',
    });
    await expect(close()).rejects.toMatchObject({ code: 'PERIOD_CLOSED' });
    await expect(books.closings.close({ ...day, period: today, by: 'li' })).rejects.toMatchObject({
      code: 'PERIOD_NOT_OVER',
    });
  });

  test('with a reason closes in spite of what is missing', async () => {
    await books.pay('1', 1000);
    expect(await close('银行系统升级, 账单次日补')).toMatchObject({
      status: 'closed',
      overrideReason: '银行系统升级, 账单次日补',
    });
  });

  test('refuses runs, and one that was under way books nothing', async () => {
    await books.pay('1', 1000);
    const [queued] = await books.runs.request({ date, accountCode: 'A1', requestedBy: 'li' });
    await close('急');
    await expect(books.closings.assertOpen('H1', date)).rejects.toMatchObject({ code: 'PERIOD_CLOSED' });
    await expect(books.closings.assertOpen('H1', today)).resolves.toBeUndefined();
    await expect(books.run()).rejects.toMatchObject({ code: 'PERIOD_CLOSED' });
    expect(await books.runs.execute(queued?.runNo ?? '')).toMatchObject({
      status: 'failed',
      errorCode: 'PERIOD_CLOSED',
    });
    expect(await books.db('daily_totals')).toEqual([]);
  });

  test('keeps its figures when HIS books late or voids; the change stands on the first open day', async () => {
    await books.pay('1', 1000, { department: '内科' });
    await books.book('h1', '1', 1000);
    await close('急');
    const frozen = await row('H1-2026-10-18-1');
    const before = await books.figures.summary(null, { from: date, to: date });

    await books.db('his_records').update({ status: 'voided' });
    await books.book('h2', '1', 700, { department: '外科' });
    await adjust();
    await adjust();
    expect(await row('H1-2026-10-18-1')).toEqual(frozen);
    expect(await books.figures.summary(null, { from: date, to: date })).toEqual(before);
    const adjustments = await books.db('closing_figures').whereNotNull('concerns_date').orderBy('id');
    expect(adjustments).toHaveLength(2);
    expect(adjustments).toMatchObject([
      { date: today, concerns_date: date, closing_no: null },
      { date: today, concerns_date: date, closing_no: null },
    ]);
    const { byDay } = await books.figures.summary(null, { from: today, to: today });
    expect(byDay).toMatchObject([{ hisFen: -300, platformFen: 0, differenceFen: 300 }]);
  });

  test('takes adjustments up for good when their own day is closed', async () => {
    await books.pay('1', 1000);
    await close('急');
    await books.book('late', '1', 1000);
    await adjust();
    await books.clock.advance(86_400_000);
    const next = await books.closings.close({ ...day, period: today, by: 'li', reason: '急' });
    expect(next).toMatchObject({ hisFen: 1000, adjustedHisFen: 1000, adjustedPlatformFen: 0 });
    await books.db('his_records').update({ status: 'voided' });
    await adjust();
    expect(await row(next.closingNo)).toMatchObject({ his_fen: 1000 });
    const waiting = await books.db('closing_figures').whereNull('closing_no');
    expect(waiting).toMatchObject([{ date: '2026-10-20', concerns_date: date, his_charged_fen: -1000 }]);
    await expect(books.closings.askToReopen({ ...day, by: 'li', reason: '补' })).rejects.toMatchObject({
      code: 'CLOSING_ADJUSTED',
      details: { periods: [today] },
    });
  });

  test('is reopened by a second person only, and closed again as another version', async () => {
    await books.pay('1', 1000);
    await close('急');
    await books.book('late', '1', 1000);
    await adjust();
    await books.closings.askToReopen({ ...day, by: 'li', reason: '补账单' });
    await expect(books.closings.confirmReopening({ ...day, by: 'li' })).rejects.toMatchObject({
      code: 'CLOSING_SAME_PERSON',
    });
    await expect(books.closings.assertOpen('H1', date)).rejects.toMatchObject({ code: 'PERIOD_CLOSED' });
    expect(await books.closings.confirmReopening({ ...day, by: 'wang' })).toMatchObject({
      status: 'reopened',
      reopenReason: '补账单',
      reopenRequestedBy: 'li',
      reopenedBy: 'wang',
    });
    await books.closings.assertOpen('H1', date);
    expect(await books.db('closing_figures').whereNull('closing_no')).toEqual([]);
    expect(await close('再结')).toMatchObject({ version: 2, hisFen: 1000 });
    expect(await row('H1-2026-10-18-1')).toMatchObject({ status: 'reopened', his_fen: 0 });
  });

  test('shows whether anybody has touched what was frozen', async () => {
    await books.pay('1', 1000);
    const { closingNo } = await close('急');
    expect(await books.closings.verify(closingNo)).toMatchObject({ isIntact: true });
    await books.db('closing_figures').increment('taken_fen', 1);
    expect(await books.closings.verify(closingNo)).toMatchObject({ isIntact: false });
  });

  test('is closed once however many try at the same time', async () => {
    const tries = await Promise.allSettled([close('一'), close('二'), close('三')]);
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
    expect(await books.db('closings')).toHaveLength(1);
  });
});

describe('a closed month', () => {
  const month = { merchantCode: 'H1', kind: 'month', period: '2026-09' } as const;

  test('needs all its days closed or closes them, adds them up, and keeps them from being reopened', async () => {
    await books.pay('1', 1000, { settledOn: '2026-09-03' });
    await books.pay('2', 500, { settledOn: '2026-09-30' });
    await expect(books.closings.close({ ...month, by: 'li', reason: '急' })).rejects.toMatchObject({
      code: 'CLOSING_INCOMPLETE',
    });
    const closed = await books.closings.close({ ...month, by: 'li', reason: '补结', closeParts: true });
    expect(closed).toMatchObject({
      takenFen: 1500,
      takenCount: 2,
      firstDay: '2026-09-01',
      lastDay: '2026-09-30',
    });
    expect(await books.db('closings').where({ kind: 'day' })).toHaveLength(30);
    expect(await books.closings.verify(closed.closingNo)).toMatchObject({ isIntact: true });
    const third = { ...day, period: '2026-09-03', by: 'li', reason: '查' };
    await expect(books.closings.askToReopen(third)).rejects.toMatchObject({ code: 'CLOSING_ENCLOSED' });
    const [latest] = await books.closings.periods('H1', 'month', '2026');
    expect(latest).toMatchObject({ period: '2026-12', status: 'future' });
    const views = await books.closings.periods('H1', 'month', '2026');
    expect(views.find(({ period }) => period === '2026-09')).toMatchObject({
      status: 'closed',
      figures: { takenFen: 1500 },
    });
  });
});

test('whatever happens after closings, by any dimension the figures add up to what there is, and frozen stays frozen', async () => {
  const name = fc.constantFrom('内科', '外科', undefined);
  const event = fc.record({
    kind: fc.constantFrom('pay', 'refund', 'book', 'void', 'move', 'close', 'reopen', 'adjust'),
    day: fc.constantFrom('2026-10-15', '2026-10-16', '2026-10-17', today),
    amountFen: fc.integer({ min: 1, max: 100_000 }),
    department: name,
    operatorCode: name,
  });
  await fc.assert(
    fc.asyncProperty(fc.array(event, { minLength: 5, maxLength: 25 }), async (events) => {
      const { db, closings } = books;
      for (const table of ['orders', 'attempts', 'refunds', 'his_records', 'closings', 'closing_figures']) {
        await db(table).delete();
      }
      const frozen = new Map<string, unknown>();
      let count = 0;
      for (const { kind, day: settledOn, amountFen, department, operatorCode } of events) {
        const no = String(++count);
        const which = { ...day, period: settledOn };
        const details = { settledOn, department, operatorCode };
        switch (kind) {
          case 'pay':
            await books.pay(no, amountFen, details);
            break;
          case 'refund':
            await books.pay(no, amountFen, { ...details, settledOn: '2026-10-15' });
            await books.refund(`r${no}`, no, amountFen, { settledOn });
            break;
          case 'book':
            await books.book(`h${no}`, null, amountFen, details);
            break;
          case 'void':
            await db('his_records').where({ settled_on: settledOn }).update({ status: 'voided' });
            break;
          case 'move':
            await db('his_records').where({ status: 'booked' }).limit(1).update({ settled_on: settledOn });
            break;
          case 'close': {
            const closed = await closings.close({ ...which, by: 'li', reason: '急' }).catch(refused);
            if (closed) frozen.set(closed.closingNo, await row(closed.closingNo));
            break;
          }
          case 'reopen': {
            const asked = await closings.askToReopen({ ...which, by: 'li', reason: '查' }).catch(refused);
            if (!asked) break;
            frozen.delete(asked.closingNo);
            await closings.confirmReopening({ ...which, by: 'wang' });
            break;
          }
          case 'adjust':
            await adjust();
            break;
          default:
            return kind satisfies never;
        }
      }
      await adjust();
      for (const [closingNo, stored] of frozen) {
        expect(await row(closingNo)).toEqual(stored);
        expect(await closings.verify(closingNo)).toMatchObject({ isIntact: true });
      }
      const late = await books.figures.lateRefunds(null, days);
      const truth = sums(await liveFigures(db, null, days, [], late));
      for (const by of [[], ...dimensions.map((dimension) => [dimension])]) {
        expect(sums(await figuresBy(by))).toEqual(truth);
      }
    }),
    { numRuns: 25 },
  );
});

const refused = (): undefined => undefined;

function sums(lines: Awaited<ReturnType<typeof figuresBy>>) {
  const total = { ...noAmounts(), platform: 0, his: 0 };
  for (const line of lines) {
    for (const key of ['takenFen', 'refundedFen', 'takenCount', 'hisChargedFen'] as const)
      total[key] += line[key];
    total.platform += platformIncome(line);
    total.his += hisIncome(line);
  }
  return total;
}
