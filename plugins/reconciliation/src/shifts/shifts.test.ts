import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { type Books, date, openBooks } from '../testing';
import { createShifts, type Shifts } from './shifts';

let books: Books;
let shifts: Shifts;
beforeEach(async () => {
  books = await openBooks();
  shifts = createShifts(books);
  await books.add('accounts', { username: 'li' });
});
afterEach(() => books.close());

const turnTo = (time: string) => books.clock.set(new Date(`${date}T${time}:00+08:00`));
async function take(orderNo: string, time: string, fen: number): Promise<void> {
  turnTo(time);
  await books.pay(orderNo, fen, { operatorCode: 'li', paidAt: books.clock.now() });
}
const mine = () => shifts.of('H1', 'li');
const close = (shiftNo: string) => shifts.close({ shiftNo, by: 'li', counted: {}, note: 'HIS 未记账' });
async function closeMine(time: string): Promise<string> {
  turnTo(time);
  const shiftNo = (await mine()).current?.shiftNo ?? '';
  await close(shiftNo);
  return shiftNo;
}

describe('a shift that is given back', () => {
  let first: string;
  beforeEach(async () => {
    await take('1', '08:00', 100);
    first = await closeMine('12:00');
    await take('2', '13:00', 20);
    await closeMine('18:00');
    turnTo('19:00');
    await shifts.giveBack({ shiftNo: first, by: 'finance', reason: '重点现金' });
  });

  test('is counted again until it was first closed, however often: later shifts keep what is theirs', async () => {
    expect(await shifts.get(first)).toMatchObject({ status: 'open', takenFen: 100 });
    turnTo('19:05');
    expect(await close(first)).toMatchObject({
      takenFen: 100,
      closedAt: books.clock.now(),
      firstClosedAt: new Date(`${date}T12:00:00+08:00`),
    });
    turnTo('20:00');
    await shifts.giveBack({ shiftNo: first, by: 'finance', reason: '再点' });
    expect((await close(first)).takenFen).toBe(100);
    expect((await mine()).recent.map(({ takenFen }) => takenFen)).toEqual([20, 100]);
  });

  test('is told first, and a new payment begins a shift of its own', async () => {
    expect(await mine()).toMatchObject({ current: null, recent: [{ shiftNo: first }, { takenFen: 20 }] });
    await take('3', '19:02', 3);
    turnTo('19:05');
    expect(await mine()).toMatchObject({ current: { takenFen: 3 }, recent: [{ takenFen: 100 }, {}] });
    await close(first);
    expect((await mine()).current?.takenFen).toBe(3);
    await closeMine('19:10');
    expect((await mine()).current).toBeNull();
  });

  test('keeps payments after it from being forgotten once it is closed again', async () => {
    await take('3', '19:02', 3);
    turnTo('19:05');
    await close(first);
    expect((await mine()).current?.takenFen).toBe(3);
  });
});
