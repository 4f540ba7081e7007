import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type HisEntry, orderState, tolerated } from './order-state';

const platform = (paidFen: number, refundedFen = 0) => ({ paidFen, refundedFen, currency: 'CNY' });
const charge = (amountFen: number, currency = 'CNY'): HisEntry => ({ kind: 'charge', amountFen, currency });
const refund = (amountFen: number): HisEntry => ({ kind: 'refund', amountFen, currency: 'CNY' });

describe('the state of one order', () => {
  test('a paid and booked order is normal', () => {
    expect(orderState(platform(200000), [charge(200000)], false)).toEqual({
      reconState: 'normal',
      anomalies: [],
      hisChargedFen: 200000,
      hisRefundedFen: 0,
    });
  });

  test('an order refunded in full that HIS never knew has both reasons, not only the first', () => {
    expect(orderState(platform(13000, 13000), [], false)).toEqual({
      reconState: 'abnormal',
      anomalies: ['charge_differs', 'refund_differs'],
      hisChargedFen: 0,
      hisRefundedFen: 0,
    });
  });

  test('an insurance order is compared part by part: what was the account’s is not the fund’s', () => {
    const shares = { fund: 700, account: 300, other: 0 };
    const own = { ...platform(1000), shares };
    expect(orderState(own, [{ ...charge(1000), shares }], false).reconState).toBe('normal');
    const other = { ...charge(1000), shares: { fund: 600, account: 400, other: 0 } };
    expect(orderState(own, [other], true)).toMatchObject({
      reconState: 'abnormal',
      anomalies: ['fund_differs', 'account_differs'],
    });
    expect(orderState(own, [charge(1000)], false).reconState).toBe('normal');
    expect(orderState(own, [], true).reconState).toBe('waiting');
  });

  test('an order that nobody paid and nobody booked has no state', () => {
    expect(orderState(platform(0), [], false).reconState).toBe('none');
  });

  test('a payment waits for HIS while the grace period runs, then it is abnormal', () => {
    expect(orderState(platform(1999), [], true)).toMatchObject({ reconState: 'waiting', anomalies: [] });
    expect(orderState(platform(1999), [], false)).toMatchObject({
      reconState: 'abnormal',
      anomalies: ['charge_differs'],
    });
  });

  test('two different charges are abnormal at once', () => {
    expect(orderState(platform(1999), [charge(1998)], true).reconState).toBe('abnormal');
  });

  test('a charge that HIS booked twice is named so', () => {
    expect(orderState(platform(500), [charge(500), charge(500)], true).anomalies).toEqual([
      'charge_differs',
      'his_duplicate',
    ]);
  });

  test('two equal charges that add up to what was paid are no duplicate', () => {
    expect(orderState(platform(1000), [charge(500), charge(500)], false).reconState).toBe('normal');
  });

  test('a charge without a payment is named so once its time is over', () => {
    expect(orderState(platform(0), [charge(50000)], true).reconState).toBe('waiting');
    expect(orderState(platform(0), [charge(50000)], false).anomalies).toEqual([
      'charge_differs',
      'his_without_payment',
    ]);
  });

  test('another currency never matches, whatever the amount', () => {
    expect(orderState(platform(500), [charge(500, 'JPY')], true)).toMatchObject({
      reconState: 'abnormal',
      anomalies: ['currency_differs'],
    });
  });

  test('a second partial refund waits for HIS', () => {
    expect(orderState(platform(500, 300), [charge(500), refund(100)], true).reconState).toBe('waiting');
    expect(orderState(platform(500, 300), [charge(500), refund(100)], false).anomalies).toEqual([
      'refund_differs',
    ]);
  });

  test('the order in which records arrive changes nothing, and normal means equal sums', () => {
    const entry = fc.record({
      kind: fc.constantFrom('charge' as const, 'refund' as const),
      amountFen: fc.integer({ min: 1, max: 5 }),
      currency: fc.constant('CNY'),
    });
    fc.assert(
      fc.property(
        fc.nat(8),
        fc.nat(8),
        fc.array(entry, { maxLength: 5 }),
        fc.boolean(),
        (paid, back, entries, grace) => {
          const state = orderState(platform(paid, back), entries, grace);
          expect(orderState(platform(paid, back), entries.toReversed(), grace)).toEqual(state);
          if (state.reconState === 'normal') {
            expect([state.hisChargedFen, state.hisRefundedFen]).toEqual([paid, back]);
          }
          expect(state.anomalies.length > 0).toBe(state.reconState === 'abnormal');
        },
      ),
    );
  });
});

describe('a tolerance', () => {
  test('covers what differs by as much, in both directions', () => {
    expect(tolerated(platform(1000, 500), [charge(998), refund(502)], 2)).toEqual(platform(998, 502));
    expect(tolerated(platform(1000), [charge(997)], 2)).toEqual(platform(1000));
  });

  test('excuses neither a missing side nor another currency', () => {
    expect(tolerated(platform(2), [], 5)).toEqual(platform(2));
    expect(tolerated(platform(0), [charge(2)], 5)).toEqual(platform(0));
    expect(tolerated(platform(1000), [charge(999, 'JPY')], 5)).toEqual(platform(1000));
  });
});
