import { defineChannel } from '@hospital-pay/payments/contract';
import { alipayConfigSchema } from './config';
import { billReadyHour, connectAlipay } from './driver';
import { explanations } from './explanations';
import { alipayZone } from './zone';

export const manifest = defineChannel({
  code: 'alipay',
  title: { zh: '支付宝', en: 'Alipay' },
  logName: 'alipay',
  currency: 'CNY',
  zone: alipayZone,
  scenes: ['micropay', 'native', 'jsapi', 'h5', 'app'],
  verbs: ['close', 'reverse', 'refund', 'queryRefund', 'readNotification', 'bill', 'fundFlowBill'],
  // 16 to 24 digits that start with 25–30, or a face-pay token.
  authCode: /^(?:(?:2[5-9]|30)\d{14,22}|fp[0-9A-Za-z]{33})$/,
  config: alipayConfigSchema,
  errors: explanations,
  billReadyHour,
  billReader: require.resolve('./bill-reader'),
  connect: connectAlipay,
});
