import { randomBytes } from 'node:crypto';
import { TLSSocket } from 'node:tls';
import { gzipSync } from 'node:zlib';
import { XMLBuilder, XMLParser } from 'fast-xml-parser';
import type Koa from 'koa';
import { chinaCompact, chinaTime, parseChinaCompact } from '../clock';
import { answer, exchange, type Reply, readBody } from '../exchange';
import type { Operation } from '../faults';
import type { GatewayWorld } from '../gateway';
import type { Payment } from '../ledger';
import { fundFlowBill, tradeBill, tradeType } from './bills';
import type { WechatCredentials } from './credentials';
import { isRefusal, type Refusal, type WechatOrders } from './orders';
import { signV2, type V2SignType } from './signing';
import { tradeState } from './v3';

type Params = Record<string, string>;

interface Request {
  merchant: WechatCredentials;
  params: Params;
}

type Result = { fields: Params } | { error: string; message: string } | { file: string; gzip: boolean };

/** The names that the older protocol has for the same refusals. */
const OLD_CODE: Record<string, string> = {
  SYSTEM_ERROR: 'SYSTEMERROR',
  ORDER_NOT_EXIST: 'ORDERNOTEXIST',
  ORDER_CLOSED: 'ORDERCLOSED',
  INVALID_REQUEST: 'INVALID_REQUEST',
  RESOURCE_NOT_EXISTS: 'REFUNDNOTEXIST',
  NO_STATEMENT_EXIST: 'No Bill Exist',
  STATEMENT_CREATING: 'Bill Creating',
};

export interface WechatV2 {
  paths: readonly string[];
  handle(ctx: Koa.Context, path: string): Promise<void>;
}

