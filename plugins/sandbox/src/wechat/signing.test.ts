import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { encryptResource, parseAuthorization, requestText, signV2 } from './signing';

describe('WeChat Pay signatures', () => {
  test('the v3 request text matches its vector', () => {
    const body =
      '{"appid":"wxd678efh567hg6787","mchid":"1900000001","description":"test","out_trade_no":"H20240102000001","notify_url":"https://127.0.0.1/notify/wx","amount":{"total":1234,"currency":"CNY"}}';
    const text = requestText(
      'POST',
      '/v3/pay/transactions/native',
      '1704135845',
      '593BEC0C930BF1AFEB40B4A08C8FB242',
      body,
    );
    expect(createHash('sha256').update(text).digest('hex')).toBe(
      'a704928f256d2ab40e51599bef6873c34de5c4ecabb75e49cb3aed34665fb1d1',
    );
  });

  test('the encrypted resource matches its vector', () => {
    const sealed = encryptResource(
      '0123456789abcdef0123456789abcdef',
      '{"out_trade_no":"H20240102000001","trade_state":"SUCCESS","amount":{"total":1234,"payer_total":1234,"currency":"CNY","payer_currency":"CNY"}}',
      'transaction',
      'fdasflkja484',
    );
    expect(sealed.ciphertext).toBe(
      'DUcclrHBE5NffFMk6pzEyhUSz1nixd+RDAEbIiR1/uv6JlUPkME9fPWRf9PY2asBSNXSyTtDp2Dp7oOTKMKOQIUwRtwogTZhNk9sRn0MBcsL/hHdvExF4jiwKY2eSdrYUw2Z1ArYl3xZTGr3fAMG3zfqHDIGkKtX1y3uWn1Hp5ZRbuTusktqXA2n8CCj32Pzu5arr2arXn54wXTyLg==',
    );
  });

  test('the v2 signatures match the public vector', () => {
    const params = {
      appid: 'wxd930ea5d5a258f4f',
      body: 'test',
      device_info: '1000',
      mch_id: '10000100',
      nonce_str: 'ibuaiVcKdpRxkhJA',
      sign: 'left out',
      attach: '',
    };
    const key = '192006250b4c09247ec02edce69f6a2d';
    expect(signV2(params, key, 'MD5')).toBe('9A0A8659F005D6984697E2CA0A9CF3B7');
    expect(signV2(params, key, 'HMAC-SHA256')).toBe(
      '6A9AE1657590FD6257D693A078E1C3E4BB6BA4DC30B23E0EE2496E54170DACD6',
    );
  });

  test('the authorization header is read in any order', () => {
    expect(
      parseAuthorization(
        'WECHATPAY2-SHA256-RSA2048 signature="s=",serial_no="AB",timestamp="1",nonce_str="n",mchid="1900"',
      ),
    ).toEqual({ mchid: '1900', nonce: 'n', timestamp: '1', serial: 'AB', signature: 's=' });
    expect(parseAuthorization('Bearer x')).toBeNull();
  });
});
