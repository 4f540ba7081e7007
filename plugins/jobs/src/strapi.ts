import type { Core } from '@strapi/strapi';
import { clockOf } from './clock';
import { createQueue, provideQueue } from './index';

const roles = ['web', 'worker', 'all'] as const;

function roleOf(value: string | undefined): (typeof roles)[number] {
  const role = roles.find((known) => known === (value ?? 'all'));
  if (!role) throw new Error(`ROLE must be one of ${roles.join(', ')}, not ${value}`);
  return role;
}

const started = new WeakMap<Core.Strapi, ReturnType<typeof createQueue>>();

export default {
  register({ strapi }: { strapi: Core.Strapi }) {
    const queue = createQueue({
      db: strapi.db.connection,
      clock: clockOf(strapi),
      redisUrl: process.env.REDIS_URL || undefined,
      role: roleOf(process.env.ROLE || undefined),
      failed: (name, error) =>
        strapi.log.error(`job ${name}: ${error instanceof Error ? error.message : String(error)}`),
    });
    provideQueue(strapi, queue);
    started.set(strapi, queue);
  },
  bootstrap({ strapi }: { strapi: Core.Strapi }) {
    started.get(strapi)?.start();
  },
  async destroy({ strapi }: { strapi: Core.Strapi }) {
    await started.get(strapi)?.close();
  },
};
