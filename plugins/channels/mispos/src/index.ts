import type { Server } from 'node:http';
import { type ChannelManifest, defineChannel, registerChannel } from '@hospital-pay/payments/contract';
import { configSchema, zone } from './config';
import { connectMispos } from './driver';
import { explanations } from './errors';
import { serveAgents } from './hub';

export const manifest: ChannelManifest = defineChannel({
  code: 'mispos',
  title: { zh: '银行卡', en: 'Bank card' },
  logName: 'mispos',
  currency: 'CNY',
  zone,
  scenes: ['terminal'],
  verbs: ['close', 'refund', 'queryRefund', 'readNotification'],
  config: configSchema,
  errors: explanations,
  connect: connectMispos,
});

interface Host {
  server: { httpServer: Server };
}
const ends = new WeakMap<object, () => void>();

export default {
  register({ strapi }: { strapi: Host }): void {
    registerChannel(strapi, manifest);
  },
  bootstrap({ strapi }: { strapi: Host }): void {
    ends.set(strapi, serveAgents(strapi.server.httpServer));
  },
  destroy({ strapi }: { strapi: Host }): void {
    ends.get(strapi)?.();
  },
};
