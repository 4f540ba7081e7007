import { expect, test } from '@jest/globals';
import { sign, verifies } from './signing';

const key = '0123456789abcdef';
const signed = { path: '/pay', timestamp: '1700000000000', body: '{"amount":1}' };

test('a signature is checked over path, time and body', () => {
  const signature = sign(key, signed);
  expect(signature).toMatch(/^[0-9a-f]{64}$/);
  expect(verifies(key, signed, signature)).toBe(true);
  for (const altered of [{ path: '/refund' }, { timestamp: '1700000000001' }, { body: '{"amount":2}' }]) {
    expect(verifies(key, { ...signed, ...altered }, signature)).toBe(false);
  }
  expect(verifies(`${key}0`, signed, signature)).toBe(false);
  expect(verifies(key, signed, '')).toBe(false);
});
