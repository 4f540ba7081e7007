import { type ChannelManifest, defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { pspBillHour, pspErrors } from '@hospital-pay/wallets';
import { configSchema, placeOf, wellKnown } from './config';
import { connectApplePay } from './driver';
import { tokenErrors } from './errors';

export const manifest: ChannelManifest = defineChannel({
  code: 'applepay',
  title: { zh: 'Apple Pay', en: 'Apple Pay' },
  logName: 'applepay',
  currency: 'JPY',
  zone: 'Asia/Tokyo',
  placeOf,
  scenes: ['h5', 'app'],
  verbs: ['close', 'refund', 'queryRefund', 'readNotification', 'bill', 'openSession'],
  takesToken: true,
  wellKnown,
  config: configSchema,
  errors: { ...pspErrors, ...tokenErrors },
  billReadyHour: pspBillHour,
  billReader: require.resolve('./bill-reader'),
  connect: connectApplePay,
});

export default {
  register({ strapi }: { strapi: object }): void {
    registerChannel(strapi, manifest);
  },
};
