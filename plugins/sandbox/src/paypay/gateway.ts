import { randomBytes } from 'node:crypto';
import iconv from 'iconv-lite';
import type Koa from 'koa';
import { DateTime } from 'luxon';
import { z } from 'zod';
import { answer, exchange, type Reply, readBody } from '../exchange';
import type { Operation } from '../faults';
import type { Gateway, GatewayWorld } from '../gateway';
import type { Payment, Refund } from '../ledger';
import { feeOf } from '../yuan';
import { readAuthorization } from './signing';

export const JAPAN = 'Asia/Tokyo';

export const paypayCredentials = z.object({
  merchantId: z.string(),
  apiKey: z.string(),
  apiSecret: z.string(),
  /** Where the merchant wants its webhooks; '' = nowhere. Registered at PayPay, not sent with an order. */
  webhookUrl: z.string(),
  feeBasisPoints: z.number().int().nonnegative(),
});

export type PaypayCredentials = z.infer<typeof paypayCredentials>;

export interface PaypayGateway extends Gateway {
  registerWebhook(merchantId: string, url: string): void;
  /** The reconciliation file of a day (yyyy-MM-dd, Japan time): CSV in Shift_JIS. Its layout is our own choice. */
  billFile(merchantId: string, day: string): Buffer;
}

/** A code lives five minutes. */
const CODE_LIFE = 5 * 60_000;
/** Cancelling ends at 00:14:59 of the next day. */
const CANCEL_GRACE_MINUTES = 15;
const RETRIES = [10, 30, 60].map((seconds) => seconds * 1000);

const money = z.object({ amount: z.number().int().positive(), currency: z.literal('JPY') });
const newCode = z.object({
  merchantPaymentId: z.string().min(1).max(64),
  amount: money,
  codeType: z.literal('ORDER_QR'),
  orderDescription: z.string().max(255).optional(),
  isAuthorization: z.literal(false).optional(),
  redirectUrl: z.url().optional(),
  redirectType: z.enum(['WEB_LINK', 'APP_DEEP_LINK']).optional(),
  requestedAt: z.number().int(),
});
const newRefund = z.object({
  merchantRefundId: z.string().min(1).max(64),
  paymentId: z.string(),
  amount: money,
  requestedAt: z.number().int(),
  reason: z.string().max(255).optional(),
});
/** Without a merchant: for all. */
const webhookBody = z.object({
  merchantId: z.string().min(1).optional(),
  url: z.union([z.url(), z.literal('')]),
});

type Answered = { status: number; code: string; message: string; data: object | null };

const ok = (data: object | null, status = 200): Answered => ({
  status,
  code: status === 202 ? 'REQUEST_ACCEPTED' : 'SUCCESS',
  message: 'Success',
  data,
});
const no = (status: number, code: string, message: string): Answered => ({
  status,
  code,
  message,
  data: null,
});

