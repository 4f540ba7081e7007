import { describe, expect, test } from '@jest/globals';
import { authorization, bodyHash, mac } from './signing';

const body =
  '{"sampleRequestBodyKey1":"sampleRequestBodyValue1","sampleRequestBodyKey2":"sampleRequestBodyValue2"}';
const vector = {
  apiKey: 'APIKeyGenerated',
  secret: 'APIKeySecretGenerated',
  method: 'POST',
  path: '/v2/codes',
  nonce: 'acd028',
  epoch: 1579843452,
} as const;

describe('the OPA signature', () => {
  test('the vector of the documentation', () => {
    const contentType = 'application/json;charset=UTF-8;';
    expect(bodyHash(contentType, body)).toBe('1j0FnY4flNp5CtIKa7x9MQ==');
    expect(mac({ ...vector, contentType, body })).toBe('NW1jKIMnzR7tEhMWtcJcaef+nFVBt7jjAGcVuxHhchc=');
  });

  test('the same request as the Node SDK signs it', () => {
    const contentType = 'application/json';
    expect(bodyHash(contentType, body)).toBe('i3GU5qrLqFGYbYymM6gKHQ==');
    expect(mac({ ...vector, contentType, body })).toBe('MN7EXTtA7UbHXClLXGPMbhFLEDADuNESkGI0K+OtgRk=');
  });

  test('a request without a body says so in both places', () => {
    const get = { ...vector, method: 'GET', path: '/v2/codes/payments/H1' } as const;
    expect(mac(get)).toBe('Uk6ddoZU+gWW0gHXNq01wfE9s+YmICRwKkBumRr1b2s=');
    expect(authorization(get)).toBe(
      'hmac OPA-Auth:APIKeyGenerated:Uk6ddoZU+gWW0gHXNq01wfE9s+YmICRwKkBumRr1b2s=:acd028:1579843452:empty',
    );
  });

  test.each(['path', 'nonce', 'body', 'contentType', 'secret'] as const)(
    'another %s, another mac',
    (field) => {
      const signed = { ...vector, contentType: 'application/json', body };
      expect(mac({ ...signed, [field]: 'other' })).not.toBe(mac(signed));
    },
  );
});
