import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { gzipSync } from 'node:zlib';
import { z } from 'zod';
import { chinaRfc3339, type SandboxClock } from '../clock';
import type { GatewayWorld } from '../gateway';
import type { Payment, Refund, Scene } from '../ledger';
import { fundFlowBill, tradeBill, tradeType } from './bills';
import type { WechatCredentials } from './credentials';
import { isRefusal, type NewOrder, type WechatOrders } from './orders';
import { encryptResource } from './signing';
import {
  type Answer,
  bodyNumber,
  createV3Door,
  error,
  invalid,
  number,
  type Request,
  type Route,
  refused,
  type V3Door,
} from './v3-door';

/** The official host: the sandbox cannot know under which name the client's own rewriting reaches it. */
const OFFICIAL = 'https://api.mch.weixin.qq.com';

const amount = z.object({
  total: z.number().int().min(1).max(100_000_000_00),
  currency: z.literal('CNY').optional(),
});
const outTradeNo = z.string().regex(/^[0-9A-Za-z_\-|*]{6,32}$/);
const payerScene = z.object({
  payer_client_ip: z.string().optional(),
  device_id: z.string().max(32).optional(),
  h5_info: z.object({ type: z.string() }).optional(),
});
const createBody = z.object({
  appid: z.string(),
  mchid: z.string(),
  description: z.string().min(1).max(127),
  out_trade_no: outTradeNo,
  time_expire: z.iso.datetime({ offset: true }).optional(),
  attach: z.string().max(128).optional(),
  notify_url: z
    .string()
    .max(256)
    .regex(/^https?:\/\/[^?]+$/),
  amount,
  payer: z.object({ openid: z.string().min(1) }).optional(),
  scene_info: payerScene.optional(),
});
const codepayBody = z.object({
  appid: z.string(),
  mchid: z.string(),
  description: z.string().min(1).max(127),
  out_trade_no: outTradeNo,
  attach: z.string().max(128).optional(),
  payer: z.object({ auth_code: z.string().min(1) }),
  amount,
  scene_info: z.object({
    device_id: z.string().max(32).optional(),
    device_ip: z.string().optional(),
    store_info: z.object({ id: z.string().optional(), out_id: z.string().optional() }).optional(),
  }),
});
const refundBody = z.object({
  transaction_id: z.string().optional(),
  out_trade_no: z.string().optional(),
  out_refund_no: z.string().regex(/^[0-9A-Za-z_\-|*@]{1,64}$/),
  reason: z.string().max(80).optional(),
  notify_url: z.string().max(256).optional(),
  amount: z.object({
    refund: z.number().int().min(1),
    total: z.number().int().min(1),
    currency: z.literal('CNY'),
  }),
});

const SCENES: Record<string, Scene> = { jsapi: 'jsapi', native: 'native', h5: 'h5', app: 'app' };

