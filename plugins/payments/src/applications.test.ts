import { createHmac } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { isAllowed, isSignature, signedText, signingKeyOf } from './applications';

describe('a signed request', () => {
  const key = signingKeyOf('secret');
  const text = signedText({
    method: 'post',
    target: '/api/v1/orders?a=1',
    timestamp: '1795390000000',
    nonce: '0123456789abcdef',
    body: '{"amountFen":1}',
  });
  const signature = createHmac('sha256', key).update(text).digest('hex');

  test('signs method, target, time, nonce and the hash of the body, one a line', () => {
    expect(text.split('\n').slice(0, 4)).toEqual([
      'POST',
      '/api/v1/orders?a=1',
      '1795390000000',
      '0123456789abcdef',
    ]);
    expect(text.split('\n')[4]).toMatch(/^[0-9a-f]{64}$/);
  });

  test('is known by its signature and no other', () => {
    expect(isSignature(key, text, signature)).toBe(true);
    expect(isSignature(key, `${text} `, signature)).toBe(false);
    expect(isSignature(signingKeyOf('other'), text, signature)).toBe(false);
    expect(isSignature(key, text, 'nonsense')).toBe(false);
  });
});

describe('an allow-list', () => {
  test.each([
    ['10.1.2.3', [], true],
    ['10.1.2.3', ['10.0.0.0/8'], true],
    ['::ffff:10.1.2.3', ['10.0.0.0/8'], true],
    ['11.1.2.3', ['10.0.0.0/8', '192.168.1.1'], false],
    ['192.168.1.1', ['10.0.0.0/8', '192.168.1.1'], true],
    ['2001:db8::1', ['2001:db8::/32'], true],
    ['2001:db9::1', ['2001:db8::/32'], false],
    ['10.1.2.3', ['nonsense'], false],
  ])('%s against %j is %p', (address, list, allowed) => {
    expect(isAllowed(address, list)).toBe(allowed);
  });
});
