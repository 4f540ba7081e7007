import { describe, expect, test } from '@jest/globals';
import { hashOf, hintOf, newOrderNo, orderNoOfRefund, refundNoOf } from './numbers';

describe('numbers', () => {
  test('an order number is 24 digits and begins with the local time', () => {
    const orderNo = newOrderNo(new Date('2026-11-22T18:01:02.003Z'), 'Asia/Shanghai');
    expect(orderNo).toMatch(/^20261123020102003\d{7}$/);
  });

  test('a refund number names its order', () => {
    expect(refundNoOf('123', 2)).toBe('123R02');
    expect(orderNoOfRefund('123R02')).toBe('123');
  });

  test('the hash of a request does not know the order of its fields, or those left out', () => {
    expect(hashOf({ a: 1, b: 2 })).toBe(hashOf({ b: 2, a: 1, c: undefined }));
    expect(hashOf({ a: 1 })).not.toBe(hashOf({ a: '1' }));
  });

  test('a payment code is kept as its first two and last four digits', () => {
    expect(hintOf('281234567890123456')).toBe('28****3456');
    expect(hintOf('123')).toBe('****');
  });
});
