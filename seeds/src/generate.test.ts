import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { dayOf, shiftDay } from './china';
import { generate } from './generate';
import { exampleCode } from './hospital';
import { named } from './named';
import type { Rows } from './rows';

const now = new Date('2026-11-22T15:00:00+08:00');
const rows = generate(now, 1);
const digest = (made: Rows) => createHash('sha256').update(JSON.stringify(made)).digest('hex');
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const demo = <Row extends { merchantCode: string }>(all: Row[]) =>
  all.filter(({ merchantCode }) => merchantCode !== exampleCode);

describe('the demo hospital’s month', () => {
  test('comes out the same to the byte', () => {
    expect(digest(generate(now, 1))).toBe(digest(rows));
  });

  test('has the size of a real hospital’s month', () => {
    const orders = demo(rows.orders);
    expect(orders.length).toBeGreaterThan(9_000);
    expect(orders.length).toBeLessThan(15_000);
    expect(rows.interfaceLogs.length).toBeGreaterThan(1_500);
    expect(orders.some(({ amountFen }) => amountFen % 100 === 99)).toBe(true);
    expect(new Set(orders.map(({ scene }) => scene))).toEqual(new Set(['micropay', 'native', 'jsapi', 'h5']));
    expect(new Set(orders.map(({ status }) => status))).toEqual(
      new Set(['paid', 'partially_refunded', 'refunded', 'closed', 'failed', 'reversed']),
    );
  });

  test('knows nothing of the future', () => {
    const latest = (moments: (Date | null)[]) => Math.max(...moments.map((at) => at?.getTime() ?? 0));
    expect(latest(rows.orders.map(({ endedAt }) => endedAt))).toBeLessThanOrEqual(now.getTime());
    expect(latest(rows.refunds.map(({ refundedAt }) => refundedAt))).toBeLessThanOrEqual(now.getTime());
    expect(latest(rows.hisRecords.map(({ receivedAt }) => receivedAt))).toBeLessThanOrEqual(
      now.getTime() + 10_000,
    );
    expect(latest(rows.discrepancies.map(({ resolvedAt }) => resolvedAt))).toBeLessThanOrEqual(now.getTime());
    expect(latest(rows.runs.map(({ finishedAt }) => finishedAt))).toBeLessThanOrEqual(now.getTime());
    expect(latest(rows.messages.map(({ at }) => at))).toBeLessThanOrEqual(now.getTime());
  });

  test('keeps every number unique', () => {
    const lists = [
      rows.orders.map(({ orderNo }) => orderNo),
      rows.orders.map(({ merchantCode, merchantOrderNo }) => `${merchantCode} ${merchantOrderNo}`),
      rows.attempts.map(({ attemptNo }) => attemptNo),
      rows.refunds.map(({ refundNo }) => refundNo),
      rows.refunds.map(({ merchantCode, merchantRefundNo }) => `${merchantCode} ${merchantRefundNo}`),
      rows.hisRecords.map(({ merchantCode, hisSerialNo }) => `${merchantCode} ${hisSerialNo}`),
      rows.discrepancies.map(({ caseNo }) => caseNo),
      rows.discrepancies.map(({ dedupeKey }) => dedupeKey),
      rows.dailyTotals.map(({ accountCode, date }) => `${accountCode} ${date}`),
      rows.runs.map(({ runNo }) => runNo),
      rows.messages.map(({ dedupeKey }) => dedupeKey),
      rows.ledger.map(({ outTradeNo }) => outTradeNo),
      rows.ledger.map(({ gateway, tradeNo }) => `${gateway} ${tradeNo}`),
    ];
    for (const list of lists) expect(new Set(list).size).toBe(list.length);
  });

  test('never refunds more than was paid, and never holds a broken amount', () => {
    for (const order of rows.orders) {
      expect(order.refundedFen).toBeLessThanOrEqual(order.paidFen);
      expect(Number.isSafeInteger(order.amountFen) && order.amountFen > 0).toBe(true);
    }
    for (const { amountFen } of rows.refunds)
      expect(Number.isSafeInteger(amountFen) && amountFen > 0).toBe(true);
  });

  test('each side of each day adds up to the daily totals', () => {
    for (const total of demo(rows.dailyTotals)) {
      const { accountCode, merchantCode, payType, date } = total;
      const paid = rows.orders.filter((row) => row.accountCode === accountCode && row.settledOn === date);
      const back = rows.refunds.filter((row) => row.accountCode === accountCode && row.settledOn === date);
      const booked = rows.hisRecords.filter(
        (row) => row.merchantCode === merchantCode && row.payType === payType && row.settledOn === date,
      );
      const platformFen =
        sum(paid.map(({ paidFen }) => paidFen)) - sum(back.map(({ amountFen }) => amountFen));
      const hisFen = sum(booked.map(({ kind, amountFen }) => (kind === 'charge' ? amountFen : -amountFen)));
      expect([total.platformFen - total.abnormalRefundFen, total.hisFen]).toEqual([platformFen, hisFen]);
      expect(total.differenceFen).toBe(total.platformFen - hisFen);
    }
  });

  test('every difference between two sides of a day is one of its cases', () => {
    for (const total of demo(rows.dailyTotals)) {
      const cases = rows.discrepancies.filter(
        (row) => row.accountCode === total.accountCode && row.date === total.date,
      );
      // Healed entries were whole by the end of the day; a same-day refund made up for what HIS never booked.
      const lasting = cases.filter(
        (row) =>
          (row.status !== 'void' || row.kind === 'in_transit') &&
          !(
            row.resolution === 'online_refund' &&
            rows.refunds.some((refund) => refund.orderNo === row.orderNo && refund.settledOn === row.date) &&
            row.tradeKind === 'payment'
          ),
      );
      const ofLeg = (leg: string) => lasting.filter((row) => row.leg === leg);
      const differences = (leg: string) => sum(ofLeg(leg).map(({ differenceFen }) => differenceFen));
      expect(total.hisFen - total.platformFen).toBe(differences('his'));
      expect(total.channelFen - total.platformFen + total.abnormalRefundFen).toBe(differences('channel'));
    }
  });

  test('tells every named difference on each of its days', () => {
    const today = dayOf(now);
    const expected = named.flatMap(({ kind, daysAgo }) =>
      daysAgo.map((ago) => `${shiftDay(today, -ago)} ${kind}`),
    );
    // In-transit pairs make two cases each.
    const doubled = named.flatMap(({ kind, daysAgo }) => daysAgo.filter(() => kind === 'in_transit'));
    expect(demo(rows.discrepancies).length).toBe(expected.length + doubled.length);
  });

  test('cases are handled in every way', () => {
    const of = (status: string) => demo(rows.discrepancies).filter((row) => row.status === status);
    expect(new Set(of('resolved').map(({ resolution }) => resolution))).toEqual(
      new Set(['online_refund', 'cash', 'other', 'his_supplement', 'write_off']),
    );
    expect(of('open').length).toBeGreaterThan(15);
    expect(of('void').length).toBeGreaterThan(10);
  });

  test('before ten in the morning yesterday is not closed yet', () => {
    const early = generate(new Date('2026-11-22T07:05:00+08:00'), 0.1);
    expect(early.runs.some(({ date }) => date === '2026-11-21')).toBe(false);
    expect(early.runs.some(({ date }) => date === '2026-11-20')).toBe(true);
    expect(early.discrepancies.some(({ date, source }) => date === '2026-11-21' && source === 't1')).toBe(
      false,
    );
  });

  test('a small hospital works too', () => {
    expect(demo(generate(now, 0.02).orders).length).toBeGreaterThan(100);
  });
});
