import type { Context } from 'koa';
import { z } from 'zod';
import { checkMerchant } from '../core';
import { fail } from '../errors';
import type { Caller, Payments } from '../types';
import {
  accountBody,
  applicationBody,
  cashierOrderBody,
  channelSwitchBody,
  readBody,
  refundMixedBody,
  routingBody,
  staffRefundBody,
  waitQuery,
} from './schemas';

/** What access.guard leaves in the request's state. */
const accountSchema = z.object({ username: z.string(), merchantCodes: z.array(z.string()).nullable() });

type StaffCaller = Extract<Caller, { kind: 'staff' }>;

function callerOf(ctx: Context): StaffCaller {
  return { kind: 'staff', ...accountSchema.parse(ctx.state.account) };
}

/** What people at screens do. Every route is guarded by access.guard; the merchant is checked here. */
export function createStaffApi(payments: Payments) {
  const checkAccount = async (code: string, caller: Caller): Promise<void> => {
    const { merchantCode } = await payments.accounts.describe(code);
    checkMerchant(caller, merchantCode);
  };
  const byNumber = (ctx: Context) => ({ orderNo: String(ctx.params.orderNo) });
  const byMixed = (ctx: Context) => ({ mixedNo: String(ctx.params.mixedNo) });
  const codeOf = (ctx: Context) => String(ctx.params.code);

  return {
    async channels(ctx: Context) {
      const [disabled, accounts] = await Promise.all([
        payments.channelSwitches.disabled(),
        payments.accounts.countByChannel(callerOf(ctx).merchantCodes),
      ]);
      ctx.body = payments.channels().map((manifest) => ({
        code: manifest.code,
        title: manifest.title,
        logName: manifest.logName,
        currency: manifest.currency,
        scenes: manifest.scenes,
        verbs: manifest.verbs,
        enabled: !disabled.has(manifest.code),
        accounts: accounts.get(manifest.code) ?? 0,
        config: manifest.config,
      }));
    },
    /** A channel serves every merchant: whoever is kept to some of them does not switch it. */
    async switchChannel(ctx: Context) {
      if (callerOf(ctx).merchantCodes) throw fail('MERCHANT_FORBIDDEN');
      const { enabled } = readBody(channelSwitchBody, ctx.request);
      await payments.channelSwitches.set(codeOf(ctx), enabled);
      ctx.body = { code: codeOf(ctx), enabled };
    },
    async createAccount(ctx: Context) {
      const body = readBody(accountBody, ctx.request);
      checkMerchant(callerOf(ctx), body.merchantCode);
      const existing = await payments.accounts.describe(body.code).catch(() => undefined);
      if (existing) throw fail('INPUT_INVALID', { issues: [{ field: 'code', message: 'already used' }] });
      ctx.body = await payments.accounts.save(body);
    },
    async updateAccount(ctx: Context) {
      const body = readBody(accountBody.omit({ code: true }), ctx.request);
      const caller = callerOf(ctx);
      await checkAccount(codeOf(ctx), caller);
      checkMerchant(caller, body.merchantCode);
      ctx.body = await payments.accounts.save({ ...body, code: codeOf(ctx) });
    },
    async readAccount(ctx: Context) {
      await checkAccount(codeOf(ctx), callerOf(ctx));
      ctx.body = await payments.accounts.describe(codeOf(ctx));
    },
    async testAccount(ctx: Context) {
      await checkAccount(codeOf(ctx), callerOf(ctx));
      ctx.body = await payments.accounts.test(codeOf(ctx));
    },
    async explainRouting(ctx: Context) {
      ctx.body = await payments.routes.explain(readBody(routingBody, ctx.request), callerOf(ctx));
    },
    async readRouting(ctx: Context) {
      ctx.body = { routing: await payments.routes.ofOrder(String(ctx.params.orderNo), callerOf(ctx)) };
    },
    async createApplication(ctx: Context) {
      const body = readBody(applicationBody, ctx.request);
      checkMerchant(callerOf(ctx), body.merchantCode);
      ctx.body = await payments.applications.create(body);
    },
    async createOrder(ctx: Context) {
      const body = readBody(cashierOrderBody, ctx.request);
      const caller = callerOf(ctx);
      ctx.body = await payments.orders.create(
        { ...body, clientIp: ctx.ip, operatorCode: caller.username },
        caller,
      );
    },
    async readOrder(ctx: Context) {
      ctx.body = await payments.orders.waitForChange(
        byNumber(ctx),
        waitQuery.parse(ctx.query.wait ?? 0),
        callerOf(ctx),
      );
    },
    async closeOrder(ctx: Context) {
      ctx.body = await payments.orders.close(byNumber(ctx), callerOf(ctx));
    },
    async reverseOrder(ctx: Context) {
      ctx.body = await payments.orders.reverse(byNumber(ctx), callerOf(ctx));
    },
    async queryOrder(ctx: Context) {
      ctx.body = await payments.orders.query(byNumber(ctx), callerOf(ctx));
    },
    async createRefund(ctx: Context) {
      const body = readBody(staffRefundBody, ctx.request);
      ctx.body = await payments.refunds.create({ ...body, order: byNumber(ctx) }, callerOf(ctx));
    },
    async refundMixed(ctx: Context) {
      const body = readBody(refundMixedBody, ctx.request);
      const { mixedNo, state } = await payments.mixed.refund(byMixed(ctx), body, callerOf(ctx));
      ctx.body = { mixedNo, state };
    },
    async retryMixed(ctx: Context) {
      const { mixedNo, state } = await payments.mixed.retry(byMixed(ctx), callerOf(ctx));
      ctx.body = { mixedNo, state };
    },
    async retryRefund(ctx: Context) {
      ctx.body = await payments.refunds.retry({ refundNo: String(ctx.params.refundNo) }, callerOf(ctx));
    },
  };
}
