import { defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { configSchema, readSettings } from './config';
import { createDriver } from './driver';
import { explanations } from './explanations';

export const manifest = defineChannel({
  code: 'unionpay',
  title: { zh: '云闪付', en: 'UnionPay' },
  logName: 'unionpay',
  currency: 'CNY',
  zone: 'Asia/Shanghai',
  scenes: ['micropay', 'native'],
  verbs: ['refund', 'queryRefund', 'readNotification', 'bill'],
  // Unverified: general knowledge, no page of UnionPay's was found that says so.
  authCode: /^62\d{17}$/,
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
