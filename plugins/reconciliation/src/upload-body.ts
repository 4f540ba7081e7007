import type { Context } from 'koa';
import { fail } from './errors';

/**
 * The bytes of a request sent as `application/octet-stream`, which no body parser has touched.
 * @throws FILE_TOO_LARGE, REQUEST_INVALID when nothing came or the type is another
 */
export async function uploadedBytes(ctx: Context, limit: number): Promise<Buffer> {
  if (!ctx.is('application/octet-stream')) throw fail('REQUEST_INVALID', { fields: ['Content-Type'] });
  if (Number(ctx.get('content-length')) > limit) throw fail('FILE_TOO_LARGE', { limit });
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req) {
    const piece = Buffer.from(chunk);
    size += piece.length;
    if (size > limit) throw fail('FILE_TOO_LARGE', { limit });
    chunks.push(piece);
  }
  if (size === 0) throw fail('REQUEST_INVALID', { fields: ['body'] });
  return Buffer.concat(chunks);
}
