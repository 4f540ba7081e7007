import { isPlatformError } from '@hospital-pay/errors';
import type { Context, Next } from 'koa';

/** Answers a room's own error with its code and both languages; anything else is left to Strapi's error handling. */
export default () => async (ctx: Context, next: Next) => {
  try {
    await next();
  } catch (error) {
    if (!isPlatformError(error)) throw error;
    const { code, status, text, details } = error;
    ctx.status = status;
    ctx.body = {
      data: null,
      error: { status, name: code, message: text.zh, details: { ...details, code, ...text } },
    };
  }
};
