import type { SignedInAccount } from '@hospital-pay/access';
import { jobs } from '@hospital-pay/jobs';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { fail } from './errors';
import { install, monitoring } from './index';
import { keepPartitions, showIndexesOfPartitioned } from './logs/partitions';
import { createWallViews } from './wall-views';

const message = ({ strapi }: { strapi: Core.Strapi }) => ({
  /** Read by the first who reads it; reading again changes nothing. */
  async read(ctx: Context) {
    const { username }: SignedInAccount = ctx.state.account;
    const messages = strapi.db.query('api::message.message');
    const where = { documentId: String(ctx.params.id) };
    if ((await messages.findOne({ where, select: ['id'] })) === null) throw fail('MESSAGE_NOT_FOUND');
    await messages.updateMany({
      where: { ...where, readAt: { $null: true } },
      data: { readAt: new Date(), readBy: username },
    });
    const { readAt, readBy } = await messages.findOne({ where });
    ctx.body = { readAt, readBy };
  },
});

const routes = {
  'content-api': {
    type: 'content-api',
    routes: [
      {
        method: 'POST',
        path: '/messages/:id/read',
        handler: 'message.read',
        config: {
          auth: false as const,
          middlewares: [{ name: 'plugin::access.guard', config: { action: 'update', subject: 'message' } }],
        },
      },
    ],
  },
};

export default {
  register({ strapi }: { strapi: Core.Strapi }) {
    showIndexesOfPartitioned(strapi);
    install(strapi);
  },
  async bootstrap({ strapi }: { strapi: Core.Strapi }) {
    const partitioned = () => keepPartitions(strapi, payments(strapi).clock.now());
    await partitioned();
    jobs(strapi).every('log-partitions', '10 3 * * *', partitioned);
    await createWallViews(strapi);
  },
  async destroy({ strapi }: { strapi: Core.Strapi }) {
    await monitoring(strapi).stop();
  },
  routes,
  controllers: { message },
};
