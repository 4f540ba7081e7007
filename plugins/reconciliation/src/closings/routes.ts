import type { SignedInAccount } from '@hospital-pay/access';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { fail } from '../errors';
import { reconciliation } from '../index';
import { periodKinds } from './periods';

const code = z.string().min(1).max(64);
const periodsQuery = z.object({
  merchantCode: code,
  kind: z.enum(['day', 'month']),
  within: z.string().regex(/^\d{4}(-\d{2})?$/),
});
const which = z.object({ merchantCode: code, kind: z.enum(periodKinds), period: z.string().max(10) });
const reason = z.string().trim().min(1).max(500);
const closeBody = z.strictObject({ reason: reason.optional(), closeParts: z.boolean().default(false) });
const reopenBody = z.strictObject({ reason });

function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw fail('REQUEST_INVALID', { fields: parsed.error.issues.map((issue) => issue.path.join('.')) });
}

const accountOf = (ctx: Context): SignedInAccount => ctx.state.account;

function assertMine(ctx: Context, merchantCode: string): void {
  if (!accountOf(ctx).mayUseMerchant(merchantCode)) throw fail('MERCHANT_FORBIDDEN', { merchantCode });
}

/** Of a period in the path, for this account. */
function periodOf(ctx: Context): z.output<typeof which> {
  const asked = read(which, { ...ctx.params });
  assertMine(ctx, asked.merchantCode);
  return asked;
}

export const closingController = ({ strapi }: { strapi: Core.Strapi }) => {
  const closings = () => reconciliation(strapi).closings;
  const by = (ctx: Context) => accountOf(ctx).username;
  return {
    async periods(ctx: Context) {
      const { merchantCode, kind, within } = read(periodsQuery, ctx.query);
      assertMine(ctx, merchantCode);
      ctx.body = { periods: await closings().periods(merchantCode, kind, within) };
    },
    async check(ctx: Context) {
      ctx.body = await closings().check(periodOf(ctx));
    },
    async close(ctx: Context) {
      const body = read(closeBody, ctx.request.body ?? {});
      ctx.body = await closings().close({ ...periodOf(ctx), ...body, by: by(ctx) });
    },
    async askToReopen(ctx: Context) {
      const asked = { ...periodOf(ctx), ...read(reopenBody, ctx.request.body) };
      ctx.body = await closings().askToReopen({ ...asked, by: by(ctx) });
    },
    async confirmReopening(ctx: Context) {
      ctx.body = await closings().confirmReopening({ ...periodOf(ctx), by: by(ctx) });
    },
    async refuseReopening(ctx: Context) {
      ctx.body = await closings().refuseReopening({ ...periodOf(ctx), by: by(ctx) });
    },
    async verify(ctx: Context) {
      const verdict = await closings().verify(read(code, ctx.params.closingNo));
      assertMine(ctx, verdict.merchantCode);
      ctx.body = verdict;
    },
  };
};

const guarded = (action: string) => ({
  auth: false,
  middlewares: [{ name: 'plugin::access.guard', config: { action, subject: 'closing' } }],
});
const period = '/closings/:merchantCode/:kind/:period';

export const closingRoutes = [
  { method: 'GET', path: '/closings/periods', handler: 'closings.periods', config: guarded('read') },
  { method: 'GET', path: `${period}/check`, handler: 'closings.check', config: guarded('read') },
  { method: 'POST', path: `${period}/close`, handler: 'closings.close', config: guarded('create') },
  { method: 'POST', path: `${period}/reopen`, handler: 'closings.askToReopen', config: guarded('update') },
  {
    method: 'POST',
    path: `${period}/reopen/confirm`,
    handler: 'closings.confirmReopening',
    config: guarded('update'),
  },
  {
    method: 'POST',
    path: `${period}/reopen/refuse`,
    handler: 'closings.refuseReopening',
    config: guarded('update'),
  },
  {
    method: 'GET',
    path: '/closings/:closingNo/verify',
    handler: 'closings.verify',
    config: guarded('read'),
  },
];
