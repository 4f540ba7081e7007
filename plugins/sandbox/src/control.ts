import type Koa from 'koa';
import { z } from 'zod';
import type { Sandbox } from './contract';
import { readBody } from './exchange';
import { faultInput } from './faults';
import type { Gateway } from './gateway';
import { gatewayNames } from './gateways';
import { micropayOutcomes } from './outcomes';

const gateway = z.enum(gatewayNames);
const patientBody = z.object({ gateway: gateway.nullish(), reference: z.string().min(1) });
const codeBody = z.object({ gateway, outcome: z.enum(micropayOutcomes).optional() });
const outcomesBody = z.object({
  byAmount: z.boolean().optional(),
  queriesUntilPaid: z.number().int().nonnegative().optional(),
});
const settingsBody = z.object({
  autoPay: z.boolean().optional(),
  billReadyHour: z.number().int().min(0).max(23).optional(),
  billsForToday: z.boolean().optional(),
});
const clockBody = z.object({ advanceMs: z.number().int().optional(), set: z.number().int().optional() });
const foreignBody = z.object({
  gateway,
  amountFen: z.number().int().positive(),
  outTradeNo: z.string().optional(),
  paidAt: z.number().int().optional(),
  subject: z.string().optional(),
});
const numberBody = z.object({ number: z.string().min(1) });
const resendBody = z.object({
  orderNo: z.string().min(1),
  times: z.number().int().min(1).max(50).default(1),
});
const hisRefundBody = z.object({
  orderNo: z.string().min(1),
  amountFen: z.number().int().positive(),
  refundNo: z.string().optional(),
});
const hisChargeBody = z.looseObject({
  orderNo: z.string().min(1),
  amountFen: z.number().int().positive(),
  payType: z.string().min(1),
});
const platformBody = z
  .object({ baseUrl: z.url(), appId: z.string().min(1), secret: z.string().min(1) })
  .nullable();

type Command = (body: unknown) => unknown;

