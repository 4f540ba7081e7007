import { describe, expect, test } from '@jest/globals';
import { decryptResource } from './gcm';

const key = Buffer.from('0123456789abcdef0123456789abcdef');
const ciphertext =
  'DUcclrHBE5NffFMk6pzEyhUSz1nixd+RDAEbIiR1/uv6JlUPkME9fPWRf9PY2asBSNXSyTtDp2Dp7oOTKMKOQIUwRtwogTZhNk9sRn0MBcsL/' +
  'hHdvExF4jiwKY2eSdrYUw2Z1ArYl3xZTGr3fAMG3zfqHDIGkKtX1y3uWn1Hp5ZRbuTusktqXA2n8CCj32Pzu5arr2arXn54wXTyLg==';
const resource = { ciphertext, nonce: 'fdasflkja484', associated_data: 'transaction' };

describe('AES-256-GCM resources', () => {
  test('the vector decrypts', () => {
    expect(decryptResource(key, resource)).toBe(
      '{"out_trade_no":"H20240102000001","trade_state":"SUCCESS","amount":{"total":1234,"payer_total":1234,' +
        '"currency":"CNY","payer_currency":"CNY"}}',
    );
  });

  test('one flipped bit anywhere is refused, in the text as in the tag', () => {
    const sealed = Buffer.from(ciphertext, 'base64');
    for (let at = 0; at < sealed.length; at += 1) {
      const tampered = Buffer.from(sealed);
      tampered.writeUInt8(tampered.readUInt8(at) ^ 1, at);
      expect(() => decryptResource(key, { ...resource, ciphertext: tampered.toString('base64') })).toThrow();
    }
  });

  test('other associated data, another key or a ciphertext shorter than its tag are refused', () => {
    expect(() => decryptResource(key, { ...resource, associated_data: 'refund' })).toThrow();
    expect(() => decryptResource(Buffer.alloc(32, 1), resource)).toThrow();
    expect(() => decryptResource(key, { ...resource, ciphertext: 'AAAA' })).toThrow();
  });
});
