import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { fail } from './errors';
import { install, screens } from './index';
import { ownViewSchema } from './view';

const screen = ({ strapi }: { strapi: Core.Strapi }) => ({
  list(ctx: Context) {
    ctx.body = { screens: screens(strapi).list(ctx.state.account) };
  },
  async read(ctx: Context) {
    ctx.body = await screens(strapi).read(ctx.params.type, ctx.state.account);
  },
  async saveView(ctx: Context) {
    const parsed = ownViewSchema.safeParse(ctx.request.body);
    if (!parsed.success) {
      throw fail('VIEW_INVALID', {
        issues: parsed.error.issues.map(({ path, message }) => ({ path: path.join('.'), message })),
      });
    }
    await screens(strapi).saveOwn(ctx.params.type, parsed.data, ctx.state.account);
    ctx.body = await screens(strapi).read(ctx.params.type, ctx.state.account);
  },
  async dropView(ctx: Context) {
    await screens(strapi).dropOwn(ctx.params.type, ctx.state.account);
    ctx.body = await screens(strapi).read(ctx.params.type, ctx.state.account);
  },
});

/** Signed in is enough to ask; what a screen shows depends on who asks. */
const config = { auth: false as const, middlewares: [{ name: 'plugin::access.guard', config: {} }] };

const routes = {
  'content-api': {
    type: 'content-api',
    routes: [
      { method: 'GET', path: '/screens', handler: 'screen.list', config },
      { method: 'GET', path: '/screens/:type', handler: 'screen.read', config },
      { method: 'PUT', path: '/views/:type', handler: 'screen.saveView', config },
      { method: 'DELETE', path: '/views/:type', handler: 'screen.dropView', config },
    ],
  },
};

export default {
  register({ strapi }: { strapi: Core.Strapi }) {
    install(strapi);
  },
  async bootstrap({ strapi }: { strapi: Core.Strapi }) {
    await screens(strapi).seed();
  },
  routes,
  controllers: { screen },
};
