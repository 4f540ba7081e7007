import fs from 'node:fs';
import path from 'node:path';
import type { Context, Next } from 'koa';
import send from 'koa-send';

const root = path.resolve(__dirname, '../../../../admin/dist');
const ours = /^\/(api|sandbox|docs|uploads|strapi-admin|_health)(\/|$)/;

/** Serves the built screens; a path that is no file is a screen of the single-page application. */
export default () => async (ctx: Context, next: Next) => {
  if ((ctx.method !== 'GET' && ctx.method !== 'HEAD') || ours.test(ctx.path)) return next();
  const isFile = ctx.path !== '/' && fs.existsSync(path.join(root, path.normalize(ctx.path)));
  const isAsset = ctx.path.startsWith('/assets/');
  if (isAsset && !isFile) return next();
  await send(ctx, isFile ? ctx.path : '/index.html', {
    root,
    maxage: isAsset ? 365 * 24 * 3600 * 1000 : 0,
    immutable: isAsset,
  });
};