/** The same levers over HTTP, for tests that only have a browser. */
export async function control(ctx: Koa.Context, sandbox: Sandbox, path: string): Promise<void> {
  const commands: Record<string, Command> = {
    'GET /faults': () => sandbox.faults.list(),
    'POST /faults': (body) => sandbox.faults.add(faultInput.parse(body)),
    'DELETE /faults': () => {
      sandbox.faults.clear();
      return [];
    },
    'POST /patient/pay': async (body) => {
      const { gateway: name, reference } = patientBody.parse(body);
      return sandbox.patient.pay(name ?? null, reference);
    },
    'POST /patient/scan': (body) => {
      const { gateway: name, reference } = patientBody.parse(body);
      return sandbox.patient.scan(name ?? null, reference);
    },
    'POST /patient/refuse': (body) => {
      const { gateway: name, reference } = patientBody.parse(body);
      return sandbox.patient.refuse(name ?? null, reference);
    },
    'POST /patient/codes': (body) => {
      const { gateway: name, outcome } = codeBody.parse(body);
      return { code: sandbox.patient.issueCode(name, outcome) };
    },
    'GET /ledger': () => {
      const query = new URLSearchParams(ctx.querystring);
      const outTradeNo = query.get('outTradeNo');
      const name = gateway.nullable().parse(query.get('gateway'));
      const filter = {
        ...(name === null ? {} : { gateway: name }),
        ...(outTradeNo === null ? {} : { outTradeNo }),
      };
      return {
        payments: sandbox.ledger.payments(filter).slice(-1_000),
        refunds: sandbox.ledger.refunds(filter).slice(-1_000),
        totals: sandbox.ledger.totals(filter),
      };
    },
    'POST /ledger/foreign': (body) => {
      const { outTradeNo, paidAt, subject, ...rest } = foreignBody.parse(body);
      return sandbox.ledger.injectForeignPayment({
        ...rest,
        ...(outTradeNo === undefined ? {} : { outTradeNo }),
        ...(paidAt === undefined ? {} : { paidAt }),
        ...(subject === undefined ? {} : { subject }),
      });
    },
    'POST /ledger/drop-from-bill': (body) => ({
      dropped: sandbox.ledger.dropFromBill(numberBody.parse(body).number),
    }),
    'GET /notifications': () => {
      const orderNo = new URLSearchParams(ctx.querystring).get('orderNo');
      return sandbox.notifications.list(orderNo === null ? {} : { orderNo });
    },
    'POST /notifications/resend': async (body) => {
      const { orderNo, times } = resendBody.parse(body);
      return { sent: await sandbox.notifications.resend(orderNo, times) };
    },
    'GET /his': () => ({
      bookings: sandbox.his.bookings(),
      refunds: sandbox.his.refunds(),
      pushes: sandbox.his.pushes(),
    }),
    'POST /his/refund': (body) => {
      const { orderNo, amountFen, refundNo } = hisRefundBody.parse(body);
      return sandbox.his.refund(orderNo, amountFen, refundNo);
    },
    'POST /his/charge': async (body) => {
      await sandbox.his.charge(hisChargeBody.parse(body));
      return { pushes: sandbox.his.pushes().slice(-1) };
    },
    'POST /his/platform': (body) => {
      const platform = platformBody.parse(body);
      if (platform === null) sandbox.his.connect(null);
      else {
        const { baseUrl, ...application } = platform;
        sandbox.his.connect({ ...application, ...(baseUrl === undefined ? {} : { baseUrl }) });
      }
      return { connected: platform !== null };
    },
    'POST /outcomes': (body) => {
      const change = outcomesBody.parse(body);
      sandbox.outcomes.byAmount = change.byAmount ?? sandbox.outcomes.byAmount;
      sandbox.outcomes.queriesUntilPaid = change.queriesUntilPaid ?? sandbox.outcomes.queriesUntilPaid;
      return { byAmount: sandbox.outcomes.byAmount, queriesUntilPaid: sandbox.outcomes.queriesUntilPaid };
    },
    'POST /settings': (body) => {
      const change = settingsBody.parse(body);
      sandbox.settings.autoPay = change.autoPay ?? sandbox.settings.autoPay;
      sandbox.settings.billReadyHour = change.billReadyHour ?? sandbox.settings.billReadyHour;
      sandbox.settings.billsForToday = change.billsForToday ?? sandbox.settings.billsForToday;
      const { autoPay, billReadyHour, billsForToday } = sandbox.settings;
      return { autoPay, billReadyHour, billsForToday };
    },
    'GET /clock': () => ({ now: sandbox.clock.now() }),
    'POST /clock': (body) => {
      const { advanceMs, set } = clockBody.parse(body);
      if (set !== undefined) sandbox.clock.set(set);
      if (advanceMs !== undefined) sandbox.clock.advance(advanceMs);
      if (set === undefined && advanceMs === undefined) sandbox.clock.reset();
      return { now: sandbox.clock.now() };
    },
  };
  const command = commands[`${ctx.method} ${path}`] ?? leverOf(sandbox, ctx.method, path);
  if (command === undefined) {
    ctx.status = 404;
    ctx.body = { error: 'no such control' };
    return;
  }
  try {
    const raw = await readBody(ctx);
    ctx.body = { data: await command(raw.length === 0 ? undefined : JSON.parse(raw.toString('utf8'))) };
  } catch (error) {
    ctx.status = 400;
    ctx.body = {
      error: error instanceof z.ZodError ? error.issues : error instanceof Error ? error.message : 'refused',
    };
  }
}

/** A gateway's own levers lie below its name. */
function leverOf(sandbox: Sandbox, method: string, path: string): Command | undefined {
  const name = gatewayNames.find((candidate) => path.startsWith(`/${candidate}/`));
  if (name === undefined) return undefined;
  const { levers }: Gateway = sandbox.gateways[name];
  return levers?.[`${method} ${path.slice(name.length + 1)}`];
}
