import { defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { configSchema, readSettings } from './config';
import { createDriver } from './driver';
import { explanations } from './explanations';

export const manifest = defineChannel({
  code: 'ccb',
  title: { zh: '建行龙支付', en: 'CCB Long Pay' },
  logName: 'ccb',
  currency: 'CNY',
  zone: 'Asia/Shanghai',
  scenes: ['micropay', 'native'],
  // Refunds and bills need the bank's EBS program; without its address they are not offered.
  verbs: ['refund', 'queryRefund', 'readNotification', 'bill'],
  // The bank's own code, WeChat Pay, Alipay, and (unverified) UnionPay and e-CNY.
  authCode: /^(?:CCB\w{6,61}|1[0-5]\d{16}|(?:2[5-9]|30)\d{14,22}|(?:62|01)\d{17})$/,
  config: configSchema,
  errors: explanations,
  billReadyHour: 10,
  billReader: require.resolve('./bill-reader'),
  connect: (config, context) => createDriver(readSettings(config), context),
});

/** Strapi loads the room by this value. */
export default {
  register({ strapi }: { strapi: object }): void {
    registerChannel(strapi, manifest);
  },
};
