import {
  type ChannelContext,
  type ChannelDriver,
  chinaCompact,
  chinaTime,
  type Outcome,
  type PaymentReference,
  type PayRequest,
} from '@hospital-pay/payments/contract';
import { createClient } from './client';
import type { IcbcSettings } from './config';
import { readNotification } from './notification';
import {
  closeOutcome,
  familyOf,
  generateOutcome,
  micropayOutcome,
  purchaseOutcome,
  queryOutcome,
  refundOutcome,
  refundQueryOutcome,
  reverseRefusal,
} from './outcomes';

const online = '/api/cardbusiness/aggregatepay/b2c/online';
const appAccess = '5';
/** `pay_expire` is less than a day. */
const longestLifeS = 24 * 3600 - 1;

const refuse = (code: string, message: string): Outcome => ({ kind: 'failed', code, message });

/** Refused before anything is sent, so `failed` is certain. */
function cannotBeSent(request: PayRequest, settings: IcbcSettings): Outcome | undefined {
  if (!Number.isSafeInteger(request.amount) || request.amount < 1)
    return refuse('PARAM', '金额须为正整数（分）');
  if (request.currency !== 'CNY') return refuse('PARAM', '工行聚合支付只收人民币');
  switch (request.scene) {
    case 'micropay':
      return request.authCode ? undefined : refuse('AUTH_CODE_MISSING', '缺少付款码');
    case 'native':
      return settings.storeCode ? undefined : refuse('STORE_CODE_MISSING', '渠道账户未填写 e 生活门店编号');
    case 'jsapi':
      if (!request.payerId) return refuse('PAYER_ID_MISSING', '缺少付款人标识');
      return settings.merProtocolNo
        ? undefined
        : refuse('PROTOCOL_MISSING', '渠道账户未填写收单产品协议编号');
    case 'app':
      return settings.merProtocolNo
        ? undefined
        : refuse('PROTOCOL_MISSING', '渠道账户未填写收单产品协议编号');
    case 'h5':
    case 'terminal':
      return refuse('SCENE', `not offered by this channel: ${request.scene}`);
    default:
      return request.scene satisfies never;
  }
}

