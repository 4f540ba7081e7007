import { randomBytes } from 'node:crypto';
import type Koa from 'koa';
import { DateTime } from 'luxon';
import { z } from 'zod';
import { answer, exchange, type Reply, readBody } from '../exchange';
import type { Operation } from '../faults';
import type { Gateway, GatewayWorld } from '../gateway';
import type { Payment, Refund } from '../ledger';
import type { NotificationDraft } from '../notifier';
import { feeOf } from '../yuan';
import { sealFits, sealOf } from './signing';

/** The neutral protocol of a payment service provider: nobody's real one. Wallets without a public protocol sit behind it. */

export const JAPAN = 'Asia/Tokyo';

export const pspCredentials = z.object({
  merchantId: z.string(),
  secret: z.string(),
  feeBasisPoints: z.number().int().nonnegative(),
});

export type PspCredentials = z.infer<typeof pspCredentials>;

export interface PspOptions<Credentials extends PspCredentials> {
  name: string;
  currency: string;
  /** What the token of the payer's device is worth: absent where the payer comes to a page. */
  judgeToken?(own: Credentials, token: unknown, amount: number): 'pays' | 'waits' | 'declined' | 'invalid';
}

const SKEW_S = 300;
const RETRIES = [10, 60, 300].map((seconds) => seconds * 1000);

const amount = z.number().int().positive();
const authorization = z.object({
  orderNo: z.string().min(1).max(64),
  method: z.string(),
  scene: z.enum(['h5', 'app', 'native']),
  amount,
  currency: z.string(),
  subject: z.string(),
  capture: z.enum(['automatic', 'manual']),
  expiresAt: z.iso.datetime(),
  notifyUrl: z.url(),
  returnUrl: z.url().optional(),
  token: z.unknown().optional(),
});
const capturing = z.object({ amount, currency: z.string() });
const giveBack = z.object({
  refundNo: z.string().min(1).max(64),
  amount,
  currency: z.string(),
  reason: z.string(),
});

type Answered = { status: number; body: object | string };
const ok = (body: object): Answered => ({ status: 200, body });
const no = (status: number, code: string, message: string): Answered => ({
  status,
  body: { error: { code, message } },
});

/** The payer agreed, the merchant has not captured yet. */
const AUTHORIZED = 'authorized';
const MANUAL = 'manual';

