import { createHash } from 'node:crypto';
import { isPlatformError } from '@hospital-pay/errors';
import type { Context } from 'koa';
import { rawBodyOf } from '../applications';
import type { Core } from '../core';
import { fail } from '../errors';
import type { AuthenticatedApplication, Caller, Payments, Scope } from '../types';
import {
  confirmMixedBody,
  createMixedBody,
  createOrderBody,
  createRefundBody,
  readBody,
  refundMixedBody,
} from './schemas';

const idempotencyMs = 24 * 3600_000;
const privateFields = [
  'authCode',
  'token',
  'patientName',
  'patientId',
  'cardNo',
  'payerId',
  'subject',
  'details',
  'reason',
];

/** The open API for HIS and terminals. */
export function createOpenApi(core: Core, payments: Payments) {
  /** One Idempotency-Key stands for one request of one application. */
  const checkIdempotencyKey = async (
    ctx: Context,
    application: AuthenticatedApplication,
  ): Promise<string | undefined> => {
    const key = ctx.get('idempotency-key');
    if (!key) return undefined;
    if (!/^[0-9A-Za-z_\-|*.]{1,64}$/.test(key)) throw fail('INPUT_INVALID', { field: 'Idempotency-Key' });
    const name = `idempotency:${application.appId}:${key}`;
    const hash = createHash('sha256')
      .update(`${ctx.method} ${ctx.path}\n${rawBodyOf(ctx.request)}`)
      .digest('hex');
    const until = new Date(core.clock.now().getTime() + idempotencyMs);
    const isOurs = (await core.leases.take(name, hash, until)) || (await core.leases.holder(name)) === hash;
    if (!isOurs) throw fail('IDEMPOTENCY_CONFLICT');
    return key;
  };

  const guarded =
    (
      method: string,
      scope: Scope,
      answer: (ctx: Context, caller: Caller & { kind: 'application' }) => Promise<unknown>,
    ) =>
    async (ctx: Context): Promise<void> => {
      const startedAt = core.clock.now();
      let error: unknown;
      try {
        const application = await payments.applications.authenticate(ctx, scope);
        const caller = {
          kind: 'application' as const,
          appId: application.appId,
          merchantCode: application.merchantCode,
        };
        ctx.body = await answer(ctx, caller);
      } catch (caught) {
        error = caught;
        throw caught;
      } finally {
        record(core, ctx, method, startedAt, error);
      }
    };

  const merchantOrder = (ctx: Context, caller: { merchantCode: string }) => ({
    merchantCode: caller.merchantCode,
    merchantOrderNo: String(ctx.params.merchantOrderNo),
  });

  return {
    createOrder: guarded('api_create_order', 'orders:write', async (ctx, caller) => {
      const body = readBody(createOrderBody, ctx.request);
      const key = await checkIdempotencyKey(ctx, { ...caller, scopes: [] });
      const merchantOrderNo = body.merchantOrderNo ?? key;
      if (!merchantOrderNo)
        throw fail('INPUT_INVALID', { issues: [{ field: 'merchantOrderNo', message: 'required' }] });
      return payments.orders.create({ ...body, merchantOrderNo, merchantCode: caller.merchantCode }, caller);
    }),
    readOrder: guarded('api_query_order', 'orders:read', (ctx, caller) =>
      payments.orders.query(merchantOrder(ctx, caller), caller),
    ),
    closeOrder: guarded('api_close_order', 'orders:write', (ctx, caller) =>
      payments.orders.close(merchantOrder(ctx, caller), caller),
    ),
    reverseOrder: guarded('api_reverse_order', 'orders:write', (ctx, caller) =>
      payments.orders.reverse(merchantOrder(ctx, caller), caller),
    ),
    createMixed: guarded('api_create_mixed', 'orders:write', async (ctx, caller) => {
      const body = readBody(createMixedBody, ctx.request);
      const key = await checkIdempotencyKey(ctx, { ...caller, scopes: [] });
      const merchantOrderNo = body.merchantOrderNo ?? key;
      if (!merchantOrderNo)
        throw fail('INPUT_INVALID', { issues: [{ field: 'merchantOrderNo', message: 'required' }] });
      return payments.mixed.create({ ...body, merchantOrderNo, merchantCode: caller.merchantCode }, caller);
    }),
    confirmMixed: guarded('api_confirm_mixed', 'orders:write', (ctx, caller) =>
      payments.mixed.confirm(
        merchantOrder(ctx, caller),
        readBody(confirmMixedBody, ctx.request).cash,
        caller,
      ),
    ),
    readMixed: guarded('api_query_mixed', 'orders:read', (ctx, caller) =>
      payments.mixed.query(merchantOrder(ctx, caller), caller),
    ),
    cancelMixed: guarded('api_cancel_mixed', 'orders:write', (ctx, caller) =>
      payments.mixed.cancel(merchantOrder(ctx, caller), caller),
    ),
    refundMixed: guarded('api_refund_mixed', 'refunds:write', (ctx, caller) =>
      payments.mixed.refund(merchantOrder(ctx, caller), readBody(refundMixedBody, ctx.request), caller),
    ),
    createRefund: guarded('api_refund_order', 'refunds:write', async (ctx, caller) => {
      const { orderNo, merchantOrderNo, ...body } = readBody(createRefundBody, ctx.request);
      const key = await checkIdempotencyKey(ctx, { ...caller, scopes: [] });
      const merchantRefundNo = body.merchantRefundNo ?? key;
      if (!merchantRefundNo)
        throw fail('INPUT_INVALID', { issues: [{ field: 'merchantRefundNo', message: 'required' }] });
      if (!orderNo && !merchantOrderNo) {
        throw fail('INPUT_INVALID', {
          issues: [{ field: 'merchantOrderNo', message: 'orderNo or merchantOrderNo' }],
        });
      }
      const order = orderNo
        ? { orderNo }
        : { merchantCode: caller.merchantCode, merchantOrderNo: merchantOrderNo ?? '' };
      return payments.refunds.create({ ...body, merchantRefundNo, order }, caller);
    }),
    readRefund: guarded('api_query_refund', 'refunds:read', (ctx, caller) =>
      payments.refunds.query(
        { merchantCode: caller.merchantCode, merchantRefundNo: String(ctx.params.merchantRefundNo) },
        caller,
      ),
    ),
  };
}

