import { registerChannel } from '@hospital-pay/payments/contract';
import { manifest } from './manifest';

export { manifest };

/** Strapi loads the room by this value. */
export default {
  register({ strapi }: { strapi: object }): void {
    registerChannel(strapi, manifest);
  },
};
