import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { checkedRule, graceByRules } from './rule-book';
import { type Books, bill, date, noon, openBooks } from './testing';

let books: Books;
beforeEach(async () => {
  books = await openBooks();
});
afterEach(() => books.close());

const rule = (more: Record<string, unknown>) =>
  books.add('reconciliation_rules', { documentId: 'stored', name: '规则', enabled: true, ...more });

describe('stored rules', () => {
  test('say per business type how long a missing side is waited for', async () => {
    await rule({ bizType: '住院预交金', graceMinutes: 30 });
    const graceOf = await graceByRules(books.db, { merchantCode: 'H1', date });
    expect(graceOf({ channel: 'alipay', bizType: '住院预交金' })).toBe(1800);
    expect(graceOf({ channel: 'alipay', bizType: '窗口挂号' })).toBeUndefined();
  });

  test('let HIS differ by a tolerance, in real time and the day after', async () => {
    await rule({ toleranceFen: 1, toleranceLeg: 'his' });
    for (const [no, booked] of [
      ['1', 1998],
      ['2', 1997],
    ] as const) {
      await books.pay(no, 1999);
      await books.book(`h${no}`, no, booked);
      await books.realtime.order(no);
    }
    const states = await books.db('orders').orderBy('order_no').select('recon_state', 'his_charged_fen');
    expect(states).toEqual([
      { recon_state: 'normal', his_charged_fen: 1998 },
      { recon_state: 'abnormal', his_charged_fen: 1997 },
    ]);
    expect((await books.run()).counts).toMatchObject({ 'his.matched': 1, 'his.amount': 1 });
    expect((await books.cases()).filter(({ leg }) => leg === 'his')).toMatchObject([
      { order_no: '2', kind: 'amount', difference_fen: -2 },
    ]);
  });

  test('decide how close to midnight a payment may be on its way', async () => {
    await rule({ midnightMinutes: 30 });
    await books.pay('1', 1000, { paidAt: new Date('2026-10-18T23:35:00+08:00') });
    await books.book('h1', '1', 1000);
    books.bills.set(date, bill([{ orderNo: 'A-other', amountFen: 1 }]));
    expect((await books.run()).counts).toMatchObject({ 'channel.in_transit': 1 });
  });

  test('bring an agreed fee, and fees are judged', async () => {
    await rule({ channel: 'alipay', feePpm: 6000 });
    await books.pay('1', 10_000);
    await books.book('h1', '1', 10_000);
    books.bills.set(date, bill([{ orderNo: 'A-1', amountFen: 10_000, feeFen: 61, occurredAt: noon }]));
    await books.run();
    expect(await books.cases()).toMatchObject([{ kind: 'fee', fee_fen: 61 }]);
  });
});

describe('a new rule', () => {
  test('is refused with a reason', async () => {
    await rule({ merchantCode: 'H1' });
    const codeOf = (input: object) =>
      checkedRule(books.db, { name: 'new', ...input }).then(
        () => 'accepted',
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
      );
    expect(await codeOf({ merchantCode: 'H1' })).toBe('RULE_OVERLAPS');
    expect(await codeOf({ merchantCode: 'H1', enabled: false })).toBe('accepted');
    expect(await codeOf({ merchantCode: 'H1', documentId: 'stored' })).toBe('accepted');
    expect(await codeOf({ merchantCode: 'H2', midnightMinutes: 999 })).toBe('RULE_INVALID');
    expect(await codeOf({ bizType: '窗口挂号', feePpm: 6000 })).toBe('RULE_BIZ_TYPE');
  });
});
