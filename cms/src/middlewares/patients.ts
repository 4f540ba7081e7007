import fs from 'node:fs';
import path from 'node:path';
import type { Context, Next } from 'koa';
import send from 'koa-send';

const root = path.resolve(__dirname, '../../../../pay/dist');
const pages: Record<string, string> = { pay: 'index.html', kiosk: 'kiosk.html' };

/** These pages load nothing but themselves, are framed by nobody, and tell nobody where they are. */
const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** Serves the pages that patients meet: `/pay/<token>`, `/kiosk`, and what they are made of. */
export default () => async (ctx: Context, next: Next) => {
  const [, page = '', ...rest] = ctx.path.split('/');
  const file = pages[page];
  if ((ctx.method !== 'GET' && ctx.method !== 'HEAD') || file === undefined) return next();
  const asset = rest[0] === 'assets' ? path.posix.join('assets', rest.slice(1).join('/')) : undefined;
  if (asset !== undefined) {
    if (!fs.existsSync(path.join(root, asset))) {
      ctx.status = 404;
      return;
    }
    await send(ctx, asset, { root, maxage: 365 * 24 * 3600 * 1000, immutable: true });
    return;
  }
  await send(ctx, file, { root });
  ctx.set('Content-Security-Policy', contentSecurityPolicy);
  ctx.set('Cache-Control', 'no-store');
  ctx.set('Referrer-Policy', 'no-referrer');
  ctx.set('X-Robots-Tag', 'noindex, nofollow');
};
