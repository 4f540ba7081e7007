import { type ChannelManifest, defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { endedDriver, endedExplanation } from '@hospital-pay/wallets';
import { configSchema } from './config';

/** Ended on 2020-06-30: old bills are read, and nothing else. */
export const manifest: ChannelManifest = defineChannel({
  code: 'origami',
  title: { zh: 'Origami Pay（已停止，仅历史账单）', en: 'Origami Pay (ended, old bills only)' },
  logName: 'origami',
  currency: 'JPY',
  zone: 'Asia/Tokyo',
  scenes: [],
  verbs: [],
  config: configSchema,
  errors: endedExplanation,
  billReader: require.resolve('./bill-reader'),
  connect: () => endedDriver('Origami Pay ended on 2020-06-30'),
});

export default {
  register({ strapi }: { strapi: object }): void {
    registerChannel(strapi, manifest);
  },
};
