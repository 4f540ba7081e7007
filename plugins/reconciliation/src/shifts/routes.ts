import type { SignedInAccount } from '@hospital-pay/access';
import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { z } from 'zod';
import { fail } from '../errors';
import { reconciliation } from '../index';
import type { Shift } from './shifts';

const code = z.string().min(1).max(64);
const fen = z.int().min(0).max(1_000_000_000_000);
const note = z.string().trim().max(500);
const mineQuery = z.object({ merchantCode: code });
const openBody = z.strictObject({
  merchantCode: code,
  /** For the cashier's own shift the window it is worked at; with `isTerminal` the terminal whose shift it is. */
  terminalCode: code.nullish().transform((value) => value ?? null),
  isTerminal: z.boolean().default(false),
  openingFloatFen: fen.default(0),
});
const closeBody = z.strictObject({
  denominations: z
    .array(z.strictObject({ fen, count: z.int().min(0).max(100_000) }))
    .max(20)
    .optional(),
  cashFen: fen.optional(),
  terminalTotals: z
    .array(z.strictObject({ payType: code, takenFen: fen, refundedFen: fen }))
    .max(20)
    .optional(),
  note: note.optional(),
});
const reasonBody = z.strictObject({ reason: note.min(1) });
const reviewBody = z.strictObject({ note: note.optional() });

function read<Schema extends z.ZodType>(schema: Schema, value: unknown): z.output<Schema> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw fail('REQUEST_INVALID', { fields: parsed.error.issues.map((issue) => issue.path.join('.')) });
}

export const shiftController = ({ strapi }: { strapi: Core.Strapi }) => {
  const shifts = () => reconciliation(strapi).shifts;
  const accountOf = (ctx: Context): SignedInAccount => ctx.state.account;
  const assertMerchant = (ctx: Context, merchantCode: string): void => {
    if (!accountOf(ctx).mayUseMerchant(merchantCode)) throw fail('MERCHANT_FORBIDDEN', { merchantCode });
  };
  const isOwn = (shift: Shift, { username }: SignedInAccount): boolean =>
    shift.kind === 'operator' && shift.operatorCode === username;

  /** The shift in the path: one's own, or anybody's of one's merchants for whom `right` over shifts was given. */
  async function shiftOf(ctx: Context, right: 'read' | 'reconcile'): Promise<Shift> {
    const account = accountOf(ctx);
    const shift = await shifts().get(read(code, ctx.params.shiftNo));
    assertMerchant(ctx, shift.merchantCode);
    if (!isOwn(shift, account) && !account.can(right, 'shift')) throw fail('SHIFT_FORBIDDEN');
    return shift;
  }

  return {
    async mine(ctx: Context) {
      const { merchantCode } = read(mineQuery, ctx.query);
      assertMerchant(ctx, merchantCode);
      ctx.body = await shifts().of(merchantCode, accountOf(ctx).username);
    },
    async open(ctx: Context) {
      const { isTerminal, ...input } = read(openBody, ctx.request.body);
      const account = accountOf(ctx);
      assertMerchant(ctx, input.merchantCode);
      if (isTerminal && !account.can('reconcile', 'shift')) throw fail('SHIFT_FORBIDDEN');
      if (isTerminal && input.terminalCode === null) {
        throw fail('REQUEST_INVALID', { fields: ['terminalCode'] });
      }
      const operatorCode = isTerminal ? null : account.username;
      ctx.status = 201;
      ctx.body = await shifts().open({ ...input, operatorCode, by: account.username });
    },
    async read(ctx: Context) {
      ctx.body = await shiftOf(ctx, 'read');
    },
    async close(ctx: Context) {
      const { shiftNo } = await shiftOf(ctx, 'reconcile');
      const { note: why, ...counted } = read(closeBody, ctx.request.body ?? {});
      const by = accountOf(ctx).username;
      ctx.body = await shifts().close({ shiftNo, by, counted, note: why || null });
    },
    async giveBack(ctx: Context) {
      const { shiftNo } = await shiftOf(ctx, 'reconcile');
      const { reason } = read(reasonBody, ctx.request.body);
      ctx.body = await shifts().giveBack({ shiftNo, by: accountOf(ctx).username, reason });
    },
    async review(ctx: Context) {
      const { shiftNo } = await shiftOf(ctx, 'reconcile');
      const { note: said } = read(reviewBody, ctx.request.body ?? {});
      ctx.body = await shifts().review({ shiftNo, by: accountOf(ctx).username, note: said || null });
    },
  };
};

const guarded = (action: string) => ({
  auth: false,
  middlewares: [{ name: 'plugin::access.guard', config: { action, subject: 'shift' } }],
});
/** For whoever has signed in: the shift itself says whether it is theirs. */
const signedIn = { auth: false, middlewares: [{ name: 'plugin::access.guard' }] };

export const shiftRoutes = [
  { method: 'GET', path: '/shifts/mine', handler: 'shifts.mine', config: guarded('create') },
  { method: 'POST', path: '/shifts', handler: 'shifts.open', config: guarded('create') },
  { method: 'GET', path: '/shifts/:shiftNo', handler: 'shifts.read', config: signedIn },
  { method: 'POST', path: '/shifts/:shiftNo/close', handler: 'shifts.close', config: guarded('create') },
  {
    method: 'POST',
    path: '/shifts/:shiftNo/give-back',
    handler: 'shifts.giveBack',
    config: guarded('reconcile'),
  },
  { method: 'POST', path: '/shifts/:shiftNo/review', handler: 'shifts.review', config: guarded('reconcile') },
];
