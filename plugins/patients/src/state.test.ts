import type { OrderStatus } from '@hospital-pay/payments';
import { expect, test } from '@jest/globals';
import { billState } from './state';

const now = new Date('2026-11-25T10:00:00Z');
const later = new Date('2026-11-25T11:00:00Z');
const stateOf = (
  status: 'open' | 'paid' | 'closed' | 'expired',
  order?: OrderStatus,
  scene = 'jsapi',
  expiresAt = later,
) => billState({ status, expiresAt }, order && { status: order, scene }, now);

test('a bill without an order is payable until it is withdrawn or its time is over', () => {
  expect(stateOf('open')).toBe('payable');
  expect(stateOf('closed')).toBe('closed');
  expect(stateOf('expired')).toBe('expired');
  expect(stateOf('open', undefined, 'jsapi', now)).toBe('expired');
});

test('an order that came to nothing leaves the bill payable', () => {
  for (const status of ['closed', 'reversed', 'failed'] as const) {
    expect(stateOf('open', status)).toBe('payable');
    expect(stateOf('expired', status)).toBe('expired');
  }
});

test('while it is not known whether money was taken, the bill says so, even past its time', () => {
  for (const status of ['created', 'unknown'] as const) expect(stateOf('expired', status)).toBe('confirming');
  expect(stateOf('open', 'pending', 'micropay')).toBe('confirming');
  expect(stateOf('open', 'pending', 'h5')).toBe('paying');
});

test('money that is there is shown whatever became of the link', () => {
  for (const status of ['paid', 'partially_refunded', 'refunded'] as const) {
    expect(stateOf('closed', status)).toBe(status);
  }
});