export function createDriver(settings: IcbcSettings, context: ChannelContext): ChannelDriver {
  const client = createClient(settings, context);
  const { merId, appId } = settings;
  const now = () => context.now();

  const about = (
    method: string,
    payment: Pick<PaymentReference, 'attemptNo' | 'scene'>,
    refundNo?: string,
  ) => ({
    method,
    attemptNo: payment.attemptNo,
    scene: payment.scene,
    ...(refundNo === undefined ? {} : { refundNo }),
  });

  const payByQr = async (request: PayRequest): Promise<Outcome> => {
    const compact = chinaCompact(request.createdAt ?? now());
    const shared = {
      mer_id: merId,
      out_trade_no: request.attemptNo,
      order_amt: String(request.amount),
      trade_date: compact.slice(0, 8),
      trade_time: compact.slice(8),
      attach: request.subject,
    };
    const subject = about('create_order', request);
    if (request.scene === 'micropay') {
      const biz = { ...shared, qr_code: request.authCode };
      return micropayOutcome(await client.call(subject, '/api/qrcode/V2/pay', biz), request, now());
    }
    const life = Math.ceil((request.expiresAt.getTime() - now().getTime()) / 1000);
    const reply = await client.call(subject, '/api/qrcode/V2/generate', {
      ...shared,
      store_code: settings.storeCode,
      pay_expire: String(Math.min(Math.max(life, 60), longestLifeS)),
      notify_url: context.notifyUrl,
      notify_flag: '1',
      tporder_create_ip: request.clientIp ?? '127.0.0.1',
    });
    return generateOutcome(reply);
  };

  const payOnline = async (request: PayRequest): Promise<Outcome> => {
    const reply = await client.call(about('create_order', request), `${online}/consumepurchase/V1`, {
      mer_id: merId,
      mer_prtcl_no: settings.merProtocolNo,
      icbc_appid: appId,
      out_trade_no: request.attemptNo,
      pay_mode: settings.payMode,
      access_type: request.scene === 'app' ? appAccess : settings.accessType,
      shop_appid: settings.shopAppId,
      // WeChat knows its payer as open_id, the others as union_id.
      ...(settings.payMode === '9' ? { open_id: request.payerId } : { union_id: request.payerId }),
      total_fee: String(request.amount),
      fee_type: '001',
      spbill_create_ip: request.clientIp ?? '127.0.0.1',
      body: request.subject,
      mer_url: context.notifyUrl,
      notify_type: 'HS',
      orig_date_time: chinaTime(request.createdAt ?? now()).replace(' ', 'T'),
      // ICBC's own spelling.
      decive_info: request.terminalCode ?? 'WEB',
    });
    return purchaseOutcome(reply, request);
  };

  const orderQuery = (method: string, payment: PaymentReference, dealFlag: '0' | '1') =>
    client.call(about(method, payment), `${online}/orderqry/V1`, {
      mer_id: merId,
      icbc_appid: appId,
      out_trade_no: payment.attemptNo,
      deal_flag: dealFlag,
    });

  const query = async (payment: PaymentReference): Promise<Outcome> => {
    const reply =
      familyOf(payment.scene) === 'qr'
        ? await client.call(about('query_order', payment), '/api/qrcode/V2/query', {
            mer_id: merId,
            out_trade_no: payment.attemptNo,
          })
        : await orderQuery('query_order', payment, '0');
    return queryOutcome(reply, payment, now());
  };

  return {
    pay: async (request) =>
      cannotBeSent(request, settings) ??
      (familyOf(request.scene) === 'qr' ? payByQr(request) : payOnline(request)),

    query,

    async close(payment) {
      return familyOf(payment.scene) === 'qr'
        ? {
            kind: 'unknown',
            code: 'CLOSE_UNSUPPORTED',
            cause: 'a QR ends by its own time, a payment code is reversed',
          }
        : closeOutcome(await orderQuery('close_order', payment, '1'));
    },

    async reverse(payment) {
      if (payment.scene !== 'micropay') {
        return {
          kind: 'unknown',
          code: 'REVERSE_UNSUPPORTED',
          cause: 'only a payment-code order can be reversed',
        };
      }
      const reply = await client.call(about('cancel_order', payment), '/api/qrcode/V2/reverse', {
        mer_id: merId,
        out_trade_no: payment.attemptNo,
        order_id: payment.channelNo,
      });
      // An accepted reversal may still be on its way: only the order's state says that it is done.
      return reverseRefusal(reply) ?? query(payment);
    },

    async refund(request) {
      const { payment, refundNo, amount } = request;
      if (!Number.isSafeInteger(amount) || amount < 1 || amount > payment.amount) {
        return refuse('PARAM', '退款金额须为正整数（分），且不超过订单金额');
      }
      const subject = about('refund_order', payment, refundNo);
      const shared = { mer_id: merId, out_trade_no: payment.attemptNo, order_id: payment.channelNo };
      const reply =
        familyOf(payment.scene) === 'qr'
          ? await client.call(subject, '/api/qrcode/V2/reject', {
              ...shared,
              reject_no: refundNo,
              reject_amt: String(amount),
            })
          : await client.call(subject, `${online}/merrefund/V1`, {
              ...shared,
              icbc_appid: appId,
              outtrx_serial_no: refundNo,
              ret_total_amt: String(amount),
              trnsc_ccy: '001',
            });
      return refundOutcome(reply, request, now());
    },

    async queryRefund(request) {
      const { payment, refundNo } = request;
      const subject = about('query_refund', payment, refundNo);
      const shared = { mer_id: merId, out_trade_no: payment.attemptNo, order_id: payment.channelNo };
      const reply =
        familyOf(payment.scene) === 'qr'
          ? await client.call(subject, '/api/qrcode/reject/query/V3', { ...shared, reject_no: refundNo })
          : await client.call(subject, `${online}/refundqry/V1`, {
              ...shared,
              icbc_appid: appId,
              outtrx_serial_no: refundNo,
            });
      return refundQueryOutcome(reply, request, now());
    },

    readNotification: async (raw) => readNotification(raw, settings, context.notifyUrl, now()),

    async test() {
      const reply = await client.call({ method: 'test' }, '/api/qrcode/V2/query', {
        mer_id: merId,
        out_trade_no: `TEST${now().getTime()}`,
      });
      if (reply.kind === 'none') return { ok: false, code: reply.code, message: reply.cause };
      // ICBC answered under its signature, and not that ours is wrong: both sides' keys are right.
      const { return_code, return_msg = '' } = reply.body;
      return return_code === '400017' || return_code === '400011'
        ? { ok: false, code: return_code, message: return_msg }
        : { ok: true };
    },
  };
}
