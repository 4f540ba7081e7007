import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type Koa from 'koa';
import { z } from 'zod';
import { answer, exchange, type Reply, readBody } from '../exchange';
import type { Operation } from '../faults';
import type { Gateway, GatewayWorld } from '../gateway';
import type { Payment, Refund } from '../ledger';
import { feeOf, yuan } from '../yuan';

export const linepayCredentials = z.object({
  channelId: z.string(),
  channelSecret: z.string(),
  region: z.enum(['TW', 'TH']),
  feeBasisPoints: z.number().int().nonnegative(),
});

export type LinepayCredentials = z.infer<typeof linepayCredentials>;

export interface LinepayGateway extends Gateway {
  /** The merchant centre's export of a day (yyyy-MM-dd, Taipei time), CSV in UTF-8. Its layout is our own choice. */
  billFile(channelId: string, day: string): Buffer;
}

/** A request ends by itself after twenty minutes. */
const REQUEST_LIFE = 20 * 60_000;

const CURRENCY = { TW: 'TWD', TH: 'THB' } as const;
/** Baht have two decimals on the wire, New Taiwan dollars none. */
const SCALE = { TW: 1, TH: 100 } as const;

const amount = z.number().positive();
const newRequest = z.object({
  amount,
  currency: z.string(),
  orderId: z.string().min(1).max(100),
  packages: z
    .array(
      z.object({
        id: z.string(),
        amount,
        products: z.array(
          z.object({ name: z.string(), quantity: z.number().int().positive(), price: amount }),
        ),
      }),
    )
    .min(1),
  redirectUrls: z.object({ confirmUrl: z.url(), cancelUrl: z.url() }),
});
const scan = z.object({
  productName: z.string().min(1),
  amount,
  currency: z.string(),
  orderId: z.string().min(1).max(100),
  oneTimeKey: z.string(),
  capture: z.boolean().optional(),
});
const confirmation = z.object({ amount, currency: z.string() });
const giveBack = z.object({ refundAmount: amount.optional() });

interface Answered {
  returnCode: string;
  returnMessage: string;
  info?: unknown;
}
const ok = (info?: unknown): Answered => ({ returnCode: '0000', returnMessage: 'Success.', info });
const say = (returnCode: string, returnMessage: string): Answered => ({ returnCode, returnMessage });

/** What the payer agreed to; money moves when the merchant confirms. */
const AGREED = 'agreed';

