import { createHash, timingSafeEqual } from 'node:crypto';
import type { Context, Next } from 'koa';
import type { Metrics } from './metrics';

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();

/** `/metrics` for who brings the token (`Authorization: Bearer …`); without a token in the settings there is no such page. */
export const metricsMiddleware =
  (metrics: Metrics, token: string | undefined) =>
  async (ctx: Context, next: Next): Promise<void> => {
    if (ctx.path !== '/metrics' || !token) {
      await next();
      return;
    }
    const [, brought = ''] = /^Bearer (.+)$/.exec(ctx.get('authorization')) ?? [];
    if (!timingSafeEqual(digest(brought), digest(token))) {
      ctx.status = 401;
      ctx.set('www-authenticate', 'Bearer');
      return;
    }
    ctx.set('cache-control', 'no-store');
    ctx.type = metrics.contentType;
    ctx.body = await metrics.text();
  };