/** What came in is in the interface log too; who the patient is, what pays and why it was refunded is not. */
function record(core: Core, ctx: Context, method: string, startedAt: Date, error: unknown): void {
  const body: unknown = Reflect.get(ctx.request, 'body');
  const answer: unknown = error ?? ctx.body;
  const text = (value: unknown) =>
    JSON.stringify(value ?? {}, (key, entry) => (privateFields.includes(key) && entry ? '***' : entry)).slice(
      0,
      4000,
    );
  const field = (value: unknown, name: string) => {
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined;
    return typeof found === 'string' ? found : null;
  };
  const errorCode = field(error, 'code');
  core.events.emit('channel.call', {
    method,
    url: ctx.originalUrl,
    request: text(body),
    response: error ? (errorCode ?? 'error') : text(answer),
    httpStatus: error ? Number(Reflect.get(Object(error), 'status') ?? 500) : ctx.status,
    startedAt,
    durationMs: core.clock.now().getTime() - startedAt.getTime(),
    channel: field(answer, 'channel'),
    accountCode: null,
    orderNo: field(answer, 'orderNo') ?? field(answer, 'mixedNo'),
    tradeType: field(answer, 'tradeType'),
    direction: 'in',
    ...(errorCode ? { errorCode } : {}),
    ...(isPlatformError(error) ? { errorMessage: error.text.zh } : {}),
  });
}