export function openLinepay(world: GatewayWorld<LinepayCredentials>): LinepayGateway {
  const { ledger, life, faults } = world;
  const minor = (own: LinepayCredentials, value: number): number => Math.round(value * SCALE[own.region]);
  const exact = (own: LinepayCredentials, value: number): boolean =>
    Math.abs(value * SCALE[own.region] - minor(own, value)) < 1e-6;
  const wire = (own: LinepayCredentials, value: number): number =>
    Number(own.region === 'TH' ? yuan(value) : value);
  const time = (at: number) => new Date(at).toISOString().replace(/\.\d{3}/, '');

  const find = (own: LinepayCredentials, orderId: string): Payment | null => {
    const payment = ledger.payment('linepay', own.channelId, orderId);
    return payment === null ? null : life.refresh(payment);
  };
  const byTransaction = (own: LinepayCredentials, id: string): Payment | null => {
    const payment = ledger.paymentByTradeNo('linepay', id);
    return payment === null || payment.merchant !== own.channelId ? null : life.refresh(payment);
  };

  /** Numbers of nineteen digits stand bare in the JSON, as the real ones do. */
  const bare = (id: string) => `#${id}`;
  const payInfo = (own: LinepayCredentials, payment: Payment) => [
    { method: 'BALANCE', amount: wire(own, payment.amountFen) },
  ];

  function admissible(own: LinepayCredentials, asked: { amount: number; currency: string }): Answered | null {
    if (asked.currency !== CURRENCY[own.region]) return say('1124', 'wrong currency');
    return exact(own, asked.amount) ? null : say('1124', 'amount scale');
  }

  async function request(own: LinepayCredentials, body: unknown): Promise<Answered> {
    const read = newRequest.safeParse(body);
    if (!read.success) return say('2101', read.error.issues[0]?.message ?? 'parameter error');
    const asked = read.data;
    const wrong = admissible(own, asked);
    if (wrong !== null) return wrong;
    const sums = asked.packages.map(({ amount: whole, products }) => [
      minor(own, whole),
      products.reduce((sum, { quantity, price }) => sum + quantity * minor(own, price), 0),
    ]);
    const total = sums.reduce((sum, [whole = 0]) => sum + whole, 0);
    if (total !== minor(own, asked.amount) || sums.some(([whole, parts]) => whole !== parts))
      return say('2101', 'the packages do not add up');
    if (find(own, asked.orderId) !== null) return say('1172', 'existing same orderId');
    const payment = ledger.newPayment({
      gateway: 'linepay',
      merchant: own.channelId,
      appId: '',
      outTradeNo: asked.orderId,
      scene: 'h5',
      amountFen: minor(own, asked.amount),
      subject: asked.packages[0]?.products[0]?.name ?? '',
    });
    payment.payToken = `lp${randomBytes(8).toString('hex')}`;
    payment.expiresAt = payment.createdAt + REQUEST_LIFE;
    ledger.savePayment(payment);
    if (world.settings.autoPay) setTimeout(() => void life.pay(payment), 50).unref();
    return ok({
      transactionId: bare(payment.tradeNo),
      paymentAccessToken: payment.tradeNo.slice(-12),
      paymentUrl: {
        web: `${world.baseUrl()}/patient?qr=${payment.payToken}`,
        app: `line://pay/payment/${payment.payToken}`,
      },
    });
  }

  function check(own: LinepayCredentials, id: string): Answered {
    const payment = byTransaction(own, id);
    if (payment === null) return say('1150', 'Transaction record not found.');
    switch (payment.state) {
      case 'waiting':
        return say('0000', 'reserved transaction.');
      case 'paying':
        return payment.attach === AGREED
          ? say('0110', 'authed transaction.')
          : say('0000', 'reserved transaction.');
      case 'paid':
        return say('0123', 'complete transaction.');
      case 'closed':
      case 'reversed':
        return say('0121', 'canceled transaction.');
      case 'failed':
        return say('0122', 'failed transaction.');
      default:
        return payment.state satisfies never;
    }
  }

  function confirm(own: LinepayCredentials, id: string, body: unknown): Answered {
    const read = confirmation.safeParse(body);
    const payment = byTransaction(own, id);
    if (!read.success || payment === null) return say('1150', 'Transaction record not found.');
    if (payment.state === 'paid') return say('1152', 'already confirmed');
    if (payment.attach !== AGREED || payment.state !== 'paying') return say('1169', 'not authenticated');
    const { currency } = read.data;
    if (currency !== CURRENCY[own.region] || minor(own, read.data.amount) !== payment.amountFen)
      return say('1153', 'amount differs from the request');
    payment.state = 'paid';
    payment.paidAt = world.clock.now();
    ledger.savePayment(payment);
    return ok({
      orderId: payment.outTradeNo,
      transactionId: bare(payment.tradeNo),
      payInfo: payInfo(own, payment),
    });
  }

  function scanned(own: LinepayCredentials, body: unknown): Answered {
    const read = scan.safeParse(body);
    if (!read.success) return say('2101', read.error.issues[0]?.message ?? 'parameter error');
    const asked = read.data;
    const wrong = admissible(own, asked);
    if (wrong !== null) return wrong;
    if (find(own, asked.orderId) !== null) return say('1172', 'existing same orderId');
    const amountFen = minor(own, asked.amount);
    const fate = world.outcomes.of('linepay', asked.oneTimeKey, amountFen);
    if (fate === 'auth_code_invalid') return say('1133', 'invalid oneTimeKey');
    ledger.saveUsedCode(asked.oneTimeKey);
    const payment = ledger.newPayment({
      gateway: 'linepay',
      merchant: own.channelId,
      appId: '',
      outTradeNo: asked.orderId,
      scene: 'micropay',
      amountFen,
      subject: asked.productName,
    });
    payment.authCode = asked.oneTimeKey;
    payment.expiresAt = payment.createdAt + 5 * 60_000;
    ledger.savePayment(payment);
    switch (fate) {
      case 'pays':
        void life.pay(payment);
        return ok({
          transactionId: bare(payment.tradeNo),
          orderId: payment.outTradeNo,
          transactionDate: time(payment.paidAt ?? payment.createdAt),
          payInfo: payInfo(own, payment),
        });
      case 'system_error_paid':
        void life.pay(payment);
        return say('9000', 'internal error');
      case 'system_error_unpaid':
        return say('9000', 'internal error');
      case 'paying_then_pays':
      case 'paying_for_ever':
        payment.state = 'paying';
        payment.queriesUntilPaid = fate === 'paying_then_pays' ? world.outcomes.queriesUntilPaid : null;
        ledger.savePayment(payment);
        return say('1145', 'payment in progress');
      case 'insufficient_funds':
        payment.state = 'failed';
        payment.endedAt = world.clock.now();
        ledger.savePayment(payment);
        return say('1142', 'insufficient balance');
      default:
        return fate satisfies never;
    }
  }

  function checkOrder(own: LinepayCredentials, orderId: string): Answered {
    const known = find(own, orderId);
    if (known === null) return say('1150', 'Transaction record not found.');
    const payment = life.queried(known);
    const status =
      payment.paidAt !== null
        ? 'COMPLETE'
        : payment.state === 'failed' || payment.state === 'closed'
          ? 'FAIL'
          : 'AUTH_READY';
    return ok({
      status,
      orderId,
      ...(payment.paidAt === null
        ? {}
        : {
            transactionId: bare(payment.tradeNo),
            transactionDate: time(payment.paidAt),
            payInfo: payInfo(own, payment),
          }),
    });
  }

  function refund(own: LinepayCredentials, payment: Payment | null, body: unknown): Answered {
    const read = giveBack.safeParse(body);
    if (payment === null || payment.paidAt === null) return say('1150', 'Transaction record not found.');
    if (!read.success) return say('2101', 'parameter error');
    const left = payment.amountFen - payment.refundedFen;
    if (left === 0) return say('1165', 'already refunded');
    const amountFen = read.data.refundAmount === undefined ? left : minor(own, read.data.refundAmount);
    if (read.data.refundAmount !== undefined && !exact(own, read.data.refundAmount))
      return say('1124', 'amount scale');
    if (amountFen > left) return say('1164', 'over refundable amount');
    const number = `${payment.outTradeNo}-${ledger.refundsOf(payment).length + 1}`;
    // No number of the merchant's comes along: sent twice it pays back twice.
    const row = ledger.newRefund(payment, {
      refundNo: number,
      amountFen,
      reason: null,
      notifyUrl: null,
      kind: 'refund',
    });
    row.state = 'succeeded';
    row.succeededAt = row.createdAt;
    payment.refundedFen += amountFen;
    ledger.saveRefund(row);
    ledger.savePayment(payment);
    return ok({ refundTransactionId: bare(row.refundId), refundTransactionDate: time(row.createdAt) });
  }

  function details(own: LinepayCredentials, query: URLSearchParams): Answered {
    const orders = query.getAll('orderId[]').map((orderId) => find(own, orderId));
    const transactions = query.getAll('transactionId[]').map((id) => byTransaction(own, id));
    const found = [...orders, ...transactions].filter(
      (payment) => payment !== null && payment.paidAt !== null,
    );
    if (found.length === 0) return say('1150', 'Transaction record not found.');
    const view = (payment: Payment) => ({
      transactionId: bare(payment.tradeNo),
      orderId: payment.outTradeNo,
      transactionDate: time(payment.paidAt ?? payment.createdAt),
      transactionType: 'PAYMENT',
      payStatus: 'CAPTURE',
      productName: payment.subject,
      currency: CURRENCY[own.region],
      payInfo: payInfo(own, payment),
      refundList: ledger.refundsOf(payment).map((row: Refund) => ({
        refundTransactionId: bare(row.refundId),
        transactionType: row.amountFen === payment.amountFen ? 'PAYMENT_REFUND' : 'PARTIAL_REFUND',
        refundAmount: -wire(own, row.amountFen),
        refundTransactionDate: time(row.createdAt),
      })),
    });
    return ok(found.flatMap((payment) => (payment === null ? [] : [view(payment)])));
  }

  interface Route {
    operation: Operation;
    run(own: LinepayCredentials, parameter: string, body: unknown): Answered | Promise<Answered>;
  }
  const routes: readonly (readonly [string, RegExp, Route])[] = [
    [
      'POST',
      /^\/v3\/payments\/request$/,
      { operation: 'create', run: (own, _p, body) => request(own, body) },
    ],
    ['GET', /^\/v3\/payments\/requests\/(\d+)\/check$/, { operation: 'query', run: check }],
    ['POST', /^\/v3\/payments\/(\d+)\/confirm$/, { operation: 'confirm', run: confirm }],
    [
      'POST',
      /^\/v3\/payments\/(\d+)\/refund$/,
      { operation: 'refund', run: (own, id, body) => refund(own, byTransaction(own, id), body) },
    ],
    [
      'POST',
      /^\/v2\/payments\/oneTimeKeys\/pay$/,
      { operation: 'pay', run: (own, _p, body) => scanned(own, body) },
    ],
    ['GET', /^\/v2\/payments\/orders\/([^/]+)\/check$/, { operation: 'query', run: checkOrder }],
    [
      'POST',
      /^\/v2\/payments\/orders\/([^/]+)\/refund$/,
      { operation: 'refund', run: (own, orderId, body) => refund(own, find(own, orderId), body) },
    ],
  ];

  /** v3 is signed; v2 shows the secret itself. */
  function admit(ctx: Koa.Context, path: string, body: Buffer): LinepayCredentials | null {
    const own = world.merchants().find((one) => one.channelId === ctx.get('x-line-channelid'));
    if (own === undefined) return null;
    if (path.startsWith('/v2/')) return same(ctx.get('x-line-channelsecret'), own.channelSecret) ? own : null;
    const content = ctx.method === 'GET' ? ctx.querystring : body.toString('utf8');
    const expected = createHmac('sha256', own.channelSecret)
      .update(own.channelSecret + path + content + ctx.get('x-line-authorization-nonce'))
      .digest('base64');
    return same(ctx.get('x-line-authorization'), expected) ? own : null;
  }

  return {
    async handle(ctx, path) {
      const body = await readBody(ctx);
      const own = admit(ctx, path, body);
      if (own === null) return answer(ctx, reply(say('1106', 'header information error')));
      const content: unknown = body.length === 0 ? null : readJson(body);
      const serve = (operation: Operation, orderNo: string | null, run: () => Answered | Promise<Answered>) =>
        exchange(ctx, faults, {
          channel: 'linepay',
          operation,
          orderNo,
          run: async () => {
            const answered = await run();
            return () => reply(answered);
          },
          refuse: (fault) => reply(say(fault.code ?? '9000', fault.message ?? 'refused')),
        });
      if (ctx.method === 'GET' && path === '/v3/payments') {
        const query = new URLSearchParams(ctx.querystring);
        return serve('query_refund', query.get('orderId[]'), () => details(own, query));
      }
      for (const [method, pattern, route] of routes) {
        const match = ctx.method === method ? pattern.exec(path) : null;
        if (match === null) continue;
        const parameter = decodeURIComponent(match[1] ?? '');
        const orderNo =
          z.object({ orderId: z.string() }).safeParse(content).data?.orderId ??
          byTransaction(own, parameter)?.outTradeNo ??
          (parameter === '' ? null : parameter);
        return serve(route.operation, orderNo, () => route.run(own, parameter, content));
      }
      ctx.status = 404;
    },

    /** No server is told. The payer has agreed; the money waits for the confirmation. */
    async notifyPayment(payment) {
      if (payment.scene === 'micropay') return;
      payment.state = 'paying';
      payment.paidAt = null;
      payment.attach = AGREED;
      ledger.savePayment(payment);
    },

    billFile(channelId, day) {
      const own = world.merchants().find((one) => one.channelId === channelId);
      if (own === undefined) throw new Error(`the sandbox has no LINE Pay channel ${channelId}`);
      const { payments, refunds } = ledger.billRows('linepay', channelId, day);
      const text = (value: number) => (own.region === 'TH' ? yuan(value) : String(value));
      const rows = [
        ...payments.map((row) => [
          row.outTradeNo,
          row.tradeNo,
          text(row.amountFen),
          text(feeOf(row.amountFen, own.feeBasisPoints)),
          time(row.paidAt ?? row.createdAt),
        ]),
        ...refunds.map((row) => [
          row.outTradeNo,
          row.tradeNo,
          text(-row.amountFen),
          text(feeOf(row.amountFen, own.feeBasisPoints)),
          time(row.createdAt),
        ]),
      ];
      const lines = [['Order ID', 'Transaction ID', 'Amount', 'Fee', 'Transaction date'], ...rows];
      return Buffer.from(`${lines.map((cells) => cells.join(',')).join('\r\n')}\r\n`);
    },
  };
}

function same(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}

function reply(answered: Answered): Reply {
  return {
    status: 200,
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(answered).replace(/"#(\d+)"/g, '$1'),
  };
}

function readJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    return null;
  }
}
