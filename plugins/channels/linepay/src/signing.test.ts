import { describe, expect, test } from '@jest/globals';
import { signature } from './signing';

const secret = 'a917ab6a2367b536f8e5a6e2977e06f4';
const nonce = '1234567890';

describe('the LINE Pay signature', () => {
  test('of a confirmation', () => {
    const body = '{"amount":100,"currency":"JPY"}';
    expect(signature(secret, '/v3/payments/2021113000689164610/confirm', body, nonce)).toBe(
      'VxiA8g9snTcV31VFFgg38D/9NIrxIvHD/1voOCsE4Jg=',
    );
  });

  test('of a question', () => {
    expect(signature(secret, '/v3/payments', 'orderId=H20240102000001', nonce)).toBe(
      'iccFF483x2Rt8ugqmI+38jKXxTLFX0/BYINvsSQ/fZ4=',
    );
  });

  test('another content, another signature', () => {
    expect(signature(secret, '/v3/payments', 'orderId=H1', nonce)).not.toBe(
      signature(secret, '/v3/payments', 'orderId=H2', nonce),
    );
  });
});
