import { type ChannelManifest, defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { configSchema, placeOf } from './config';
import { connectLinepay } from './driver';
import { explanations } from './errors';

export const manifest: ChannelManifest = defineChannel({
  code: 'linepay',
  title: { zh: 'LINE Pay', en: 'LINE Pay' },
  logName: 'linepay',
  currency: 'TWD',
  zone: 'Asia/Taipei',
  placeOf,
  scenes: ['micropay', 'h5', 'app'],
  verbs: ['refund', 'queryRefund'],
  // One-time keys: 12 digits in Thailand, 18 in Taiwan.
  authCode: /^(?:\d{12}|\d{18})$/,
  config: configSchema,
  errors: explanations,
  billReader: require.resolve('./bill-reader'),
  connect: connectLinepay,
});

export default {
  register({ strapi }: { strapi: object }): void {
    registerChannel(strapi, manifest);
  },
};