export function createWechatV2(
  world: GatewayWorld<WechatCredentials>,
  orders: WechatOrders,
  settings: { bom: boolean; requireClientCertificate: boolean },
): WechatV2 {
  const parser = new XMLParser({ parseTagValue: false, trimValues: true, processEntities: true });
  const builder = new XMLBuilder({ cdataPropName: '__cdata', format: false });

  function find({ merchant, params }: Request): Payment | null {
    return orders.find(merchant, {
      ...(params.transaction_id ? { transactionId: params.transaction_id } : {}),
      ...(params.out_trade_no ? { outTradeNo: params.out_trade_no } : {}),
    });
  }

  async function micropay({ merchant, params }: Request): Promise<Result> {
    const totalFen = positive(params.total_fee);
    const missing = ['body', 'out_trade_no', 'spbill_create_ip', 'auth_code'].find((name) => !params[name]);
    if (missing !== undefined) return { error: 'LACK_PARAMS', message: `缺少参数 ${missing}` };
    if (totalFen === null) return { error: 'PARAM_ERROR', message: 'total_fee 不正确' };
    if (!/^[0-9A-Za-z_\-|*@]{1,32}$/.test(params.out_trade_no ?? '')) {
      return { error: 'PARAM_ERROR', message: 'out_trade_no 不正确' };
    }
    const payment = await orders.scan(
      merchant,
      {
        outTradeNo: params.out_trade_no ?? '',
        totalFen,
        description: params.body ?? '',
        notifyUrl: null,
        attach: params.attach ?? null,
        deviceId: params.device_info ?? null,
        openid: null,
        expiresAt: params.time_expire ? parseChinaCompact(params.time_expire) : null,
        scene: 'micropay',
      },
      params.auth_code ?? '',
    );
    if (isRefusal(payment)) return old(payment);
    if (payment.state === 'paying') return { error: 'USERPAYING', message: '需要用户输入支付密码' };
    return { fields: paidFields(payment) };
  }

  function orderquery(request: Request): Result {
    const payment = find(request);
    if (payment === null) return { error: 'ORDERNOTEXIST', message: '此交易订单号不存在' };
    orders.query(payment);
    const state = tradeState(payment);
    return {
      fields: {
        ...(payment.paidAt === null
          ? { out_trade_no: payment.outTradeNo, total_fee: `${payment.amountFen}` }
          : paidFields(payment)),
        trade_state: state,
        trade_state_desc: state === 'SUCCESS' ? '支付成功' : '订单状态查询',
      },
    };
  }

  function reverse(request: Request): Result {
    const payment = find(request);
    if (payment === null) return { error: 'ORDERNOTEXIST', message: '此交易订单号不存在' };
    const result = orders.reverse(payment);
    return isRefusal(result) ? old(result) : { fields: { recall: 'N' } };
  }

  function refund(request: Request): Result {
    const { merchant, params } = request;
    const [refundFen, totalFen] = [positive(params.refund_fee), positive(params.total_fee)];
    if (refundFen === null || totalFen === null || !params.out_refund_no) {
      return { error: 'PARAM_ERROR', message: '退款参数不正确' };
    }
    const payment = find(request);
    if (payment === null) return { error: 'ORDERNOTEXIST', message: '订单号不存在' };
    const row = orders.refund(merchant, payment, {
      refundNo: params.out_refund_no,
      refundFen,
      totalFen,
      reason: params.refund_desc ?? null,
      notifyUrl: params.notify_url ?? null,
    });
    if (isRefusal(row)) return old(row);
    return {
      fields: {
        transaction_id: row.tradeNo,
        out_trade_no: row.outTradeNo,
        out_refund_no: row.refundNo,
        refund_id: row.refundId,
        refund_fee: `${row.amountFen}`,
        total_fee: `${payment.amountFen}`,
        cash_fee: `${payment.amountFen}`,
        cash_refund_fee: `${row.amountFen}`,
      },
    };
  }

  function refundquery(request: Request): Result {
    const { merchant, params } = request;
    const one = params.out_refund_no ? orders.refundOf(merchant, params.out_refund_no) : null;
    const payment = one === null ? find(request) : orders.find(merchant, { outTradeNo: one.outTradeNo });
    if (payment === null) return { error: 'REFUNDNOTEXIST', message: '退款订单查询失败' };
    const rows = (
      one === null && !params.out_refund_no ? world.ledger.refundsOf(payment) : one === null ? [] : [one]
    )
      .filter((row) => row.kind === 'refund')
      .map((row) => orders.refundOf(merchant, row.refundNo) ?? row);
    if (rows.length === 0) return { error: 'REFUNDNOTEXIST', message: '退款订单查询失败' };
    const fields: Params = {
      transaction_id: payment.tradeNo,
      out_trade_no: payment.outTradeNo,
      total_fee: `${payment.amountFen}`,
      cash_fee: `${payment.amountFen}`,
      refund_count: `${rows.length}`,
    };
    for (const [index, row] of rows.entries()) {
      fields[`out_refund_no_${index}`] = row.refundNo;
      fields[`refund_id_${index}`] = row.refundId;
      fields[`refund_channel_${index}`] = 'ORIGINAL';
      fields[`refund_fee_${index}`] = `${row.amountFen}`;
      fields[`refund_status_${index}`] = oldRefundStatus(row.state);
      fields[`refund_recv_accout_${index}`] = '支付用户的零钱';
      if (row.succeededAt !== null) fields[`refund_success_time_${index}`] = chinaTime(row.succeededAt);
    }
    return { fields };
  }

  function downloadbill({ merchant, params }: Request): Result {
    const day = (params.bill_date ?? '').replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
    const ready = orders.billDay(day);
    if (ready !== 'ready') return old(ready);
    const type = params.bill_type ?? 'ALL';
    if (type !== 'ALL' && type !== 'SUCCESS' && type !== 'REFUND') {
      return { error: 'PARAM_ERROR', message: 'invalid bill_type' };
    }
    const text = tradeBill(world.ledger, merchant, day, type, settings.bom);
    return text === null
      ? { error: '20002', message: 'No Bill Exist' }
      : { file: text, gzip: params.tar_type === 'GZIP' };
  }

  function downloadfundflow({ merchant, params }: Request): Result {
    const day = (params.bill_date ?? '').replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3');
    const ready = orders.billDay(day);
    if (ready !== 'ready') return old(ready);
    if (params.sign_type !== 'HMAC-SHA256') return { error: 'SIGNERROR', message: '仅支持 HMAC-SHA256 签名' };
    const text = fundFlowBill(world.ledger, merchant, day, settings.bom);
    return text === null
      ? { error: '20002', message: 'No Bill Exist' }
      : { file: text, gzip: params.tar_type === 'GZIP' };
  }

  const routes: Record<
    string,
    { operation: Operation; certificate: boolean; run(request: Request): Promise<Result> | Result }
  > = {
    '/pay/micropay': { operation: 'pay', certificate: false, run: micropay },
    '/pay/orderquery': { operation: 'query', certificate: false, run: orderquery },
    '/secapi/pay/reverse': { operation: 'reverse', certificate: true, run: reverse },
    '/secapi/pay/refund': { operation: 'refund', certificate: true, run: refund },
    '/pay/refundquery': { operation: 'query_refund', certificate: false, run: refundquery },
    '/pay/downloadbill': { operation: 'bill', certificate: false, run: downloadbill },
    '/pay/downloadfundflow': { operation: 'bill', certificate: true, run: downloadfundflow },
  };

  function xml(fields: Params): Reply {
    const cells = Object.fromEntries(
      Object.entries(fields).map(([name, value]) => [name, { __cdata: value }] as const),
    );
    return {
      status: 200,
      headers: { 'Content-Type': 'text/xml; charset=utf-8' },
      body: String(builder.build({ xml: cells })),
    };
  }

  /** A failure of communication: it is not signed. */
  function fail(message: string): Reply {
    return xml({ return_code: 'FAIL', return_msg: message });
  }

  function sealed(request: Request, type: V2SignType, result: Result, corrupt: boolean): Reply {
    if ('file' in result) {
      return {
        status: 200,
        headers: { 'Content-Type': result.gzip ? 'application/x-gzip' : 'text/plain; charset=utf-8' },
        body: result.gzip ? gzipSync(Buffer.from(result.file, 'utf8')) : result.file,
      };
    }
    const own: Params =
      'error' in result
        ? { result_code: 'FAIL', err_code: result.error, err_code_des: result.message }
        : { result_code: 'SUCCESS', ...result.fields };
    const fields: Params = {
      return_code: 'SUCCESS',
      return_msg: 'OK',
      appid: request.merchant.appid,
      mch_id: request.merchant.mchid,
      nonce_str: randomBytes(16).toString('hex').toUpperCase(),
      ...own,
    };
    fields.sign = signV2(corrupt ? { ...fields, nonce_str: 'x' } : fields, request.merchant.apiV2Key, type);
    return xml(fields);
  }

  return {
    paths: Object.keys(routes),
    async handle(ctx, path) {
      const route = routes[path];
      if (route === undefined) {
        ctx.status = 404;
        return;
      }
      const raw = (await readBody(ctx)).toString('utf8');
      const params = readXml(parser, raw);
      if (params === null) return answer(ctx, fail('XML格式错误'));
      const merchant = world.merchants().find((row) => row.mchid === params.mch_id);
      if (merchant === undefined) return answer(ctx, fail('商户号mch_id不存在'));
      if (params.appid !== merchant.appid) return answer(ctx, fail('appid和mch_id不匹配'));
      const type = params.sign_type === 'HMAC-SHA256' ? 'HMAC-SHA256' : 'MD5';
      if (!params.nonce_str || params.sign !== signV2(params, merchant.apiV2Key, type)) {
        return answer(ctx, fail('签名错误'));
      }
      if (route.certificate && settings.requireClientCertificate && !hasClientCertificate(ctx)) {
        return answer(ctx, fail('证书已过期或未携带证书'));
      }
      const request = { merchant, params };
      await exchange(ctx, world.faults, {
        channel: 'wechat',
        operation: route.operation,
        orderNo: params.out_trade_no ?? null,
        run: async () => {
          const result = await route.run(request);
          if ('error' in result && path.startsWith('/pay/download')) {
            return () => xml({ return_code: 'FAIL', return_msg: result.message, error_code: result.error });
          }
          return ({ corrupt }) => sealed(request, type, result, corrupt);
        },
        refuse: (fault) =>
          sealed(
            request,
            type,
            { error: fault.code ?? 'SYSTEMERROR', message: fault.message ?? '系统繁忙，请稍后再试' },
            false,
          ),
      });
    },
  };
}