export function openPaypay(world: GatewayWorld<PaypayCredentials>): PaypayGateway {
  const { ledger, life, faults } = world;
  const webhooks = new Map<string, string>();
  const webhookOf = (merchantId: string): string =>
    webhooks.get(merchantId) ??
    world.merchants().find((own) => own.merchantId === merchantId)?.webhookUrl ??
    '';
  const seconds = (at: number) => Math.floor(at / 1000);

  const byCode = (merchant: PaypayCredentials, codeId: string): Payment | null =>
    ledger
      .payments({ gateway: 'paypay', merchant: merchant.merchantId })
      .find((payment) => payment.attach === codeId) ?? null;

  const own = (merchant: PaypayCredentials, number: string): Payment | null => {
    const payment = ledger.payment('paypay', merchant.merchantId, number);
    return payment === null ? null : life.refresh(payment);
  };

  function statusOf(payment: Payment): string {
    switch (payment.state) {
      case 'waiting':
      case 'paying':
        return 'CREATED';
      case 'paid':
        return payment.refundedFen === payment.amountFen ? 'REFUNDED' : 'COMPLETED';
      case 'closed':
        return 'EXPIRED';
      case 'reversed':
        return 'CANCELED';
      case 'failed':
        return 'FAILED';
      default:
        return payment.state satisfies never;
    }
  }

  const paymentView = (payment: Payment) => ({
    ...(payment.paidAt === null ? {} : { paymentId: payment.tradeNo, acceptedAt: seconds(payment.paidAt) }),
    status: statusOf(payment),
    merchantPaymentId: payment.outTradeNo,
    amount: { amount: payment.amountFen, currency: 'JPY' },
    requestedAt: seconds(payment.createdAt),
  });

  const refundView = (refund: Refund) => ({
    status: { processing: 'CREATED', succeeded: 'REFUNDED', abnormal: 'FAILED', closed: 'FAILED' }[
      refund.state
    ],
    ...(refund.succeededAt === null ? {} : { acceptedAt: seconds(refund.succeededAt) }),
    merchantRefundId: refund.refundNo,
    paymentId: refund.tradeNo,
    amount: { amount: refund.amountFen, currency: 'JPY' },
    requestedAt: seconds(refund.createdAt),
    reason: refund.reason ?? '',
  });

  const codeView = (payment: Payment) => ({
    codeId: payment.attach ?? '',
    url: `${world.baseUrl()}/patient?qr=${payment.payToken}`,
    deeplink: `paypay://payment?qr=${payment.payToken}`,
    expiryDate: seconds(payment.expiresAt ?? 0),
    merchantPaymentId: payment.outTradeNo,
    amount: { amount: payment.amountFen, currency: 'JPY' },
    codeType: 'ORDER_QR',
    requestedAt: seconds(payment.createdAt),
  });

  async function createCode(merchant: PaypayCredentials, body: unknown): Promise<Answered> {
    const read = newCode.safeParse(body);
    if (!read.success) return no(400, 'INVALID_REQUEST_PARAMS', read.error.issues[0]?.message ?? 'invalid');
    const { merchantPaymentId, amount, orderDescription } = read.data;
    if (own(merchant, merchantPaymentId) !== null)
      return no(400, 'DUPLICATE_DYNAMIC_QR_REQUEST', 'Duplicate Dynamic QR request');
    const payment = ledger.newPayment({
      gateway: 'paypay',
      merchant: merchant.merchantId,
      appId: '',
      outTradeNo: merchantPaymentId,
      scene: read.data.redirectType === 'APP_DEEP_LINK' ? 'app' : read.data.redirectType ? 'h5' : 'native',
      amountFen: amount.amount,
      subject: orderDescription ?? '',
    });
    payment.attach = `04-${randomBytes(12).toString('hex')}`;
    payment.payToken = `pp${randomBytes(8).toString('hex')}`;
    payment.expiresAt = payment.createdAt + CODE_LIFE;
    payment.notifyUrl = webhookOf(merchant.merchantId) || null;
    ledger.savePayment(payment);
    const early = faults.take(['notify_before_reply'], {
      channel: 'paypay',
      operation: 'create',
      orderNo: payment.outTradeNo,
    });
    if (early !== null) await life.pay(payment);
    else if (world.settings.autoPay) setTimeout(() => void life.pay(payment), 50).unref();
    return ok(codeView(payment), 201);
  }

  function endCode(payment: Payment, state: 'closed' | 'reversed'): void {
    payment.state = state;
    payment.endedAt = world.clock.now();
    ledger.savePayment(payment);
  }

  function paidMeanwhile(payment: Payment): boolean {
    const race = faults.take(['pay_after_close'], {
      channel: 'paypay',
      operation: 'close',
      orderNo: payment.outTradeNo,
    });
    if (race !== null) void life.pay(payment);
    return race?.closeAnswersDone === true;
  }

  function deleteCode(merchant: PaypayCredentials, codeId: string): Answered {
    const payment = byCode(merchant, codeId);
    if (payment === null) return no(404, 'DYNAMIC_QR_NOT_FOUND', 'Dynamic QR code not found');
    if (paidMeanwhile(payment)) return ok(null);
    if (life.refresh(payment).state !== 'waiting')
      return no(404, 'DYNAMIC_QR_NOT_FOUND', 'Dynamic QR code not found');
    endCode(payment, 'closed');
    return ok(null);
  }

  function cancel(merchant: PaypayCredentials, number: string): Answered {
    const payment = own(merchant, number);
    if (payment === null) return no(404, 'DYNAMIC_QR_PAYMENT_NOT_FOUND', 'Payment not found');
    if (paidMeanwhile(payment)) return ok(null, 202);
    if (payment.state === 'reversed') return ok(null, 202);
    if (payment.paidAt !== null) {
      const until = DateTime.fromMillis(payment.paidAt, { zone: JAPAN })
        .plus({ days: 1 })
        .startOf('day')
        .plus({ minutes: CANCEL_GRACE_MINUTES });
      if (payment.refundedFen > 0 || world.clock.now() >= until.toMillis())
        return no(400, 'ORDER_NOT_REVERSIBLE', 'Order cannot be reversed');
      const reversal = ledger.newRefund(payment, {
        refundNo: `CANCEL${payment.outTradeNo}`,
        amountFen: payment.amountFen,
        reason: 'cancel',
        notifyUrl: null,
        kind: 'reversal',
      });
      reversal.state = 'succeeded';
      reversal.succeededAt = reversal.createdAt;
      ledger.saveRefund(reversal);
      payment.refundedFen = payment.amountFen;
    }
    endCode(payment, 'reversed');
    return ok(null, 202);
  }

  function refund(merchant: PaypayCredentials, body: unknown): Answered {
    const read = newRefund.safeParse(body);
    if (!read.success) return no(400, 'INVALID_REQUEST_PARAMS', read.error.issues[0]?.message ?? 'invalid');
    const { merchantRefundId, paymentId, amount, reason } = read.data;
    const payment = ledger.paymentByTradeNo('paypay', paymentId);
    if (payment === null || payment.merchant !== merchant.merchantId || payment.paidAt === null)
      return no(404, 'DYNAMIC_QR_PAYMENT_NOT_FOUND', 'Payment not found');
    const known = ledger.refund('paypay', merchant.merchantId, null, merchantRefundId);
    if (known !== null) {
      const same = known.tradeNo === paymentId && known.amountFen === amount.amount;
      return same
        ? ok(refundView(life.settle(known)))
        : no(400, 'INVALID_REQUEST_PARAMS', 'The refund id was used with other values');
    }
    if (payment.refundedFen + amount.amount > payment.amountFen)
      return no(400, 'UNACCEPTABLE_OP', 'More than can be refunded');
    const row = ledger.newRefund(payment, {
      refundNo: merchantRefundId,
      amountFen: amount.amount,
      reason: reason ?? null,
      notifyUrl: null,
      kind: 'refund',
    });
    const fails = faults.take(['refund_then_fails'], {
      channel: 'paypay',
      operation: 'refund',
      orderNo: payment.outTradeNo,
    });
    row.settlesAs = fails === null ? 'succeeded' : 'closed';
    row.settlesAt = world.clock.now() + (fails === null ? 0 : world.refundSettleMs);
    payment.refundedFen += amount.amount;
    ledger.saveRefund(row);
    ledger.savePayment(payment);
    life.startSettling(row);
    return ok(refundView(life.settle(row)), 201);
  }

  function queryRefund(merchant: PaypayCredentials, refundNo: string): Answered {
    const row = ledger.refund('paypay', merchant.merchantId, null, refundNo);
    return row === null ? no(404, 'REFUND_NOT_FOUND', 'Refund not found') : ok(refundView(life.settle(row)));
  }

  function queryPayment(merchant: PaypayCredentials, number: string): Answered {
    const payment = own(merchant, number);
    return payment === null
      ? no(404, 'DYNAMIC_QR_PAYMENT_NOT_FOUND', 'Dynamic QR payment not found')
      : ok(paymentView(life.queried(payment)));
  }

  interface Route {
    operation: Operation;
    orderNo(parameter: string, body: unknown): string | null;
    run(merchant: PaypayCredentials, parameter: string, body: unknown): Answered | Promise<Answered>;
  }
  const named = (parameter: string) => parameter;
  const inBody = (_parameter: string, body: unknown): string | null =>
    z.object({ merchantPaymentId: z.string() }).safeParse(body).data?.merchantPaymentId ?? null;
  const routes: readonly (readonly [string, RegExp, Route])[] = [
    [
      'POST',
      /^\/v2\/codes$/,
      { operation: 'create', orderNo: inBody, run: (own, _p, body) => createCode(own, body) },
    ],
    ['DELETE', /^\/v2\/codes\/([^/]+)$/, { operation: 'close', orderNo: () => null, run: deleteCode }],
    ['GET', /^\/v2\/codes\/payments\/([^/]+)$/, { operation: 'query', orderNo: named, run: queryPayment }],
    ['DELETE', /^\/v2\/payments\/([^/]+)$/, { operation: 'close', orderNo: named, run: cancel }],
    [
      'POST',
      /^\/v2\/refunds$/,
      { operation: 'refund', orderNo: () => null, run: (own, _p, body) => refund(own, body) },
    ],
    ['GET', /^\/v2\/refunds\/([^/]+)$/, { operation: 'query_refund', orderNo: () => null, run: queryRefund }],
  ];

  function admit(ctx: Koa.Context, path: string, body: Buffer): PaypayCredentials | Answered {
    const read = readAuthorization({
      method: ctx.method,
      path,
      contentType: ctx.get('content-type'),
      body,
      authorization: ctx.get('authorization'),
    });
    const merchant = world.merchants().find((one) => one.apiKey === read?.apiKey);
    if (read === null || merchant === undefined) return no(401, 'UNAUTHORIZED', 'Unauthorized request');
    const fault = read.verify(merchant.apiSecret, seconds(world.clock.wall()));
    if (fault !== null) return no(401, 'UNAUTHORIZED', fault);
    if (ctx.get('x-assume-merchant') !== merchant.merchantId)
      return no(401, 'OP_OUT_OF_SCOPE', 'The key does not act for this merchant');
    return merchant;
  }

  return {
    async handle(ctx, path) {
      const body = await readBody(ctx);
      const merchant = admit(ctx, path, body);
      if ('status' in merchant) return answer(ctx, reply(merchant));
      for (const [method, pattern, route] of routes) {
        const match = ctx.method === method ? pattern.exec(path) : null;
        if (match === null) continue;
        const parameter = decodeURIComponent(match[1] ?? '');
        const content: unknown = body.length === 0 ? null : readJson(body);
        return exchange(ctx, faults, {
          channel: 'paypay',
          operation: route.operation,
          orderNo: route.orderNo(parameter, content),
          run: async () => {
            const answered = await route.run(merchant, parameter, content);
            return () => reply(answered);
          },
          refuse: (fault) => {
            const code = fault.code ?? 'INTERNAL_SERVER_ERROR';
            const status = fault.status ?? (/^(INTERNAL|SERVICE)/.test(code) ? 500 : 400);
            return reply(no(status, code, fault.message ?? 'refused'));
          },
        });
      }
      ctx.status = 404;
    },

    async notifyPayment(payment) {
      const url = payment.notifyUrl;
      if (url === null) return;
      const at = new Date(payment.paidAt ?? world.clock.now()).toISOString().replace(/\.\d{3}/, '');
      await world.notifier.send({
        channel: 'paypay',
        orderNo: payment.outTradeNo,
        about: 'payment',
        schedule: RETRIES,
        timeoutMs: 5_000,
        acknowledged: (status) => status === 200,
        // No signature, as with the real one: anybody could have written this.
        render: ({ tamper }) => ({
          url,
          headers: { 'Content-Type': 'application/json' },
          body: JSON.stringify({
            notification_type: 'Transaction',
            merchant_id: payment.merchant,
            store_id: null,
            pos_id: null,
            order_id: payment.tradeNo,
            merchant_order_id: payment.outTradeNo,
            authorized_at: at,
            paid_at: at,
            expires_at: null,
            order_amount: String(payment.amountFen + (tamper ? 100 : 0)),
            state: statusOf(payment),
          }),
        }),
      });
    },

    registerWebhook: (merchantId, url) => void webhooks.set(merchantId, url),

    billFile(merchantId, day) {
      const { payments, refunds } = ledger.billRows('paypay', merchantId, day);
      const fee = world.merchants().find((one) => one.merchantId === merchantId)?.feeBasisPoints ?? 0;
      const time = (at: number) => DateTime.fromMillis(at, { zone: JAPAN }).toFormat('yyyy-MM-dd HH:mm:ss');
      const rows = [
        ...payments.map((row) => [
          row.tradeNo,
          row.outTradeNo,
          '',
          '取引完了',
          time(row.paidAt ?? row.createdAt),
          row.amountFen,
          feeOf(row.amountFen, fee),
        ]),
        ...refunds
          .filter((row) => row.state !== 'closed' && row.state !== 'abnormal')
          .map((row) => [
            row.tradeNo,
            row.outTradeNo,
            row.refundNo,
            '返金完了',
            time(row.createdAt),
            -row.amountFen,
            -feeOf(row.amountFen, fee),
          ]),
      ];
      const lines = [HEADINGS, ...rows].map((cells) => cells.map((cell) => `"${cell}"`).join(','));
      return iconv.encode(`${lines.join('\r\n')}\r\n`, 'shift_jis');
    },

    levers: {
      'POST /webhook': (body) => {
        const { merchantId, url } = webhookBody.parse(body);
        for (const own of world.merchants()) {
          if ((merchantId ?? own.merchantId) === own.merchantId) webhooks.set(own.merchantId, url);
        }
        return { registered: url !== '' };
      },
    },
  };
}

const HEADINGS = [
  '決済番号',
  'マーチャント決済ID',
  'マーチャント返金ID',
  '取引ステータス',
  '取引日時',
  '取引金額',
  '決済手数料',
];

function reply({ status, code, message, data }: Answered): Reply {
  return {
    status,
    headers: { 'Content-Type': 'application/json', 'X-REQUEST-ID': randomBytes(8).toString('hex') },
    body: JSON.stringify({ resultInfo: { code, message, codeId: '08100001' }, data }),
  };
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