export function createWechatV3(
  world: GatewayWorld<WechatCredentials>,
  orders: WechatOrders,
  files: BillFiles,
  settings: { bom: boolean },
): V3Door {
  async function create(request: Request): Promise<Answer> {
    const scene = SCENES[request.params[0] ?? ''];
    const parsed = createBody.safeParse(request.body);
    if (scene === undefined || !parsed.success) return invalid(parsed.error);
    const body = parsed.data;
    const mismatch = identity(request.merchant, body);
    if (mismatch !== null) return mismatch;
    if (scene === 'jsapi' && body.payer === undefined)
      return error('PARAM_ERROR', '请求参数缺失 payer.openid');
    if (scene === 'h5' && body.scene_info?.h5_info === undefined) {
      return error('PARAM_ERROR', '请求参数缺失 scene_info.h5_info.type');
    }
    const order: NewOrder = {
      outTradeNo: body.out_trade_no,
      totalFen: body.amount.total,
      description: body.description,
      notifyUrl: body.notify_url,
      attach: body.attach ?? null,
      deviceId: body.scene_info?.device_id ?? null,
      openid: body.payer?.openid ?? null,
      expiresAt: body.time_expire === undefined ? null : Date.parse(body.time_expire),
      scene,
    };
    if (order.expiresAt !== null && order.expiresAt <= world.clock.now()) {
      return error('PARAM_ERROR', 'time_expire 必须晚于当前时间');
    }
    const payment = await orders.create(request.merchant, order);
    if (isRefusal(payment)) return refused(payment);
    const token = payment.payToken ?? '';
    if (scene === 'native') return { status: 200, json: { code_url: token } };
    if (scene === 'h5') {
      return { status: 200, json: { h5_url: `${world.baseUrl()}/patient?qr=${encodeURIComponent(token)}` } };
    }
    return { status: 200, json: { prepay_id: token } };
  }

  async function codepay(request: Request): Promise<Answer> {
    const parsed = codepayBody.safeParse(request.body);
    if (!parsed.success) return invalid(parsed.error);
    const body = parsed.data;
    const mismatch = identity(request.merchant, body);
    if (mismatch !== null) return mismatch;
    const payment = await orders.scan(
      request.merchant,
      {
        outTradeNo: body.out_trade_no,
        totalFen: body.amount.total,
        description: body.description,
        notifyUrl: null,
        attach: body.attach ?? null,
        deviceId: body.scene_info.device_id ?? null,
        openid: null,
        expiresAt: null,
        scene: 'micropay',
      },
      body.payer.auth_code,
    );
    return isRefusal(payment) ? refused(payment) : { status: 200, json: orderObject(payment) };
  }

  function query(request: Request, ref: { outTradeNo?: string; transactionId?: string }): Answer {
    if (request.query.get('mchid') !== request.merchant.mchid)
      return error('PARAM_ERROR', 'mchid 与签名商户不一致');
    const payment = orders.find(request.merchant, ref);
    if (payment === null) return error('ORDER_NOT_EXIST', '订单不存在');
    return { status: 200, json: orderObject(orders.query(payment)) };
  }

  function close(request: Request): Answer {
    const payment = orders.find(request.merchant, { outTradeNo: number(request) });
    if (payment === null) return error('ORDER_NOT_EXIST', '订单不存在');
    const result = orders.close(payment);
    return isRefusal(result) ? refused(result) : { status: 204, json: null };
  }

  function reverse(request: Request): Answer {
    const payment = orders.find(request.merchant, { outTradeNo: number(request) });
    if (payment === null) return error('ORDER_NOT_EXIST', '订单不存在');
    const result = orders.reverse(payment);
    return isRefusal(result) ? refused(result) : { status: 200, json: orderObject(result) };
  }

  function refund(request: Request): Answer {
    const parsed = refundBody.safeParse(request.body);
    if (!parsed.success) return invalid(parsed.error);
    const body = parsed.data;
    const payment = orders.find(request.merchant, {
      outTradeNo: body.out_trade_no,
      transactionId: body.transaction_id,
    });
    if (payment === null) return error('RESOURCE_NOT_EXISTS', '订单不存在');
    const row = orders.refund(request.merchant, payment, {
      refundNo: body.out_refund_no,
      refundFen: body.amount.refund,
      totalFen: body.amount.total,
      reason: body.reason ?? null,
      notifyUrl: body.notify_url ?? null,
    });
    return isRefusal(row) ? refused(row) : { status: 200, json: refundObject(payment, row) };
  }

  function refundQuery(request: Request): Answer {
    const row = orders.refundOf(request.merchant, number(request));
    const payment = row === null ? null : orders.find(request.merchant, { outTradeNo: row.outTradeNo });
    if (row === null || payment === null) return error('RESOURCE_NOT_EXISTS', '退款单不存在');
    return { status: 200, json: refundObject(payment, row) };
  }

  function abnormalRefund(request: Request): Answer {
    const row = world.ledger
      .refunds({ gateway: 'wechat', merchant: request.merchant.mchid })
      .find((candidate) => candidate.refundId === number(request));
    const payment = row === undefined ? null : orders.find(request.merchant, { outTradeNo: row.outTradeNo });
    if (row === undefined || payment === null) return error('RESOURCE_NOT_EXISTS', '退款单不存在');
    if (row.state !== 'abnormal') return error('INVALID_REQUEST', '退款单不是异常状态');
    row.state = 'succeeded';
    row.succeededAt = world.clock.now();
    world.ledger.saveRefund(row);
    return { status: 200, json: refundObject(payment, row) };
  }

  function bill(request: Request, kind: 'trade' | 'fund'): Answer {
    const day = request.query.get('bill_date') ?? '';
    const ready = orders.billDay(day);
    if (ready !== 'ready') return refused(ready);
    const type = request.query.get('bill_type') ?? 'ALL';
    if (kind === 'trade' && type !== 'ALL' && type !== 'SUCCESS' && type !== 'REFUND') {
      return error('PARAM_ERROR', 'bill_type 不正确');
    }
    const account = request.query.get('account_type') ?? 'BASIC';
    if (kind === 'fund' && !['BASIC', 'OPERATION', 'FEES'].includes(account)) {
      return error('PARAM_ERROR', 'account_type 不正确');
    }
    const text =
      kind === 'trade'
        ? tradeBill(
            world.ledger,
            request.merchant,
            day,
            type === 'SUCCESS' || type === 'REFUND' ? type : 'ALL',
            settings.bom,
          )
        : account === 'BASIC'
          ? fundFlowBill(world.ledger, request.merchant, day, settings.bom)
          : null;
    if (text === null)
      return error('NO_STATEMENT_EXIST', '账单文件不存在，请检查当前商户号是否在指定日期内有交易');
    const content = Buffer.from(text, 'utf8');
    const token = files.put(
      request.merchant.mchid,
      request.query.get('tar_type') === 'GZIP' ? gzipSync(content) : content,
    );
    return {
      status: 200,
      json: {
        hash_type: 'SHA1',
        hash_value: createHash('sha1').update(content).digest('hex'),
        download_url: `${OFFICIAL}/v3/billdownload/file?token=${token}`,
      },
    };
  }

  const routes: Route[] = [
    {
      method: 'POST',
      path: /^\/v3\/pay\/transactions\/(jsapi|native|h5|app)$/,
      operation: 'create',
      run: create,
      orderNo: bodyNumber,
    },
    {
      method: 'POST',
      path: /^\/v3\/pay\/transactions\/codepay$/,
      operation: 'pay',
      run: codepay,
      orderNo: bodyNumber,
    },
    {
      method: 'GET',
      path: /^\/v3\/pay\/transactions\/out-trade-no\/([^/]+)$/,
      operation: 'query',
      run: (request) => query(request, { outTradeNo: number(request) }),
      orderNo: number,
    },
    {
      method: 'GET',
      path: /^\/v3\/pay\/transactions\/id\/([^/]+)$/,
      operation: 'query',
      run: (request) => query(request, { transactionId: number(request) }),
    },
    {
      method: 'POST',
      path: /^\/v3\/pay\/transactions\/out-trade-no\/([^/]+)\/close$/,
      operation: 'close',
      run: close,
      orderNo: number,
    },
    {
      method: 'POST',
      path: /^\/v3\/pay\/transactions\/out-trade-no\/([^/]+)\/reverse$/,
      operation: 'reverse',
      run: reverse,
      orderNo: number,
    },
    {
      method: 'POST',
      path: /^\/v3\/refund\/domestic\/refunds$/,
      operation: 'refund',
      run: refund,
      orderNo: bodyNumber,
    },
    {
      method: 'POST',
      path: /^\/v3\/refund\/domestic\/refunds\/([^/]+)\/apply-abnormal-refund$/,
      operation: 'refund',
      run: abnormalRefund,
    },
    {
      method: 'GET',
      path: /^\/v3\/refund\/domestic\/refunds\/([^/]+)$/,
      operation: 'query_refund',
      run: refundQuery,
    },
    {
      method: 'GET',
      path: /^\/v3\/bill\/tradebill$/,
      operation: 'bill',
      run: (request) => bill(request, 'trade'),
    },
    {
      method: 'GET',
      path: /^\/v3\/bill\/fundflowbill$/,
      operation: 'bill',
      run: (request) => bill(request, 'fund'),
    },
    certificatesRoute,
  ];

  return createV3Door(world, 'wechat', routes, {
    path: '/v3/billdownload/file',
    content: (merchant, query) => files.get(merchant.mchid, query.get('token') ?? ''),
  });
}

