import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { readSettings } from './config';

const pair = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  publicKeyEncoding: { type: 'spki', format: 'pem' },
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
});

const config = {
  mchid: '1900000001',
  appid: 'wx0000000000000001',
  merchantSerial: '5157F09EFDC096DE15EBE81A47057A7232F1B8E1',
  privateKey: pair.privateKey,
  apiV3Key: '0123456789abcdef0123456789abcdef',
  verifyMode: 'public_key',
  publicKeyId: 'PUB_KEY_ID_0119000000012024',
  publicKey: pair.publicKey,
  micropayApi: 'v3',
};

describe('a configuration that cannot work', () => {
  const wrong: [string, string, Record<string, string | undefined>][] = [
    ['no merchant', 'mchid', { mchid: '' }],
    ['a private key that is none', 'privateKey', { privateKey: 'MIIEv' }],
    ['a short APIv3 key', 'apiV3Key', { apiV3Key: 'short' }],
    ['an APIv3 key of 32 characters and more bytes', 'apiV3Key', { apiV3Key: '钥'.repeat(32) }],
    ['public-key mode without a key', 'publicKey', { publicKey: undefined }],
    ['public-key mode without its id', 'publicKeyId', { publicKeyId: undefined }],
    ['a certificate serial as key id', 'publicKeyId', { publicKeyId: '5157F09E' }],
    ['a platform certificate that is none', 'platformCertificate', { platformCertificate: 'x' }],
    ['v2 without its key', 'apiV2Key', { micropayApi: 'v2' }],
    [
      'v2 over TLS without a client certificate',
      'clientCert',
      { micropayApi: 'v2', apiV2Key: 'k'.repeat(32) },
    ],
    ['an address that is none', 'baseUrl', { baseUrl: 'api.mch.weixin.qq.com' }],
    ['an unknown mode', 'verifyMode', { verifyMode: 'none' }],
  ];
  test.each(wrong)('%s is refused by the name of the field', (_name, field, change) => {
    let thrown: unknown;
    try {
      readSettings({ ...config, ...change });
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({ code: 'CHANNEL_CONFIG', details: { field } });
    expect(String(thrown)).not.toContain('MIIEv');
  });
});

describe('a configuration that works', () => {
  test('the official host is the default', () => {
    expect(readSettings(config).baseUrl).toBe('https://api.mch.weixin.qq.com');
  });

  test('a PEM whose line breaks became \\n is read', () => {
    expect(readSettings({ ...config, privateKey: pair.privateKey.replaceAll('\n', '\\n') }).mchid).toBe(
      '1900000001',
    );
  });

  test('certificate mode needs no certificate: it is downloaded', () => {
    const settings = readSettings({ ...config, verifyMode: 'certificate', publicKey: '', publicKeyId: '' });
    expect(settings).toMatchObject({ publicKey: undefined, platformCertificate: undefined });
  });

  test('v2 over plain http (a test gateway) needs no client certificate', () => {
    const settings = readSettings({
      ...config,
      baseUrl: 'http://127.0.0.1:1/wechat/',
      micropayApi: 'v2',
      apiV2Key: 'k'.repeat(32),
    });
    expect(settings.v2?.signType).toBe('HMAC-SHA256');
    expect(settings.baseUrl).toBe('http://127.0.0.1:1/wechat');
  });
});
