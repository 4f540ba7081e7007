import type { IncomingMessage } from 'node:http';
import type { Context, Next } from 'koa';
import type { Payments } from '../types';

const longestBody = 256 * 1024;

/**
 * Channels' notifications, read as raw bytes before any body parser touches them. A bank may send its form by GET:
 * then the query is the body.
 */
export const notifyMiddleware =
  (payments: Pick<Payments, 'notifications'>) => async (ctx: Context, next: Next) => {
    const match = /^\/api\/notify\/([0-9A-Za-z_-]{1,32})$/.exec(ctx.path);
    const accountCode = match?.[1];
    const isGet = ctx.method === 'GET' && ctx.querystring !== '';
    if (!accountCode || !(isGet || ctx.method === 'POST')) return next();
    const body = isGet ? Buffer.from(ctx.querystring) : await read(ctx.req);
    if (!body) {
      ctx.status = 413;
      return;
    }
    const headers: Record<string, string> = {};
    for (const [name, value] of Object.entries(ctx.req.headers)) {
      if (value !== undefined) headers[name] = Array.isArray(value) ? value.join(', ') : value;
    }
    const answer = await payments.notifications.receive(accountCode, { headers, body });
    ctx.status = answer.status;
    if (answer.status === 204) return;
    ctx.set('content-type', answer.contentType);
    ctx.body = answer.body;
  };

async function read(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    length += bytes.length;
    if (length > longestBody) return undefined;
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}
