import { parseAmount } from '@hospital-pay/payments/contract';
import { describe, expect, test } from '@jest/globals';
import { dayOf } from './china';
import { example, knownDays, oneSidedDay, statisticsDay, summaryRanges } from './example';
import { exampleCode } from './hospital';

const rows = example();
const fen = (yuan: string) => parseAmount(yuan);
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);

describe('the reference hospital', () => {
  test('shows the five orders of its day and no others', () => {
    const shown = rows.orders
      .filter(({ createdTime }) => dayOf(createdTime) === statisticsDay)
      .map((order) => [
        order.orderNo,
        order.reconState,
        order.payType,
        order.status,
        order.amountFen,
        order.hisChargedFen,
        order.refundedFen,
        order.hisRefundedFen,
      ]);
    expect(shown).toEqual([
      ['20181018070353264912', 'abnormal', 'alipay', 'refunded', 13000, 0, 13000, 0],
      ['1301178801201810182143077001754', 'normal', 'wechat', 'paid', 200000, 200000, 0, 0],
      ['1301178801201810182139452241706', 'normal', 'wechat', 'paid', 300000, 300000, 0, 0],
      ['20181018203027978166', 'normal', 'alipay', 'paid', 500000, 500000, 0, 0],
      ['1301178801201810181920173951712', 'normal', 'wechat', 'paid', 1000000, 1000000, 0, 0],
    ]);
    expect(rows.orders[0]?.anomalies).toEqual(['charge_differs', 'refund_differs']);
  });

  test('has the four one-sided entries, the difference being what HIS has more', () => {
    const entries = rows.discrepancies
      .filter(({ date }) => date === oneSidedDay)
      .map(({ hisSerialNo, platformFen, hisFen, differenceFen, tradeKind, cardNo }) => [
        hisSerialNo,
        platformFen,
        hisFen,
        differenceFen,
        tradeKind,
        cardNo,
      ]);
    expect(entries).toEqual([
      ['428661561', 0, 50000, 50000, 'payment', '0003276083'],
      ['428661383', 0, 10000, 10000, 'payment', '0003821033'],
      ['428661355', 0, -731, -731, 'refund', '0003766789'],
      ['428661347', 0, 66000, 66000, 'payment', '0003818001'],
    ]);
  });

  test.each([
    ['wechat', 0, '-20347.90'],
    ['alipay', 0, '-31322.30'],
    ['wechat', 1, '-93618.06'],
    ['alipay', 1, '-158210.04'],
  ] as const)('%s adds up over range %i to a difference of %s', (payType, index, difference) => {
    const range = summaryRanges[index];
    if (!range) throw new Error('no such range');
    const days = rows.dailyTotals.filter(
      (total) => total.payType === payType && total.date >= range.first && total.date <= range.last,
    );
    expect(sum(days.map(({ hisFen }) => hisFen))).toBe(fen(range.his[payType]));
    expect(sum(days.map(({ platformFen }) => platformFen))).toBe(fen(range.platform[payType]));
    expect(sum(days.map(({ differenceFen }) => differenceFen))).toBe(fen(difference));
    expect(days.every(({ hisFen, platformFen }) => hisFen > 0 && platformFen > 0)).toBe(true);
  });

  test.each([
    ['wechat', '694046.58', '693720.29', '-326.29'],
    ['alipay', '946095.63', '947074.09', '978.46'],
    ['wechat', '28040.60', '28040.60', '0.00'],
    ['wechat', '485962.17', '486462.27', '500.10'],
    ['alipay', '575525.68', '576675.68', '1150.00'],
    ['wechat', '675262.86', '673732.86', '-1530.00'],
  ])(
    'has a day of %s with %s at the hospital and %s on the platform',
    (payType, his, platform, difference) => {
      const found = rows.dailyTotals.filter(
        (total) => total.payType === payType && total.hisFen === fen(his),
      );
      expect(found.map(({ platformFen, differenceFen }) => [platformFen, differenceFen])).toEqual([
        [fen(platform), fen(difference)],
      ]);
    },
  );

  test('has every account and day once', () => {
    const keys = rows.dailyTotals.map(({ accountCode, date }) => `${accountCode} ${date}`);
    expect(new Set(keys).size).toBe(keys.length);
    expect(keys.length).toBe((7 + 92) * 2 + 2);
    expect(
      knownDays.every(({ date, payType }) =>
        keys.includes(`${payType}-${exampleCode.toLowerCase()} ${date}`),
      ),
    ).toBe(true);
  });

  test('gives the statistics of its day by their formulas', () => {
    const totals = rows.dailyTotals.filter(({ date }) => date === statisticsDay);
    const hisFen = sum(totals.map((total) => total.hisFen));
    const platformFen = sum(totals.map((total) => total.platformFen));
    const refunds = rows.discrepancies.filter(
      ({ resolution, resolvedAt }) =>
        resolution === 'online_refund' && resolvedAt !== null && dayOf(resolvedAt) === statisticsDay,
    );
    const abnormalRefundFen = sum(refunds.map(({ resolutionFen }) => resolutionFen));
    expect(hisFen).toBe(fen('785185.42'));
    expect(platformFen).toBe(fen('674428.29'));
    expect(hisFen - platformFen).toBe(fen('110757.13'));
    expect(abnormalRefundFen).toBe(fen('4385.00'));
    expect(platformFen - abnormalRefundFen).toBe(fen('670043.29'));
    expect(refunds.map(({ orderNo, resolutionFen }) => [orderNo?.slice(-16), resolutionFen])).toEqual([
      ['1171541053111163', 20000],
      ['1171557073521442', 18500],
      ['1171813199251541', 400000],
    ]);
    expect(refunds.every(({ occurredAt }) => dayOf(occurredAt) === '2018-10-17')).toBe(true);
  });

  test('explains the difference of its day by entries that add up to it', () => {
    const entries = rows.discrepancies.filter(({ date }) => date === statisticsDay);
    expect(sum(entries.map(({ differenceFen }) => differenceFen))).toBe(fen('110757.13'));
  });

  test('lies wholly in 2018 and leaves the channels’ books alone', () => {
    const moments = [
      ...rows.orders.map(({ createdTime }) => createdTime),
      ...rows.loginLogs.map(({ at }) => at),
    ];
    expect(moments.every((at) => at.getUTCFullYear() === 2018)).toBe(true);
    expect(rows.ledger).toEqual([]);
  });
});
