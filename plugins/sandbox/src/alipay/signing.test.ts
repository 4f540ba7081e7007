import { createHash } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { canonical } from './signing';

describe('the Alipay request text', () => {
  test('matches the published vector', () => {
    const text = canonical(
      {
        version: '1.0',
        app_id: '2021000000000001',
        biz_content: '{"out_trade_no":"H20240102000001","total_amount":"12.34","subject":"挂号费"}',
        charset: 'utf-8',
        method: 'alipay.trade.precreate',
        notify_url: 'http://127.0.0.1/notify/alipay',
        sign_type: 'RSA2',
        timestamp: '2024-01-02 03:04:05',
        sign: 'left out',
        return_url: '',
      },
      ['sign'],
    );
    expect(createHash('sha256').update(text).digest('hex')).toBe(
      '579d8fbab5d4360faea2c0025e7dbdb215fbfe9cdf39b4543dbf671af361abd3',
    );
  });
});
