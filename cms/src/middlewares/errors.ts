import { isPlatformError, type PlatformError } from '@hospital-pay/errors';
import type { Context, Next } from 'koa';
import { fail } from '../errors';

/** What the body parser throws says nothing in our words, and Strapi would take it for a fault of its own. */
function bodyError(error: unknown): PlatformError | undefined {
  if (!(error instanceof Error) || !('status' in error)) return undefined;
  if (error.status === 413) return fail('BODY_TOO_LARGE', {}, { cause: error });
  const isUnread = error.status === 400 && ('body' in error || 'type' in error);
  return isUnread ? fail('BODY_MALFORMED', {}, { cause: error }) : undefined;
}

/** Answers a room's own error with its code and both languages; anything else is left to Strapi's error handling. */
export default () => async (ctx: Context, next: Next) => {
  try {
    await next();
  } catch (thrown) {
    const error = isPlatformError(thrown) ? thrown : bodyError(thrown);
    if (!error) throw thrown;
    const { code, status, text, details } = error;
    ctx.status = status;
    ctx.body = {
      data: null,
      error: { status, name: code, message: text.zh, details: { ...details, code, ...text } },
    };
  }
};
