import { createPublicKey, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { canonical, digest, readFields, signed } from './signing';

/** Worked example of the ACP 5.1.0 canonical form and its digest. */
const vector = {
  version: '5.1.0',
  txnType: '01',
  accessType: '0',
  backUrl: 'http://127.0.0.1/notify/up',
  bizType: '000000',
  certId: '68759663125',
  channelType: '08',
  currencyCode: '156',
  encoding: 'UTF-8',
  merId: '777290058110048',
  orderId: 'H20240102000001',
  signMethod: '01',
  txnAmt: '1234',
  txnSubType: '07',
  txnTime: '20240102030405',
};

describe('a UnionPay signature', () => {
  test('covers the fields in order of their names', () => {
    expect(canonical(vector)).toBe(
      'accessType=0&backUrl=http://127.0.0.1/notify/up&bizType=000000&certId=68759663125&channelType=08&' +
        'currencyCode=156&encoding=UTF-8&merId=777290058110048&orderId=H20240102000001&signMethod=01&txnAmt=1234&' +
        'txnSubType=07&txnTime=20240102030405&txnType=01&version=5.1.0',
    );
    expect(digest(vector)).toBe('a64b39ff49d03e92df0f034acb2c1f575de57ab339b4cad098f23f0fe4beda39');
  });

  test('is made over the digest in hex, and leaves out what is empty', () => {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const message = signed({ ...vector, termId: '', reqReserved: undefined }, privateKey);
    expect(message).not.toHaveProperty('termId');
    const hex = Buffer.from('a64b39ff49d03e92df0f034acb2c1f575de57ab339b4cad098f23f0fe4beda39');
    const signature = Buffer.from(message.signature ?? '', 'base64');
    expect(verify('RSA-SHA256', hex, createPublicKey(privateKey), signature)).toBe(true);
  });
});

describe('a UnionPay message', () => {
  test('is read url-encoded', () => {
    expect(readFields('respCode=00&signature=a%2Bb%3D%3D')).toEqual({ respCode: '00', signature: 'a+b==' });
  });

  test('is read as it is when a certificate stands in it unencoded', () => {
    const text =
      'cardTransData={a=1&b=2}&signature=a+b==&signPubKeyCert=-----BEGIN CERTIFICATE-----\nMII+/=\n';
    expect(readFields(text)).toEqual({
      cardTransData: '{a=1&b=2}',
      signature: 'a+b==',
      signPubKeyCert: '-----BEGIN CERTIFICATE-----\nMII+/=\n',
    });
  });

  test('that gives a field twice, or is none, is not read', () => {
    for (const text of ['', 'txnAmt=1&txnAmt=2', '=1']) expect(readFields(text)).toBeUndefined();
  });
});
