import { describe, expect, test } from '@jest/globals';
import { hasReversalBegun, micropayQueries, nextLook, nextRefundLook, outboxTries } from './timing';
import type { OrderStatus } from './types';

const now = new Date('2026-11-22T10:00:00Z');
const seconds = (date: Date | null) => (date === null ? null : (date.getTime() - now.getTime()) / 1000);
const look = (scene: 'micropay' | 'native', status: OrderStatus, queryCount: number, expiresIn = 3600) =>
  seconds(
    nextLook({ scene, status, queryCount, expiresAt: new Date(now.getTime() + expiresIn * 1000) }, now),
  );

describe('when an order is looked at next', () => {
  test('a payment code is queried after 2, 3, 5, 5, 5 and 10 s and then reversed', () => {
    expect(micropayQueries.map((_, count) => look('micropay', 'pending', count))).toEqual([
      2, 3, 5, 5, 5, 10,
    ]);
    expect(hasReversalBegun({ scene: 'micropay', queryCount: 6 })).toBe(true);
    expect(hasReversalBegun({ scene: 'native', queryCount: 60 })).toBe(false);
  });

  test('an unknown result is queried at 1, 5, 10, 30 min and then hourly', () => {
    const far = 10 * 3600;
    expect([0, 1, 2, 3, 4, 9].map((count) => look('native', 'unknown', count, far))).toEqual([
      60, 300, 600, 1800, 3600, 3600,
    ]);
  });

  test('a waiting order is looked at no later than it expires', () => {
    expect(look('native', 'pending', 6, 100)).toBe(100);
  });

  test('nothing is waited for once the order has ended', () => {
    for (const status of [
      'paid',
      'partially_refunded',
      'refunded',
      'closed',
      'reversed',
      'failed',
    ] as const) {
      expect(look('native', status, 0)).toBeNull();
    }
    expect(nextRefundLook({ status: 'succeeded', queryCount: 0 }, now)).toBeNull();
  });

  test('HIS is told at 0, 15, 15, 30, 180, 1800, 1800, 1800 and 3600 s', () => {
    expect(outboxTries).toEqual([0, 15, 15, 30, 180, 1800, 1800, 1800, 3600]);
  });
});
