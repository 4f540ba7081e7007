import { defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { pspManifest } from '@hospital-pay/wallets';
import { wallet } from './wallet';

/** Through a PSP: the wallet's own protocol is not public. */
export const manifest = defineChannel(
  pspManifest(wallet, {
    title: { zh: '乐天支付 (经服务商)', en: 'Rakuten Pay' },
    billReader: require.resolve('./bill-reader'),
  }),
);

export default {
  register({ strapi }: { strapi: object }): void {
    registerChannel(strapi, manifest);
  },
};
