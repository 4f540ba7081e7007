import type { ChannelManifest } from '@hospital-pay/payments';
import { describe, expect, test } from '@jest/globals';
import { explain } from './wording';

const manifest: ChannelManifest = {
  code: 'wechat',
  title: { zh: '微信支付', en: 'WeChat Pay' },
  logName: 'weixin',
  currency: 'CNY',
  zone: 'Asia/Shanghai',
  scenes: ['micropay'],
  config: { type: 'object', required: [], properties: {} },
  errors: {
    AUTH_CODE_INVALID: {
      zh: '付款码已过期',
      en: 'The payment code has expired',
      advice: { zh: '请患者刷新付款码', en: 'Ask for a fresh code' },
    },
  },
  connect() {
    throw new Error('not connected in this test');
  },
};

describe('an abnormal request', () => {
  test("is told in the counter's words, with what to do next", () => {
    expect(
      explain({ method: 'create_order', errorCode: 'AUTH_CODE_INVALID', errorMessage: '101 x' }, manifest),
    ).toEqual({
      action: '订单创建',
      message: '下单失败:付款码已过期',
      advice: '请患者刷新付款码',
    });
  });

  test('falls back to what the channel said, then to its code', () => {
    const call = { method: 'query_order', errorCode: 'ACQ.TRADE_NOT_EXIST' };
    expect(explain({ ...call, errorMessage: '交易不存在' }, undefined).message).toBe(
      '订单查询失败:交易不存在',
    );
    expect(explain({ ...call, errorMessage: ' ' }, manifest).message).toBe(
      '订单查询失败:ACQ.TRADE_NOT_EXIST',
    );
  });

  test('of HIS and of methods nobody named is understandable too', () => {
    expect(explain({ method: 'his_confirm', errorCode: 'HIS_TIMEOUT' }, undefined).message).toContain(
      'HIS响应超时',
    );
    expect(explain({ method: 'new_verb', errorCode: 'X' }, undefined)).toMatchObject({ action: 'new_verb' });
  });
});
