import { createHash, generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { signedAnswer, signText, stringToSign, takeApart, textVerifies } from './signing';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });

describe('an ICBC signature', () => {
  test('covers the path and the sorted, unencoded parameters, empty ones and itself left out', () => {
    const text = stringToSign('/api/qrcode/V2/query', {
      timestamp: '2024-01-02 03:04:05',
      app_id: '10000000000000001',
      msg_id: 'urcnl24ciutr9',
      format: 'json',
      charset: 'UTF-8',
      sign_type: 'RSA2',
      biz_content: '{"mer_id":"020001020001","out_trade_no":"H20240102000001"}',
      encrypt_type: '',
      sign: 'whatever',
    });
    expect(createHash('sha256').update(text).digest('hex')).toBe(
      '7d95f9a25f942e9aa50f25f201244fc2dcde3f46aae8f07f45d8b88ee85779b4',
    );
  });

  test.each(['RSA', 'RSA2'] as const)('%s verifies, and not under the other digest', (type) => {
    const other = type === 'RSA' ? 'RSA2' : 'RSA';
    const signature = signText('/a?b=c', type, privateKey);
    expect(textVerifies('/a?b=c', signature, type, publicKey)).toBe(true);
    expect(textVerifies('/a?b=d', signature, type, publicKey)).toBe(false);
    expect(textVerifies('/a?b=c', signature, other, publicKey)).toBe(false);
  });
});

describe('an ICBC reply', () => {
  test('is taken apart by its raw text', () => {
    const content = '{"return_code":0, "return_msg":"a\\/b \\",\\"sign\\":\\"x\\"", "list":[{"a":1}]}';
    expect(takeApart(`{"response_biz_content":${content},"sign":"c2lnbg=="}`)).toEqual({
      content,
      signature: 'c2lnbg==',
    });
  });

  test.each(['', '<html></html>', '{"response_biz_content":{"return_code":0}}', '{"sign":"x"}'])(
    'is not %p',
    (text) => expect(takeApart(text)).toBeUndefined(),
  );
});

test('our answer to a notification signs the literal text before the signature', () => {
  const answer = signedAnswer({ return_code: 0, return_msg: 'success.', msg_id: 'm1' }, 'RSA', privateKey);
  const text =
    '"response_biz_content":{"return_code":0,"return_msg":"success.","msg_id":"m1"},"sign_type":"RSA"';
  expect(answer.startsWith(`{${text},"sign":"`)).toBe(true);
  const signature = /"sign":"([^"]+)"\}$/.exec(answer)?.[1] ?? '';
  expect(textVerifies(text, signature, 'RSA', publicKey)).toBe(true);
});
