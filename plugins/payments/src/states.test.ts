import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defectsOf, isFinal, orderMoves, refundMoves, sourcesOf } from './states';
import type { OrderStatus } from './types';

describe('the tables of moves', () => {
  test('every state is reachable from the first', () => {
    expect(defectsOf(orderMoves, 'created')).toEqual([]);
    expect(defectsOf(refundMoves, 'requested')).toEqual([]);
  });

  test('the validator names an unreachable state', () => {
    expect(defectsOf<'a' | 'b' | 'c'>({ a: ['b'], b: [], c: ['a'] }, 'a')).toEqual(['c cannot be reached']);
  });

  test('closed, reversed, failed and refunded are final, and a succeeded refund is', () => {
    const final: OrderStatus[] = ['closed', 'reversed', 'failed', 'refunded'];
    for (const state of final) expect(isFinal(orderMoves, state)).toBe(true);
    expect(isFinal(refundMoves, 'succeeded')).toBe(true);
  });

  test('no walk leads back to unpaid once money was booked', () => {
    const booked = new Set<OrderStatus>(['paid', 'partially_refunded', 'refunded']);
    fc.assert(
      fc.property(fc.array(fc.nat(), { maxLength: 20 }), (choices) => {
        let state: OrderStatus = 'created';
        let wasBooked = false;
        for (const choice of choices) {
          const next: readonly OrderStatus[] = orderMoves[state];
          state = next[choice % Math.max(next.length, 1)] ?? state;
          wasBooked ||= booked.has(state);
          expect(booked.has(state)).toBe(wasBooked);
        }
      }),
    );
  });

  test('sources are the inverse of moves', () => {
    expect(sourcesOf(orderMoves, 'partially_refunded')).toEqual(['paid']);
    expect(sourcesOf(orderMoves, 'paid')).toEqual(['created', 'pending', 'unknown']);
  });
});