function certificates(request: Request): Answer {
  const { merchant } = request;
  if (merchant.verifyMode === 'public_key') {
    return error('RESOURCE_NOT_EXISTS', '无可用的平台证书，请在商户平台-API安全申请使用微信支付公钥');
  }
  const certificate = new X509Certificate(merchant.platformCertificate);
  return {
    status: 200,
    json: {
      data: [
        {
          serial_no: merchant.platformSerial,
          effective_time: chinaRfc3339(Date.parse(certificate.validFrom)),
          expire_time: chinaRfc3339(Date.parse(certificate.validTo)),
          encrypt_certificate: encryptResource(
            merchant.apiV3Key,
            merchant.platformCertificate,
            'certificate',
          ),
        },
      ],
    },
  };
}

/** Every interface's host hands out the certificates it signs with. */
export const certificatesRoute: Route = {
  method: 'GET',
  path: /^\/v3\/certificates$/,
  operation: 'certificates',
  run: certificates,
};

export interface BillFiles {
  put(mchid: string, content: Buffer): string;
  get(mchid: string, token: string): Buffer | null;
}

/** Bill files wait five minutes to be fetched, by the merchant who asked for them. */
export function createBillFiles(clock: SandboxClock): BillFiles {
  const files = new Map<string, { mchid: string; content: Buffer; until: number }>();
  return {
    put(mchid, content) {
      for (const [token, file] of files) if (clock.wall() > file.until) files.delete(token);
      const token = randomBytes(24).toString('base64url');
      files.set(token, { mchid, content, until: clock.wall() + 300_000 });
      return token;
    },
    get(mchid, token) {
      const file = files.get(token);
      return file === undefined || file.mchid !== mchid || clock.wall() > file.until ? null : file.content;
    },
  };
}

