import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { access, type SignedInAccount } from '@hospital-pay/access';
import { isPlatformError } from '@hospital-pay/errors';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { fail } from '../errors';
import { scopeOf } from '../export/report';
import { reconciliation } from '../index';
import { accountRow, readRow } from '../rows';
import { uploadedBytes } from '../upload-body';
import type { BillVersion } from './archive';
import { billFailure } from './failure';

const longestCalendarDays = 93;
const largestBill = 256 * 1024 * 1024;

const day = z.iso.date();
const code = z.string().min(1).max(64);
const kind = z.enum(['trade', 'fund-flow']).default('trade');
const version = z.coerce.number().int().min(1);
const billParams = z.object({ accountCode: code, date: day });
const calendarQuery = z.object({ from: day, to: day, kind, merchantCode: code.optional() });
const uploadQuery = z.object({
  fileName: z.string().trim().min(1).max(200),
});

function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw fail('REQUEST_INVALID', { fields: parsed.error.issues.map((issue) => issue.path.join('.')) });
}

const view = ({ path: _, ...shown }: BillVersion) => shown;

export const billController = ({ strapi }: { strapi: Core.Strapi }) => {
  const bills = () => reconciliation(strapi).bills;
  const accountOf = (ctx: Context): SignedInAccount => ctx.state.account;

  /** The bill that the address names, if its account is this person's business. */
  async function asked(ctx: Context): Promise<z.output<typeof billParams>> {
    const params = read(billParams, ctx.params);
    const row = readRow(
      accountRow,
      await strapi.db.connection('channel_accounts').where({ code: params.accountCode }).first(),
    );
    if (!row || !accountOf(ctx).mayUseMerchant(row.merchantCode)) {
      throw fail('ACCOUNT_UNKNOWN', { accountCode: params.accountCode });
    }
    return params;
  }

  return {
    async calendar(ctx: Context) {
      const { merchantCode, ...question } = read(calendarQuery, ctx.query);
      const days = (Date.parse(question.to) - Date.parse(question.from)) / 86_400_000;
      if (!(days >= 0 && days < longestCalendarDays)) {
        throw fail('REQUEST_INVALID', { fields: ['from', 'to'] });
      }
      ctx.body = await bills().calendar(scopeOf(accountOf(ctx), merchantCode), question);
    },

    async versions(ctx: Context) {
      const key = await asked(ctx);
      const query = read(z.object({ kind }), ctx.query);
      ctx.body = { versions: (await bills().archive.versions({ ...key, ...query })).map(view) };
    },

    async difference(ctx: Context) {
      const key = await asked(ctx);
      const query = read(z.object({ before: version, after: version }), ctx.query);
      ctx.body = await bills().difference({ ...key, ...query });
    },

    async file(ctx: Context) {
      const key = await asked(ctx);
      // A bill as received may name patients.
      if (!accountOf(ctx).can('unmask', 'patient')) throw fail('EXPORT_FORBIDDEN');
      const found = await bills().version({ ...key, ...read(z.object({ kind, version }), ctx.query) });
      ctx.set('Content-Type', 'application/octet-stream');
      ctx.set('Content-Disposition', `attachment; filename*=UTF-8''${encodeURIComponent(found.fileName)}`);
      ctx.set('Cache-Control', 'no-store');
      ctx.set('X-Content-Type-Options', 'nosniff');
      ctx.body = createReadStream(await bills().archive.raw(found).catch(billFailure));
      ctx.length = found.bytes;
    },

    async upload(ctx: Context) {
      const { accountCode, date } = await asked(ctx);
      const { fileName: name } = read(uploadQuery, ctx.query);
      const { username, merchantCodes } = accountOf(ctx);
      const bytes = await uploadedBytes(ctx, largestBill);
      try {
        ctx.body = await bills().upload({ accountCode, date, by: username, merchantCodes }, { name, bytes });
        ctx.status = 201;
      } catch (error) {
        // A file that is refused is not kept; that somebody tried is.
        if (isPlatformError(error)) {
          await access(strapi).audit.write({
            actor: username,
            action: 'create',
            subject: 'bill-archive',
            subjectKey: `${accountCode}/${date}`,
            after: {
              refused: error.code,
              lineNo: error.details.lineNo ?? null,
              fileName: name,
              sha256: createHash('sha256').update(bytes).digest('hex'),
            },
          });
        }
        throw error;
      }
    },

    async fetchFlows(ctx: Context) {
      const { accountCode, date } = await asked(ctx);
      const receipt = {
        at: payments(strapi).clock.now(),
        source: 'run' as const,
        by: accountOf(ctx).username,
      };
      ctx.body = await bills().fundFlows.fetch(accountCode, date, receipt);
    },

    async compareFlows(ctx: Context) {
      const { accountCode, date } = await asked(ctx);
      ctx.body = await bills().fundFlows.compare(accountCode, date);
    },
  };
};

const guarded = (action: string, subject: string) => ({
  auth: false,
  middlewares: [{ name: 'plugin::access.guard', config: { action, subject } }],
});
const reading = guarded('read', 'bill-archive');
const bill = '/bills/:accountCode/:date';

export const billRoutes = [
  { method: 'GET', path: '/bills/calendar', handler: 'bills.calendar', config: reading },
  { method: 'GET', path: `${bill}/versions`, handler: 'bills.versions', config: reading },
  { method: 'GET', path: `${bill}/difference`, handler: 'bills.difference', config: reading },
  { method: 'GET', path: `${bill}/file`, handler: 'bills.file', config: reading },
  {
    method: 'POST',
    path: `${bill}/upload`,
    handler: 'bills.upload',
    config: guarded('create', 'bill-archive'),
  },
  { method: 'GET', path: `${bill}/fund-flow`, handler: 'bills.compareFlows', config: reading },
  {
    method: 'POST',
    path: `${bill}/fund-flow`,
    handler: 'bills.fetchFlows',
    config: guarded('reconcile', 'reconciliation-run'),
  },
];
