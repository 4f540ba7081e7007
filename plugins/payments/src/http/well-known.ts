import type { Context, Next } from 'koa';
import type { Core } from '../core';
import { readRow } from '../store';

const named = /^\/\.well-known\/([\w.-]+)$/;

/** Serves what enabled accounts have to show at the root of the site. */
export const wellKnownMiddleware =
  ({ db, manifests }: Pick<Core, 'db' | 'manifests'>) =>
  async (ctx: Context, next: Next) => {
    const name = ctx.method === 'GET' ? named.exec(ctx.path)?.[1] : undefined;
    if (name === undefined) return next();
    for (const { code, wellKnown } of manifests().values()) {
      if (!wellKnown) continue;
      const rows: object[] = await db('channel_accounts')
        .where({ channel: code, enabled: true })
        .orderBy('code');
      const text = rows.map((row) => wellKnown(readRow('channel_accounts', row).config)[name]).find(Boolean);
      if (text === undefined) continue;
      ctx.type = 'text/plain';
      ctx.body = text;
      return;
    }
    return next();
  };