export function orderObject(payment: Payment): Record<string, unknown> {
  const state = tradeState(payment);
  return {
    appid: payment.appId,
    mchid: payment.merchant,
    out_trade_no: payment.outTradeNo,
    ...(payment.paidAt === null && payment.state !== 'paying' ? {} : { transaction_id: payment.tradeNo }),
    trade_type: tradeType(payment),
    trade_state: state,
    trade_state_desc: STATE_TEXT[state],
    attach: payment.attach ?? '',
    ...(payment.paidAt === null
      ? {}
      : {
          bank_type: payment.bank,
          success_time: chinaRfc3339(payment.paidAt),
          payer: { openid: payment.buyer },
        }),
    amount: {
      total: payment.amountFen,
      currency: 'CNY',
      ...(payment.paidAt === null ? {} : { payer_total: payment.amountFen, payer_currency: 'CNY' }),
    },
    ...(payment.terminalId === null ? {} : { scene_info: { device_id: payment.terminalId } }),
    promotion_detail: [],
  };
}

export function refundObject(payment: Payment, row: Refund): Record<string, unknown> {
  return {
    refund_id: row.refundId,
    out_refund_no: row.refundNo,
    transaction_id: row.tradeNo,
    out_trade_no: row.outTradeNo,
    channel: 'ORIGINAL',
    user_received_account: '支付用户零钱',
    ...(row.succeededAt === null ? {} : { success_time: chinaRfc3339(row.succeededAt) }),
    create_time: chinaRfc3339(row.createdAt),
    status: refundStatus(row),
    funds_account: 'AVAILABLE',
    amount: {
      total: payment.amountFen,
      refund: row.amountFen,
      payer_total: payment.amountFen,
      payer_refund: row.amountFen,
      settlement_total: payment.amountFen,
      settlement_refund: row.amountFen,
      discount_refund: 0,
      currency: 'CNY',
    },
  };
}

export type TradeState = 'NOTPAY' | 'USERPAYING' | 'SUCCESS' | 'REFUND' | 'CLOSED' | 'REVOKED' | 'PAYERROR';

const STATE_TEXT: Record<TradeState, string> = {
  NOTPAY: '订单未支付',
  USERPAYING: '需要用户输入支付密码',
  SUCCESS: '支付成功',
  REFUND: '订单发生过退款，退款详情请查询退款单',
  CLOSED: '订单已关闭',
  REVOKED: '订单已撤销',
  PAYERROR: '支付失败',
};

export function tradeState(payment: Payment): TradeState {
  switch (payment.state) {
    case 'waiting':
      return 'NOTPAY';
    case 'paying':
      return 'USERPAYING';
    case 'paid':
      return payment.refundedFen > 0 ? 'REFUND' : 'SUCCESS';
    case 'closed':
      return 'CLOSED';
    case 'reversed':
      return 'REVOKED';
    case 'failed':
      return 'PAYERROR';
    default: {
      const never: never = payment.state;
      return never;
    }
  }
}

export function refundStatus(row: Refund): 'PROCESSING' | 'SUCCESS' | 'ABNORMAL' | 'CLOSED' {
  switch (row.state) {
    case 'processing':
      return 'PROCESSING';
    case 'succeeded':
      return 'SUCCESS';
    case 'abnormal':
      return 'ABNORMAL';
    case 'closed':
      return 'CLOSED';
    default: {
      const never: never = row.state;
      return never;
    }
  }
}

function identity(merchant: WechatCredentials, body: { appid: string; mchid: string }): Answer | null {
  if (body.mchid !== merchant.mchid) return error('MCH_NOT_EXISTS', '商户号不存在');
  if (body.appid !== merchant.appid) return error('APPID_MCHID_NOT_MATCH', 'appid 和 mchid 不匹配');
  return null;
}
