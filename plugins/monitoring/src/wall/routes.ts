import type { SignedInAccount } from '@hospital-pay/access';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { monitoring } from '../index';
import { route } from '../route';

/** Values of one variable are given by repeating it: `?merchant=H001&merchant=H002`. */
const chosen = z
  .record(z.string(), z.union([z.string(), z.array(z.string())]))
  .transform((query) =>
    Object.fromEntries(Object.entries(query).map(([name, value]) => [name, [value].flat()])),
  );

export const wallController = ({ strapi }: { strapi: Core.Strapi }) => {
  const accountOf = (ctx: Context): SignedInAccount => ctx.state.account;
  const wall = () => monitoring(strapi).wall;
  return {
    async list(ctx: Context) {
      ctx.body = wall().boards();
    },
    async board(ctx: Context) {
      ctx.body = await wall().board(String(ctx.params.uid), accountOf(ctx));
    },
    async figures(ctx: Context) {
      ctx.set('Cache-Control', 'no-store');
      ctx.body = await wall().answer(String(ctx.params.uid), chosen.parse({ ...ctx.query }), accountOf(ctx));
    },
  };
};

const get = (path: string, handler: string) =>
  route('GET', path, handler, { action: 'read', subject: 'dashboard' });

/** A browser names a dashboard, never a query. */
export const wallRoutes = [
  get('/wall', 'wall.list'),
  get('/wall/:uid', 'wall.board'),
  get('/wall/:uid/figures', 'wall.figures'),
];
