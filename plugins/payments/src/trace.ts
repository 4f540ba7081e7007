import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import type { Context, Next } from 'koa';

const current = new AsyncLocalStorage<string | null>();

/** The W3C trace id under which this work is done: 32 hexadecimal digits; null where nobody asked for it. */
export const currentTrace = (): string | null => current.getStore() ?? null;

/** Does this work under a trace, whatever the one it was called under. */
export const inTrace = <Result>(traceId: string | null, work: () => Promise<Result>): Promise<Result> =>
  current.run(traceId, work);

/** `traceparent` of a call that belongs to the current trace; none where there is none. */
export function traceHeaders(): { traceparent?: string } {
  const traceId = currentTrace();
  return traceId === null ? {} : { traceparent: `00-${traceId}-${randomBytes(8).toString('hex')}-01` };
}

/** The trace id of a `traceparent` header; anything else is no header. */
export function traceIdOf(header: string): string | undefined {
  const match = /^(?!ff)[0-9a-f]{2}-([0-9a-f]{32})-([0-9a-f]{16})-[0-9a-f]{2}(?:-|$)/.exec(header);
  const [, traceId = '', parentId = ''] = match ?? [];
  return /[^0]/.test(traceId) && /[^0]/.test(parentId) ? traceId : undefined;
}

/** Takes the caller's trace or begins one, and says in `traceresponse` which. A notification belongs to its order's. */
export async function traceMiddleware(ctx: Context, next: Next): Promise<void> {
  if (!ctx.path.startsWith('/api/') || ctx.path.startsWith('/api/notify/')) {
    await next();
    return;
  }
  await inTrace(traceIdOf(ctx.get('traceparent')) ?? randomBytes(16).toString('hex'), () => {
    ctx.set('traceresponse', traceHeaders().traceparent ?? '');
    return next();
  });
}
