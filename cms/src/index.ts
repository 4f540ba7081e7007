import { logTypes, monitoring } from '@hospital-pay/monitoring';
import { reconciliation } from '@hospital-pay/reconciliation';
import type { Core } from '@strapi/strapi';

export default {
  /** After every plugin's: what one of them offers and another one needs, where neither may know the other. */
  register({ strapi }: { strapi: Core.Strapi }) {
    for (const type of logTypes) {
      reconciliation(strapi).lists.readBy(type, (question) => monitoring(strapi).logs.whole(type, question));
    }
  },
};
