import { createReadStream } from 'node:fs';
import type { SignedInAccount } from '@hospital-pay/access';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { fail } from '../errors';
import { reconciliation } from '../index';
import { formats } from './exports';

const requestBody = z.strictObject({
  /** A report's code or a content type. */
  code: z.string().regex(/^[a-z][a-z0-9-]{0,63}$/),
  format: z.enum(formats),
  language: z.enum(['zh', 'en']).default('zh'),
  question: z.record(z.string(), z.unknown()).default({}),
});
const pageQuery = z.object({
  page: z.coerce.number().int().min(1).default(1),
  pageSize: z.coerce.number().int().min(1).max(100).default(20),
});

function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw fail('REQUEST_INVALID', { fields: parsed.error.issues.map((issue) => issue.path.join('.')) });
}

const types = {
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  csv: 'text/csv; charset=utf-8',
};

export const exportController = ({ strapi }: { strapi: Core.Strapi }) => {
  const exports = () => reconciliation(strapi).exports;
  const accountOf = (ctx: Context): SignedInAccount => ctx.state.account;
  return {
    async create(ctx: Context) {
      ctx.body = await exports().request(read(requestBody, ctx.request.body), accountOf(ctx));
      ctx.status = 202;
    },
    async list(ctx: Context) {
      ctx.body = await exports().mine(accountOf(ctx), read(pageQuery, ctx.query));
    },
    async read(ctx: Context) {
      ctx.body = await exports().get(String(ctx.params.exportNo), accountOf(ctx));
    },
    async cancel(ctx: Context) {
      ctx.body = await exports().cancel(String(ctx.params.exportNo), accountOf(ctx));
    },
    async file(ctx: Context) {
      const { path, fileName, bytes, format } = await exports().file(
        String(ctx.params.exportNo),
        accountOf(ctx),
      );
      ctx.set('Content-Type', types[format]);
      ctx.set('Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(fileName)}`);
      ctx.set('Cache-Control', 'no-store');
      ctx.set('X-Content-Type-Options', 'nosniff');
      ctx.body = createReadStream(path);
      ctx.length = bytes;
    },
  };
};

const guarded = (action: string) => ({
  auth: false,
  middlewares: [{ name: 'plugin::access.guard', config: { action, subject: 'export' } }],
});

export const exportRoutes = [
  { method: 'POST', path: '/exports', handler: 'exports.create', config: guarded('create') },
  { method: 'GET', path: '/exports', handler: 'exports.list', config: guarded('read') },
  { method: 'GET', path: '/exports/:exportNo', handler: 'exports.read', config: guarded('read') },
  { method: 'GET', path: '/exports/:exportNo/file', handler: 'exports.file', config: guarded('read') },
  { method: 'POST', path: '/exports/:exportNo/cancel', handler: 'exports.cancel', config: guarded('create') },
];