export function openPsp<Credentials extends PspCredentials>(
  world: GatewayWorld<Credentials>,
  options: PspOptions<Credentials>,
): Gateway {
  const { ledger, life, faults } = world;
  const { name, currency } = options;
  const time = (at: number) => new Date(at).toISOString();

  const find = (own: Credentials, orderNo: string): Payment | null => {
    const payment = ledger.payment(name, own.merchantId, orderNo);
    return payment === null ? null : life.refresh(payment);
  };

  function statusOf(payment: Payment): string {
    switch (payment.state) {
      case 'waiting':
      case 'paying':
        return payment.attach === AUTHORIZED ? 'authorized' : 'waiting';
      case 'paid':
        return 'captured';
      case 'closed':
        return payment.endedAt === payment.expiresAt ? 'expired' : 'canceled';
      case 'reversed':
        return 'canceled';
      case 'failed':
        return 'failed';
      default:
        return payment.state satisfies never;
    }
  }

  const paymentView = (payment: Payment) => ({
    id: payment.tradeNo,
    orderNo: payment.outTradeNo,
    amount: payment.amountFen,
    currency,
    status: statusOf(payment),
    ...(payment.payToken === null
      ? {}
      : { redirectUrl: `${world.baseUrl()}/patient?qr=${payment.payToken}` }),
    ...(payment.paidAt === null ? {} : { paidAt: time(payment.paidAt) }),
    ...(payment.state === 'failed'
      ? { failure: { code: 'declined', message: 'the payer was declined' } }
      : {}),
  });

  const refundView = (row: Refund) => ({
    id: row.refundId,
    refundNo: row.refundNo,
    orderNo: row.outTradeNo,
    amount: row.amountFen,
    currency,
    status: { processing: 'processing', succeeded: 'succeeded', abnormal: 'failed', closed: 'failed' }[
      row.state
    ],
    ...(row.succeededAt === null ? {} : { refundedAt: time(row.succeededAt) }),
  });

  async function authorize(own: Credentials, body: unknown): Promise<Answered> {
    const read = authorization.safeParse(body);
    if (!read.success) return no(400, 'invalid_request', read.error.issues[0]?.message ?? 'invalid');
    const asked = read.data;
    if (asked.currency !== currency || asked.method !== name)
      return no(400, 'invalid_request', `not a ${name} payment in ${currency}`);
    const fingerprint = JSON.stringify([asked.amount, asked.scene, asked.capture]);
    const known = find(own, asked.orderNo);
    if (known !== null) {
      return known.fingerprint === fingerprint
        ? ok(paymentView(known))
        : no(409, 'order_conflict', 'the order number was used with other values');
    }
    const worth = options.judgeToken?.(own, asked.token, asked.amount);
    if (worth === 'invalid') return no(400, 'invalid_token', 'the token does not fit this payment');
    const payment = ledger.newPayment({
      gateway: name,
      merchant: own.merchantId,
      appId: '',
      outTradeNo: asked.orderNo,
      scene: asked.scene,
      amountFen: asked.amount,
      subject: asked.subject,
    });
    payment.fingerprint = fingerprint;
    payment.notifyUrl = asked.notifyUrl;
    payment.expiresAt = Date.parse(asked.expiresAt);
    payment.attach = asked.capture === 'manual' ? MANUAL : null;
    if (worth === undefined) payment.payToken = `psp${randomBytes(8).toString('hex')}`;
    if (worth === 'declined') {
      payment.state = 'failed';
      payment.endedAt = world.clock.now();
    }
    ledger.savePayment(payment);
    const early = faults.take(['notify_before_reply'], {
      channel: name,
      operation: 'create',
      orderNo: asked.orderNo,
    });
    if (worth === 'pays') {
      // The money is there when the answer is; the notification goes its own way.
      if (early !== null) await life.pay(payment);
      else void life.pay(payment);
    } else if (early !== null) await life.pay(payment);
    else if (world.settings.autoPay && worth === undefined)
      setTimeout(() => void life.pay(payment), 50).unref();
    return ok(paymentView(payment));
  }

  function capture(own: Credentials, orderNo: string, body: unknown): Answered {
    const payment = find(own, orderNo);
    const read = capturing.safeParse(body);
    if (payment === null) return no(404, 'payment_not_found', 'no such payment');
    if (payment.state === 'paid') return ok(paymentView(payment));
    if (payment.attach !== AUTHORIZED || payment.state !== 'paying')
      return no(409, 'not_capturable', 'nothing is authorised');
    if (!read.success || read.data.amount !== payment.amountFen || read.data.currency !== currency)
      return no(400, 'invalid_request', 'the amount is not the authorised one');
    payment.state = 'paid';
    payment.paidAt = world.clock.now();
    ledger.savePayment(payment);
    void tell(payment);
    return ok(paymentView(payment));
  }

  function cancel(own: Credentials, orderNo: string): Answered {
    const payment = find(own, orderNo);
    if (payment === null) return no(404, 'payment_not_found', 'no such payment');
    const race = faults.take(['pay_after_close'], { channel: name, operation: 'close', orderNo });
    if (race !== null) {
      void life.pay(payment);
      if (race.closeAnswersDone) return ok({ ...paymentView(payment), status: 'canceled' });
    }
    if (payment.state === 'waiting' || payment.state === 'paying') {
      payment.state = 'closed';
      payment.endedAt = world.clock.now();
      ledger.savePayment(payment);
    }
    return ok(paymentView(payment));
  }

  function refund(own: Credentials, orderNo: string, body: unknown): Answered {
    const payment = find(own, orderNo);
    if (payment === null) return no(404, 'payment_not_found', 'no such payment');
    const read = giveBack.safeParse(body);
    if (!read.success) return no(400, 'invalid_request', read.error.issues[0]?.message ?? 'invalid');
    const { refundNo, amount: amountFen, reason } = read.data;
    const known = ledger.refund(name, own.merchantId, orderNo, refundNo);
    if (known !== null) {
      return known.outTradeNo === orderNo && known.amountFen === amountFen
        ? ok(refundView(life.settle(known)))
        : no(409, 'refund_conflict', 'the refund number was used with other values');
    }
    if (payment.paidAt === null) return no(409, 'not_refundable', 'nothing was captured');
    if (payment.refundedFen + amountFen > payment.amountFen)
      return no(409, 'refund_exceeds_payment', 'more than can be refunded');
    const row = ledger.newRefund(payment, {
      refundNo,
      amountFen,
      reason,
      notifyUrl: payment.notifyUrl,
      kind: 'refund',
    });
    const fails = faults.take(['refund_then_fails'], { channel: name, operation: 'refund', orderNo });
    row.settlesAs = fails === null ? 'succeeded' : 'closed';
    row.settlesAt = world.clock.now() + world.refundSettleMs;
    payment.refundedFen += amountFen;
    ledger.saveRefund(row);
    ledger.savePayment(payment);
    life.startSettling(row);
    return ok(refundView(row));
  }

  function queryRefund(own: Credentials, orderNo: string, refundNo: string): Answered {
    const row = ledger.refund(name, own.merchantId, orderNo, refundNo);
    return row === null || row.outTradeNo !== orderNo
      ? no(404, 'refund_not_found', 'no such refund')
      : ok(refundView(life.settle(row)));
  }

  function settlement(own: Credentials, day: string): Answered {
    const start = DateTime.fromFormat(day, 'yyyy-MM-dd', { zone: JAPAN });
    if (!start.isValid) return no(400, 'invalid_request', 'not a day');
    const now = DateTime.fromMillis(world.clock.now(), { zone: JAPAN });
    const readyAt = start.plus({ days: 1 }).plus({ hours: world.settings.billReadyHour });
    const today = day === now.toFormat('yyyy-MM-dd') && world.settings.billsForToday;
    if (now < readyAt && !today) return no(409, 'settlement_not_ready', 'not there yet');
    const { payments, refunds } = ledger.billRows(name, own.merchantId, day);

    const rows = [
      ...payments.map((row) => [
        row.outTradeNo,
        row.tradeNo,
        '',
        row.amountFen,
        feeOf(row.amountFen, own.feeBasisPoints),
        time(row.paidAt ?? row.createdAt),
      ]),
      ...refunds
        .filter((row) => row.state === 'succeeded' || row.state === 'processing')
        .map((row) => [
          row.outTradeNo,
          row.tradeNo,
          row.refundNo,
          -row.amountFen,
          -feeOf(row.amountFen, own.feeBasisPoints),
          time(row.createdAt),
        ]),
    ];
    const head = ['order_no', 'payment_id', 'refund_no', 'amount', 'fee', 'occurred_at'];
    return { status: 200, body: `${[head, ...rows].map((cells) => cells.join(',')).join('\n')}\n` };
  }

  interface Route {
    operation: Operation;
    run(own: Credentials, one: string, two: string, body: unknown): Answered | Promise<Answered>;
  }
  const routes: readonly (readonly [string, RegExp, Route])[] = [
    ['POST', /^\/payments$/, { operation: 'create', run: (own, _o, _t, body) => authorize(own, body) }],
    [
      'GET',
      /^\/payments\/([^/]+)$/,
      {
        operation: 'query',
        run: (own, orderNo) => {
          const payment = find(own, orderNo);
          return payment === null
            ? no(404, 'payment_not_found', 'no such payment')
            : ok(paymentView(life.queried(payment)));
        },
      },
    ],
    [
      'POST',
      /^\/payments\/([^/]+)\/capture$/,
      { operation: 'confirm', run: (own, orderNo, _t, body) => capture(own, orderNo, body) },
    ],
    ['POST', /^\/payments\/([^/]+)\/cancel$/, { operation: 'close', run: cancel }],
    [
      'POST',
      /^\/payments\/([^/]+)\/refunds$/,
      { operation: 'refund', run: (own, orderNo, _t, body) => refund(own, orderNo, body) },
    ],
    ['GET', /^\/payments\/([^/]+)\/refunds\/([^/]+)$/, { operation: 'query_refund', run: queryRefund }],
    ['GET', /^\/settlements\/([^/]+)$/, { operation: 'bill', run: settlement }],
  ];

  function admit(ctx: Koa.Context, path: string, body: Buffer): Credentials | Answered {
    const own = world.merchants().find((one) => one.merchantId === ctx.get('x-merchant'));
    if (own === undefined) return no(401, 'unauthorized', 'no such merchant');
    // Signed is the whole path as the client sees it.
    const whole = `${new URL(world.baseUrl()).pathname}/${name}${path}${ctx.search}`;
    const timestamp = ctx.get('x-timestamp');
    const expected = sealOf(own.secret, [ctx.method, whole, timestamp, ctx.get('x-nonce')], body);
    if (!sealFits(ctx.get('x-signature'), expected)) return no(401, 'unauthorized', 'wrong signature');
    if (!(Math.abs(world.clock.wall() / 1000 - Number(timestamp)) <= SKEW_S))
      return no(401, 'unauthorized', 'the timestamp is too far off');
    return own;
  }

  const seal = (secret: string, nonce: string, answered: Answered, corrupt = false): Reply => {
    const body = typeof answered.body === 'string' ? answered.body : JSON.stringify(answered.body);
    const signature = sealOf(secret, [nonce, String(answered.status)], corrupt ? `${body} ` : body);
    const type = typeof answered.body === 'string' ? 'text/csv; charset=utf-8' : 'application/json';
    return { status: answered.status, headers: { 'Content-Type': type, 'X-Signature': signature }, body };
  };

  function draft(
    url: string,
    merchantId: string,
    about: 'payment' | 'refund',
    orderNo: string,
    view: () => object,
  ) {
    const id = randomBytes(12).toString('hex');
    const draftOf: NotificationDraft = {
      channel: name,
      orderNo,
      about,
      schedule: RETRIES,
      timeoutMs: 5_000,
      acknowledged: (status) => status === 200,
      render: ({ tamper }) => {
        const told: Record<string, unknown> = { ...view() };
        if (tamper) told.amount = Number(told.amount) + 100;
        const body = JSON.stringify({ id, type: about, [about]: told });
        const timestamp = String(Math.floor(world.clock.wall() / 1000));
        const nonce = randomBytes(12).toString('hex');
        const secret = world.merchants().find((one) => one.merchantId === merchantId)?.secret ?? '';
        return {
          url,
          headers: {
            'Content-Type': 'application/json',
            'X-Timestamp': timestamp,
            'X-Nonce': nonce,
            'X-Signature': sealOf(secret, [timestamp, nonce], body),
          },
          body,
        };
      },
    };
    return draftOf;
  }

  async function tell(payment: Payment): Promise<void> {
    const { notifyUrl, merchant, outTradeNo } = payment;
    if (notifyUrl === null) return;
    const told = paymentView(payment);
    await world.notifier.send(draft(notifyUrl, merchant, 'payment', outTradeNo, () => told));
  }

  return {
    async handle(ctx, path) {
      const body = await readBody(ctx);
      const own = admit(ctx, path, body);
      const nonce = ctx.get('x-nonce');
      if ('status' in own) {
        const known = world.merchants().find((one) => one.merchantId === ctx.get('x-merchant'));
        return answer(ctx, seal(known?.secret ?? '', nonce, own));
      }
      for (const [method, pattern, route] of routes) {
        const match = ctx.method === method ? pattern.exec(path) : null;
        if (match === null) continue;
        const [, one = '', two = ''] = match.map((part) => decodeURIComponent(part));
        const content: unknown = body.length === 0 ? null : readJson(body);
        return exchange(ctx, faults, {
          channel: name,
          operation: route.operation,
          orderNo: one || (z.object({ orderNo: z.string() }).safeParse(content).data?.orderNo ?? null),
          run: async () => {
            const answered = await route.run(own, one, two, content);
            return ({ corrupt }) => seal(own.secret, nonce, answered, corrupt);
          },
          refuse: (fault) =>
            seal(
              own.secret,
              nonce,
              no(fault.status ?? 409, fault.code ?? 'declined', fault.message ?? 'refused'),
            ),
        });
      }
      ctx.status = 404;
    },

    async notifyPayment(payment) {
      if (payment.attach === MANUAL) {
        payment.state = 'paying';
        payment.paidAt = null;
        payment.attach = AUTHORIZED;
        ledger.savePayment(payment);
      }
      await tell(payment);
    },

    async notifyRefund(row) {
      if (row.notifyUrl === null) return;
      await world.notifier.send(
        draft(row.notifyUrl, row.merchant, 'refund', row.outTradeNo, () => refundView(row)),
      );
    },
  };
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
