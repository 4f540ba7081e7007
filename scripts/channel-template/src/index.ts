import { type ChannelManifest, defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { configSchema, zone } from './config';
import { connect } from './driver';
import { explanations } from './errors';

export const manifest: ChannelManifest = defineChannel({
  code: 'demo',
  title: { zh: 'demo 支付', en: 'demo' },
  logName: 'demo',
  currency: 'CNY',
  zone,
  scenes: ['micropay', 'native'],
  verbs: ['close', 'reverse', 'refund', 'queryRefund', 'readNotification', 'bill'],
  authCode: /^99\d{16}$/,
  config: configSchema,
  errors: explanations,
  billReadyHour: 9,
  billReader: require.resolve('./bill-reader'),
  connect,
});

/** Strapi loads the room by this value. */
export default {
  register({ strapi }: { strapi: object }): void {
    registerChannel(strapi, manifest);
  },
};
