import { type ChannelManifest, defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { configSchema, readSettings } from './config';
import { createDriver } from './driver';
import { errorExplanations } from './errors';
import { insuranceManifest } from './insurance/manifest';

export const manifest: ChannelManifest = defineChannel({
  code: 'wechat',
  title: { zh: '微信', en: 'WeChat Pay' },
  logName: 'weixin',
  currency: 'CNY',
  zone: 'Asia/Shanghai',
  scenes: ['micropay', 'native', 'jsapi', 'h5', 'app'],
  verbs: ['close', 'reverse', 'refund', 'queryRefund', 'readNotification', 'bill', 'fundFlowBill'],
  authCode: /^1[0-5]\d{16}$/,
  config: configSchema,
  errors: errorExplanations,
  billReadyHour: 10,
  billReader: require.resolve('./bill-reader'),
  connect: (config, context) => createDriver(readSettings(config), context),
});

/** Beside its own, what else WeChat's merchant may do. */
export const further: readonly ChannelManifest[] = [insuranceManifest];

export default {
  register({ strapi }: { strapi: object }): void {
    for (const channel of [manifest, ...further]) registerChannel(strapi, channel);
  },
};