function readXml(parser: XMLParser, raw: string): Params | null {
  try {
    const document: unknown = parser.parse(raw);
    if (typeof document !== 'object' || document === null || !('xml' in document)) return null;
    const root = document.xml;
    if (typeof root !== 'object' || root === null) return null;
    return Object.fromEntries(Object.entries(root).map(([name, value]) => [name, String(value)]));
  } catch {
    return null;
  }
}

function hasClientCertificate(ctx: Koa.Context): boolean {
  const { socket } = ctx.req;
  return socket instanceof TLSSocket && Object.keys(socket.getPeerCertificate()).length > 0;
}

function old(refusal: Refusal): { error: string; message: string } {
  return { error: OLD_CODE[refusal.refused] ?? refusal.refused, message: refusal.message };
}

function oldRefundStatus(state: 'processing' | 'succeeded' | 'abnormal' | 'closed'): string {
  switch (state) {
    case 'processing':
      return 'PROCESSING';
    case 'succeeded':
      return 'SUCCESS';
    case 'abnormal':
      return 'CHANGE';
    case 'closed':
      return 'REFUNDCLOSE';
    default: {
      const never: never = state;
      return never;
    }
  }
}

function paidFields(payment: Payment): Params {
  return {
    openid: payment.buyer,
    is_subscribe: 'N',
    trade_type: tradeType(payment),
    bank_type: payment.bank,
    fee_type: 'CNY',
    total_fee: `${payment.amountFen}`,
    cash_fee: `${payment.amountFen}`,
    transaction_id: payment.tradeNo,
    out_trade_no: payment.outTradeNo,
    attach: payment.attach ?? '',
    time_end: chinaCompact(payment.paidAt ?? payment.createdAt),
  };
}

function positive(text: string | undefined): number | null {
  return text !== undefined && /^[1-9]\d{0,11}$/.test(text) ? Number(text) : null;
}
