import type { SignedInAccount } from '@hospital-pay/access';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { fail } from '../errors';
import { scopeOf } from '../export/report';
import { reconciliation } from '../index';
import { uploadedBytes } from '../upload-body';
import { arrivalQuestion } from './arrivals';
import { statementMapping } from './statement';

const largestStatement = 20 * 1024 * 1024;

const day = z.iso.date();
const code = z.string().min(1).max(64);
const note = z.string().trim().min(1).max(500);
const merchantQuery = z.object({ merchantCode: code.optional() });
const mapping = z
  .string()
  .max(4000)
  .transform((text, context): unknown => {
    try {
      return JSON.parse(text);
    } catch {
      context.addIssue({ code: 'custom', message: 'not JSON' });
      return z.NEVER;
    }
  })
  .pipe(statementMapping)
  .optional();
const previewQuery = z.object({ bankAccountCode: code, mapping });
const importQuery = previewQuery.extend({ fileName: z.string().trim().min(1).max(200) });
const matchBody = z.strictObject({
  arrivals: z
    .array(z.strictObject({ accountCode: code, date: day }))
    .min(1)
    .max(100),
  lines: z.array(code).min(1).max(100),
  note: note.nullable().default(null),
});
const ignoreBody = z.strictObject({ ignored: z.boolean(), note: note.nullable().default(null) });

function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw fail('REQUEST_INVALID', { fields: parsed.error.issues.map((issue) => issue.path.join('.')) });
}

export const bankController = ({ strapi }: { strapi: Core.Strapi }) => {
  const bank = () => reconciliation(strapi).bank;
  const accountOf = (ctx: Context): SignedInAccount => ctx.state.account;
  const asked = (ctx: Context) => {
    const { merchantCode } = read(merchantQuery, ctx.query);
    return { scope: scopeOf(accountOf(ctx), merchantCode), question: read(arrivalQuestion, ctx.query) };
  };

  async function assertMine(ctx: Context, bankAccountCode: string): Promise<void> {
    const { merchantCode } = await bank().statements.bankAccount(bankAccountCode);
    if (!accountOf(ctx).mayUseMerchant(merchantCode)) throw fail('BANK_ACCOUNT_UNKNOWN', { bankAccountCode });
  }

  return {
    async arrivals(ctx: Context) {
      const { scope, question } = asked(ctx);
      const { lines, ...unmatchedTotal } = await bank().arrivals.unmatched(scope, question);
      ctx.body = {
        arrivals: await bank().arrivals.read(scope, question),
        unmatched: lines,
        unmatchedTotal,
      };
    },

    async preview(ctx: Context) {
      const query = read(previewQuery, ctx.query);
      await assertMine(ctx, query.bankAccountCode);
      const bytes = await uploadedBytes(ctx, largestStatement);
      ctx.body = await bank().statements.preview(query.bankAccountCode, bytes, query.mapping);
    },

    async import(ctx: Context) {
      const { fileName: name, ...query } = read(importQuery, ctx.query);
      await assertMine(ctx, query.bankAccountCode);
      const bytes = await uploadedBytes(ctx, largestStatement);
      const by = accountOf(ctx).username;
      const imported = await bank().statements.import({ ...query, by }, { name, bytes });
      const { bankAccountCode } = query;
      const { fromDate: from, toDate: to } = imported;
      const matched = await bank().arrivals.matchAll(null, { from, to, bankAccountCode });
      ctx.body = { ...imported, matched };
    },

    async matchAll(ctx: Context) {
      const { scope, question } = asked(ctx);
      ctx.body = { matched: await bank().arrivals.matchAll(scope, question) };
    },

    async match(ctx: Context) {
      const body = read(matchBody, ctx.request.body);
      const { username: by, merchantCodes } = accountOf(ctx);
      ctx.body = { matchNo: await bank().arrivals.match(merchantCodes, { ...body, by }) };
    },

    async undo(ctx: Context) {
      await bank().arrivals.undo(accountOf(ctx).merchantCodes, read(code, ctx.params.matchNo));
      ctx.body = {};
    },

    async ignore(ctx: Context) {
      const body = read(ignoreBody, ctx.request.body);
      const { username: by, merchantCodes } = accountOf(ctx);
      await bank().arrivals.ignore(merchantCodes, read(code, ctx.params.lineId), { ...body, by });
      ctx.body = {};
    },
  };
};

const guarded = (action: string) => ({
  auth: false,
  middlewares: [{ name: 'plugin::access.guard', config: { action, subject: 'bank-statement' } }],
});

export const bankRoutes = [
  { method: 'GET', path: '/bank/arrivals', handler: 'bank.arrivals', config: guarded('read') },
  { method: 'POST', path: '/bank/statements/preview', handler: 'bank.preview', config: guarded('read') },
  { method: 'POST', path: '/bank/statements', handler: 'bank.import', config: guarded('create') },
  { method: 'POST', path: '/bank/matches/all', handler: 'bank.matchAll', config: guarded('reconcile') },
  { method: 'POST', path: '/bank/matches', handler: 'bank.match', config: guarded('reconcile') },
  { method: 'POST', path: '/bank/matches/:matchNo/undo', handler: 'bank.undo', config: guarded('reconcile') },
  {
    method: 'POST',
    path: '/bank/lines/:lineId/ignore',
    handler: 'bank.ignore',
    config: guarded('reconcile'),
  },
];
