import { defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { configSchema, readSettings } from './config';
import { createDriver } from './driver';
import { explanations } from './explanations';

export const manifest = defineChannel({
  code: 'icbc',
  title: { zh: '工行聚合支付', en: 'ICBC aggregate' },
  logName: 'icbc',
  currency: 'CNY',
  zone: 'Asia/Shanghai',
  scenes: ['micropay', 'jsapi', 'app', 'native'],
  verbs: ['close', 'reverse', 'refund', 'queryRefund', 'readNotification'],
  // An aggregate takes every wallet's code: WeChat Pay, Alipay, and (unverified) UnionPay and e-CNY.
  authCode: /^(?:1[0-5]\d{16}|(?:2[5-9]|30)\d{14,22}|(?:62|01)\d{17})$/,
  config: configSchema,
  errors: explanations,
  connect: (config, context) => createDriver(readSettings(config), context),
});

/** Strapi loads the room by this value. */
export default {
  register({ strapi }: { strapi: object }): void {
    registerChannel(strapi, manifest);
  },
};
