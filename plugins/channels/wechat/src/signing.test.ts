import { createHash, generateKeyPairSync, verify } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import {
  answerMessage,
  appParameters,
  authorizationHeader,
  canonicalSerial,
  checkEnvelope,
  jsapiMessage,
  jsapiParameters,
  requestMessage,
  rsaSign,
  signatureMatches,
  signV2,
  verifyV2,
} from './signing';

const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const now = new Date('2024-01-01T19:04:05Z');

const body =
  '{"appid":"wxd678efh567hg6787","mchid":"1900000001","description":"test","out_trade_no":"H20240102000001",' +
  '"notify_url":"https://127.0.0.1/notify/wx","amount":{"total":1234,"currency":"CNY"}}';

describe('v3 signatures', () => {
  test('the request message has the bytes of the published vector', () => {
    const message = requestMessage(
      'POST',
      '/v3/pay/transactions/native',
      '1704135845',
      '593BEC0C930BF1AFEB40B4A08C8FB242',
      body,
    );
    expect(sha256(message)).toBe('a704928f256d2ab40e51599bef6873c34de5c4ecabb75e49cb3aed34665fb1d1');
  });

  test('the JSAPI message has the bytes of the published vector', () => {
    const message = jsapiMessage(
      'wx2421b1c4370ec43b',
      '1554208460',
      '593BEC0C930BF1AFEB40B4A08C8FB242',
      'wx201410272009395522657a690389285100',
    );
    expect(sha256(message)).toBe('bf5c0eab11b7710ea376aaa5038ad079fb8175af60d6cbf676fa3bcc4d218bcb');
  });

  test('the authorization header carries a signature that the merchant public key verifies', () => {
    const merchant = { mchid: '1900000001', merchantSerial: 'ABCD', privateKey };
    const header = authorizationHeader(merchant, {
      method: 'GET',
      path: '/v3/x?y=1',
      body: '',
      now,
      nonce: 'n1',
    });
    const signature = /signature="([^"]+)"/.exec(header)?.[1] ?? '';
    const message = 'GET\n/v3/x?y=1\n1704135845\nn1\n\n';
    expect(verify('sha256', Buffer.from(message), publicKey, Buffer.from(signature, 'base64'))).toBe(true);
    expect(header).toMatch(
      /^WECHATPAY2-SHA256-RSA2048 mchid="1900000001",nonce_str="n1",.*timestamp="1704135845",serial_no="ABCD"$/,
    );
  });

  const signed = (timestamp: string, text: string) => ({
    timestamp,
    nonce: 'abc',
    body: text,
    serial: 'PUB_KEY_ID_1',
    signature: rsaSign(privateKey, answerMessage(timestamp, 'abc', text)),
  });

  test('an answer verifies over its exact bytes and over no other', () => {
    const answer = signed('1704135845', '{"a":1}');
    expect(signatureMatches(answer, publicKey)).toBe(true);
    expect(signatureMatches({ ...answer, body: '{"a": 1}' }, publicKey)).toBe(false);
  });

  test('a SIGNTEST probe is recognised before any key is looked at', () => {
    const probe = { ...signed('1704135845', ''), signature: 'WECHATPAY/SIGNTEST/abc' };
    expect(checkEnvelope(probe, now)).toBe('SIGNTEST');
  });

  test('a timestamp up to five minutes off is taken, older or newer is stale', () => {
    const seconds = now.getTime() / 1000;
    for (const offset of [-300, 0, 300]) {
      expect(checkEnvelope(signed(String(seconds + offset), ''), now)).toBeUndefined();
    }
    for (const offset of [-301, 301]) {
      expect(checkEnvelope(signed(String(seconds + offset), ''), now)).toBe('STALE_TIMESTAMP');
    }
    expect(checkEnvelope(signed('NaN', ''), now)).toBe('STALE_TIMESTAMP');
  });

  test('serials are compared without regard to case, key ids exactly', () => {
    expect(canonicalSerial('5157F09EFDC096DE')).toBe(canonicalSerial('5157f09efdc096de'));
    expect(canonicalSerial('PUB_KEY_ID_0aB')).toBe('PUB_KEY_ID_0aB');
  });

  test('JSAPI parameters are signed over four lines with the package', () => {
    const parameters = jsapiParameters({
      appid: 'wx1',
      mchid: '1',
      privateKey,
      prepayId: 'P1',
      now,
      nonce: 'n',
    });
    const message = 'wx1\n1704135845\nn\nprepay_id=P1\n';
    const signature = Buffer.from(parameters.paySign ?? '', 'base64');
    expect(verify('sha256', Buffer.from(message), publicKey, signature)).toBe(true);
    expect(parameters).toMatchObject({ appId: 'wx1', package: 'prepay_id=P1', signType: 'RSA' });
  });

  test('app parameters are signed over the bare prepay id', () => {
    const parameters = appParameters({
      appid: 'wx1',
      mchid: '19',
      privateKey,
      prepayId: 'P1',
      now,
      nonce: 'n',
    });
    const signature = Buffer.from(parameters.sign ?? '', 'base64');
    expect(verify('sha256', Buffer.from('wx1\n1704135845\nn\nP1\n'), publicKey, signature)).toBe(true);
    expect(parameters).toMatchObject({ partnerid: '19', prepayid: 'P1', package: 'Sign=WXPay' });
  });
});

describe('v2 signatures', () => {
  const key = '192006250b4c09247ec02edce69f6a2d';
  const parameters = {
    appid: 'wxd930ea5d5a258f4f',
    body: 'test',
    device_info: '1000',
    mch_id: '10000100',
    nonce_str: 'ibuaiVcKdpRxkhJA',
  };

  test('MD5 gives the published vector', () => {
    expect(signV2(parameters, key, 'MD5')).toBe('9A0A8659F005D6984697E2CA0A9CF3B7');
  });

  test('HMAC-SHA256 gives the published vector', () => {
    expect(signV2(parameters, key, 'HMAC-SHA256')).toBe(
      '6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6',
    );
  });

  test('empty parameters and the signature itself are not signed', () => {
    const padded = { ...parameters, attach: '', sign: 'whatever' };
    expect(signV2(padded, key, 'MD5')).toBe(signV2(parameters, key, 'MD5'));
  });

  test('an altered parameter or a missing signature does not verify', () => {
    const answer = { ...parameters, sign: signV2(parameters, key, 'MD5') };
    expect(verifyV2(answer, key, 'MD5')).toBe(true);
    expect(verifyV2({ ...answer, body: 'tess' }, key, 'MD5')).toBe(false);
    expect(verifyV2(parameters, key, 'MD5')).toBe(false);
  });
});
