import { type ChannelManifest, defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { configSchema, readSettings } from './config';
import { createDriver } from './driver';
import { explanations } from './explanations';

export const manifest: ChannelManifest = defineChannel({
  code: 'insurance',
  title: { zh: '医保移动支付', en: 'Insurance' },
  logName: 'insurance',
  currency: 'CNY',
  zone: 'Asia/Shanghai',
  // The insurer pays without an act of the payer's, wherever he is.
  scenes: ['native', 'jsapi', 'h5', 'app'],
  verbs: ['close', 'refund', 'queryRefund', 'readNotification', 'quote'],
  insurance: 'before cash',
  config: configSchema,
  errors: explanations,
  billReader: require.resolve('./bill-reader'),
  connect: (config, context) => createDriver(readSettings(config), context),
});

/** Strapi loads the room by this value. */
export default {
  register({ strapi }: { strapi: object }): void {
    registerChannel(strapi, manifest);
  },
};
