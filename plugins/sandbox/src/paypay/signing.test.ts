import { describe, expect, test } from '@jest/globals';
import { readAuthorization } from './signing';

const body = Buffer.from(
  '{"sampleRequestBodyKey1":"sampleRequestBodyValue1","sampleRequestBodyKey2":"sampleRequestBodyValue2"}',
);
const request = {
  method: 'POST',
  path: '/v2/codes',
  contentType: 'application/json;charset=UTF-8;',
  body,
  authorization:
    'hmac OPA-Auth:APIKeyGenerated:NW1jKIMnzR7tEhMWtcJcaef+nFVBt7jjAGcVuxHhchc=:acd028:1579843452:1j0FnY4flNp5CtIKa7x9MQ==',
};
const judge = (changes: Partial<typeof request>, now = 1579843452, secret = 'APIKeySecretGenerated') =>
  readAuthorization({ ...request, ...changes })?.verify(secret, now);

describe('the OPA authorization, as the gateway judges it', () => {
  test('the documented request passes, for two minutes', () => {
    expect(judge({})).toBeNull();
    expect(judge({}, 1579843452 + 120)).toBeNull();
    expect(judge({}, 1579843452 + 121)).not.toBeNull();
  });

  test('nothing altered passes', () => {
    expect(judge({ path: '/v2/refunds' })).not.toBeNull();
    expect(judge({ method: 'DELETE' })).not.toBeNull();
    expect(judge({ contentType: 'application/json' })).not.toBeNull();
    expect(judge({ body: Buffer.from(`${body} `) })).not.toBeNull();
    expect(judge({}, 1579843452, 'another secret')).not.toBeNull();
    expect(readAuthorization({ ...request, authorization: 'Bearer x' })).toBeNull();
  });
});
