import { access, type SignedInAccount } from '@hospital-pay/access';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { fail } from './errors';
import { incomeQuestion } from './export/income-report';
import { scopeOf } from './export/report';
import { reconciliation } from './index';

const merchantQuery = z.object({ merchantCode: z.string().min(1).max(64).optional() });
const entriesQuery = z.object({
  key: z.string().max(64).default(''),
  page: z.coerce.number().int().min(1).default(1),
  pageSize: z.coerce.number().int().min(1).max(100).default(20),
});

function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw fail('REQUEST_INVALID', { fields: parsed.error.issues.map((issue) => issue.path.join('.')) });
}

export const incomeController = ({ strapi }: { strapi: Core.Strapi }) => {
  const asked = (ctx: Context) => {
    const account: SignedInAccount = ctx.state.account;
    const scope = scopeOf(account, read(merchantQuery, ctx.query).merchantCode);
    return { account, scope, question: read(incomeQuestion, ctx.query) };
  };
  return {
    async read(ctx: Context) {
      const { scope, question } = asked(ctx);
      ctx.body = await reconciliation(strapi).income.income(scope, question);
    },
    async entries(ctx: Context) {
      const { account, scope, question } = asked(ctx);
      // Whose money it was is for those who may see orders.
      const asking = { ...question, ...read(entriesQuery, ctx.query) };
      const { entries, total } = account.can('read', 'order')
        ? await reconciliation(strapi).income.entries(scope, asking)
        : { entries: [], total: 0 };
      ctx.body = { entries: entries.map((entry) => access(strapi).mask('order', entry, account)), total };
    },
  };
};

const guarded = {
  auth: false,
  middlewares: [{ name: 'plugin::access.guard', config: { action: 'read', subject: 'summary' } }],
};

export const incomeRoutes = [
  { method: 'GET', path: '/income', handler: 'income.read', config: guarded },
  { method: 'GET', path: '/income/entries', handler: 'income.entries', config: guarded },
];
