import type { Scene } from './contract';
import type { OrderStatus, RefundStatus } from './types';

const second = 1000;

/** Waiting before each query of a payment by payment code; after the last one it is reversed. */
export const micropayQueries: readonly number[] = [2, 3, 5, 5, 5, 10];
/** Waiting between tries to reverse. */
const reversals = [10, 60, 300, 600, 1800, 3600];
/** Waiting between queries while a payer is expected; a lost notification costs no more than this. */
const pendingQueries = [5, 10, 15, 30, 60, 120, 300];
const unknownQueries = [60, 300, 600, 1800, 3600];
const processingQueries = [10, 30, 60, 300, 600, 1800, 3600];
/** Waiting before each try to tell HIS. */
export const outboxTries: readonly number[] = [0, 15, 15, 30, 180, 1800, 1800, 1800, 3600];

/** Limit of one call to a channel. */
export const callLimitMs = 10 * second;
/** A `created` order is being paid right now; only when that can no longer be, the sweep looks after it. */
export const creationLimitMs = 2 * callLimitMs;

const at = (list: readonly number[], index: number) =>
  list[Math.min(Math.max(index, 0), list.length - 1)] ?? 0;

export const hasReversalBegun = (order: { scene: Scene; queryCount: number }): boolean =>
  order.scene === 'micropay' && order.queryCount >= micropayQueries.length;

/** When the order is to be looked at next; null when there is nothing left to wait for. */
export function nextLook(
  order: { scene: Scene; status: OrderStatus; queryCount: number; expiresAt: Date | null },
  now: Date,
): Date | null {
  const delay = (seconds: number) => new Date(now.getTime() + seconds * second);
  switch (order.status) {
    case 'created':
      return new Date(now.getTime() + creationLimitMs);
    case 'pending':
    case 'unknown': {
      if (hasReversalBegun(order)) return delay(at(reversals, order.queryCount - micropayQueries.length - 1));
      if (order.scene === 'micropay') return delay(at(micropayQueries, order.queryCount));
      const next = delay(at(order.status === 'pending' ? pendingQueries : unknownQueries, order.queryCount));
      const { expiresAt } = order;
      return expiresAt && expiresAt > now && expiresAt < next ? expiresAt : next;
    }
    case 'paid':
    case 'partially_refunded':
    case 'refunded':
    case 'closed':
    case 'reversed':
    case 'failed':
      return null;
    default:
      return order.status satisfies never;
  }
}

/** A code closed before its time may still be paid until then, and the notification of it may be lost. */
const lookBackSeconds = 60;

/** When an order that ended now is asked about once more; null when nobody can pay it any longer. */
export function lookBackAt(
  order: { scene: Scene; expiresAt: Date | null },
  to: 'closed' | 'reversed' | 'failed',
  now: Date,
): Date | null {
  if (to !== 'closed' || order.scene === 'micropay' || !order.expiresAt || order.expiresAt <= now)
    return null;
  return new Date(order.expiresAt.getTime() + lookBackSeconds * second);
}

export function nextRefundLook(refund: { status: RefundStatus; queryCount: number }, now: Date): Date | null {
  const delay = (seconds: number) => new Date(now.getTime() + seconds * second);
  switch (refund.status) {
    case 'requested':
      return delay(0);
    case 'processing':
      return delay(at(processingQueries, refund.queryCount));
    case 'unknown':
      return delay(at(unknownQueries, refund.queryCount));
    case 'succeeded':
    case 'failed':
      return null;
    default:
      return refund.status satisfies never;
  }
}

/** Seconds a payer has, unless the caller says otherwise. */
export const lifetimes: Record<Scene, number> = {
  micropay: 60,
  native: 900,
  jsapi: 900,
  h5: 900,
  app: 900,
  terminal: 300,
};
