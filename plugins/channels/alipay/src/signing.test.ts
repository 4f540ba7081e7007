import { verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { readConfig } from './config';
import { createSigner, rawMembers, takeApart } from './signing';
import { app, canonical, pem, rsa2, sha256 } from './testing/gateway-server';

const settings = {
  appId: '2021000000000001',
  mode: 'key',
  privateKey: pem.privateKey,
  alipayPublicKey: pem.alipayPublicKey,
};
const signer = (changes: Record<string, string> = {}) =>
  createSigner(readConfig({ ...settings, ...changes }));
const bare = (text: string) => text.replace(/-----[^-]+-----|\s/g, '');

describe('a call', () => {
  const call = () =>
    Object.fromEntries(
      signer().parameters(
        'alipay.trade.precreate',
        { notify_url: 'http://127.0.0.1/notify/alipay', timestamp: '2024-01-02 03:04:05', return_url: '' },
        { out_trade_no: 'H20240102000001', total_amount: '12.34', subject: '挂号费', operator_id: '' },
      ),
    );

  test('has the documented canonical text', () => {
    expect(sha256(canonical(call()))).toBe(
      '579d8fbab5d4360faea2c0025e7dbdb215fbfe9cdf39b4543dbf671af361abd3',
    );
  });

  test('is signed over it with RSA2', () => {
    const parameters = call();
    const signature = Buffer.from(parameters.sign ?? '', 'base64');
    expect(verify('RSA-SHA256', Buffer.from(canonical(parameters)), app.publicKey, signature)).toBe(true);
  });

  test('leaves empty parameters out', () => {
    expect(call()).not.toHaveProperty('return_url');
    expect(call().biz_content).not.toContain('operator_id');
  });

  test('does not rename keys inside biz_content', () => {
    const parameters = signer().parameters('m', {}, { a1_b: '1', already_snake: { inner_Key: '2' } });
    expect(parameters.get('biz_content')).toBe('{"a1_b":"1","already_snake":{"inner_Key":"2"}}');
  });
});

describe('a key', () => {
  test.each([
    ['PKCS#8 PEM', pem.privateKey, 'PKCS8'],
    ['PKCS#1 PEM', pem.privateKeyPkcs1, 'PKCS1'],
    ['bare PKCS#8', bare(pem.privateKey), 'PKCS8'],
    ['bare PKCS#1', bare(pem.privateKeyPkcs1), 'PKCS1'],
    ['PKCS#8 declared as PKCS#1', bare(pem.privateKey), 'PKCS1'],
    ['PKCS#1 declared as PKCS#8', bare(pem.privateKeyPkcs1), 'PKCS8'],
  ])('is read from %s', (_, privateKey, keyType) => {
    expect(signer({ privateKey, keyType }).parameters('m', {}, {}).get('sign')).toHaveLength(344);
  });

  test.each([
    ['garbage', { privateKey: 'not a key' }, 'ALIPAY_PRIVATE_KEY_UNREADABLE'],
    ['half a key', { privateKey: bare(pem.privateKey).slice(0, 800) }, 'ALIPAY_PRIVATE_KEY_UNREADABLE'],
    ['a public key for the private one', { privateKey: pem.ownPublicKey }, 'ALIPAY_PRIVATE_KEY_UNREADABLE'],
    ["garbage for Alipay's key", { alipayPublicKey: 'zzzz' }, 'ALIPAY_PUBLIC_KEY_UNREADABLE'],
    ["our own public key for Alipay's", { alipayPublicKey: pem.ownPublicKey }, 'ALIPAY_PUBLIC_KEY_IS_OWN'],
  ])('that is %s is named in both languages', (_, changes, code) => {
    const attempt = () => signer(changes);
    expect(attempt).toThrow(
      expect.objectContaining({ code, text: { zh: expect.any(String), en: expect.any(String) } }),
    );
  });
});

describe('a configuration', () => {
  test.each([
    ['lacks everything', {}, ['appId', 'privateKey', 'alipayPublicKey']],
    ['has a malformed application id', { ...settings, appId: '12' }, ['appId']],
    ['has a malformed seller', { ...settings, sellerId: '1234' }, ['sellerId']],
    ['lacks certificates', { ...settings, mode: 'cert' }, ['appCert', 'alipayPublicCert', 'alipayRootCert']],
    ['has an unknown mode', { ...settings, mode: 'magic' }, ['mode']],
    ['has a gateway that is no address', { ...settings, gateway: 'openapi.alipay.com' }, ['gateway']],
  ])('that %s is refused by field', (_, config, fields) => {
    expect(() => readConfig(config)).toThrow(
      expect.objectContaining({
        code: 'ALIPAY_CONFIG_INVALID',
        details: expect.objectContaining({ fields }),
      }),
    );
  });

  test('fills in what the form leaves empty', () => {
    expect(
      readConfig({ ...settings, gateway: '', nativeProduct: '', sellerId: '', keyType: ' ' }),
    ).toMatchObject({
      gateway: 'https://openapi.alipay.com/gateway.do',
      nativeProduct: 'QR_CODE_OFFLINE',
      keyType: 'PKCS8',
      sellerId: undefined,
    });
  });

  test('with certificates that are none says so', () => {
    const certificates = { mode: 'cert', appCert: 'x', alipayPublicCert: 'y', alipayRootCert: 'z' };
    expect(() => signer(certificates)).toThrow(expect.objectContaining({ code: 'ALIPAY_CERT_UNREADABLE' }));
  });
});

describe('a reply', () => {
  test('is taken apart without touching the signed text', () => {
    const content =
      '{"code":"10000", "qr_code":"https:\\/\\/qr.alipay.com\\/x","subject":"\\"sign\\":\\"{}"}';
    const text = ` {"alipay_trade_precreate_response" : ${content} ,"sign":"abc=","alipay_cert_sn":"f00"}`;
    expect(takeApart(text, 'alipay.trade.precreate')).toEqual({ content, signature: 'abc=', certSn: 'f00' });
  });

  test('with a short signature is still taken apart', () => {
    expect(takeApart('{"m_response":{"code":"1"},"sign":"AAAA"}', 'm')?.content).toBe('{"code":"1"}');
  });

  test('without a signature has none', () => {
    expect(takeApart('{"m_response":{"code":"40002"}}', 'm')).toEqual({
      content: '{"code":"40002"}',
      signature: undefined,
      certSn: undefined,
    });
  });

  test('named error_response is read as one', () => {
    expect(takeApart('{"error_response":{"code":"40002"}}', 'm')?.content).toBe('{"code":"40002"}');
  });

  test.each([
    '',
    'null',
    '[]',
    '"x"',
    '{',
    '{"other_response":{}}',
    '{"m_response":"text"}',
    '<html>',
    '{"m_response":{},"m_response":{}}',
  ])('that reads %j is none', (text) => expect(takeApart(text, 'm')).toBeUndefined());

  test('of any shape is found as it was written', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), fc.constantFrom(0, 1, 2), (value, indent) => {
        const text = JSON.stringify(value, null, indent);
        const members = rawMembers(text);
        expect(members?.size).toBe(Object.keys(value).length);
        for (const [name, raw] of members ?? [])
          expect(JSON.stringify(JSON.parse(raw))).toBe(JSON.stringify(value[name]));
      }),
    );
  });

  test('verifies only with the right key over the right text', () => {
    const own = signer();
    expect(own.verifies('{"code":"10000"}', rsa2('{"code":"10000"}'))).toBe(true);
    expect(own.verifies('{"code":"10001"}', rsa2('{"code":"10000"}'))).toBe(false);
    expect(own.verifies('{"code":"10000"}', rsa2('{"code":"10000"}', app.privateKey))).toBe(false);
    expect(own.verifies('{"code":"10000"}', 'AAAA')).toBe(false);
  });
});
