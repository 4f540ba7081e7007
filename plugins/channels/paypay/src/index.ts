import { type ChannelManifest, defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { configSchema, zone } from './config';
import { connectPaypay } from './driver';
import { explanations } from './errors';

export const manifest: ChannelManifest = defineChannel({
  code: 'paypay',
  title: { zh: 'PayPay', en: 'PayPay' },
  logName: 'paypay',
  currency: 'JPY',
  zone,
  scenes: ['native', 'h5', 'app'],
  verbs: ['close', 'refund', 'queryRefund', 'readNotification'],
  config: configSchema,
  errors: explanations,
  billReadyHour: 10,
  billReader: require.resolve('./bill-reader'),
  connect: connectPaypay,
});

export default {
  register({ strapi }: { strapi: object }): void {
    registerChannel(strapi, manifest);
  },
};
