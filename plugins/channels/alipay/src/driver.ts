import {
  type Bill,
  BillError,
  type BillKind,
  type BillLine,
  type ChannelConfig,
  type ChannelContext,
  type ChannelDriver,
  type FundFlowLine,
  formatAmount,
  type Outcome,
  type PaymentReference,
  type PayRequest,
  type RefundRequest,
} from '@hospital-pay/payments/contract';
import { openTradeBill } from './bill';
import { readConfig } from './config';
import { openFundFlowBill } from './fund-flow';
import { type Call, createGateway, type Gateway, type Reply } from './gateway';
import { readNotification } from './notification';
import {
  cancelOutcome,
  closeOutcome,
  createOutcome,
  micropayOutcome,
  precreateOutcome,
  queryOutcome,
  refundOutcome,
  refundQueryOutcome,
} from './outcomes';
import { createSigner } from './signing';
import { dayOf, hourAfter, isDay, wireTime } from './zone';

/** Yesterday's bill is there from nine o'clock on. */
export const billReadyHour = 9;

/**
 * Titles: at most 256 characters and none of `/ = &`. Commas and line breaks go too: the bill is a CSV without quotes.
 */
export function cleanSubject(subject: string): string {
  const cleaned = subject
    .replace(/[/=&]/g, ' ')
    .replaceAll(',', '，')
    .replace(/\p{Cc}/gu, ' ')
    .replace(/\s+/g, ' ')
    .trim();
  return [...cleaned].slice(0, 256).join('') || '医院缴费';
}

/** Ids that Alipay limits in length and alphabet. */
const cleanId = (text: string | undefined, limit: number): string =>
  (text ?? '').replace(/[^0-9A-Za-z_-]/g, '').slice(0, limit);

const refuse = (code: string, message: string): Outcome => ({ kind: 'failed', code, message });

export function connectAlipay(settings: ChannelConfig, context: ChannelContext): ChannelDriver {
  const config = readConfig(settings);
  const signer = createSigner(config);
  const gateway = createGateway(config, signer, context);

  const shared = (request: PayRequest) => ({
    out_trade_no: request.attemptNo,
    total_amount: formatAmount(request.amount),
    subject: cleanSubject(request.subject),
    // At least a minute from now: a shorter life is refused.
    time_expire: wireTime(new Date(Math.max(request.expiresAt.getTime(), context.now().getTime() + 60_000))),
    operator_id: cleanId(request.operatorCode, 28),
    terminal_id: cleanId(request.terminalCode, 32),
  });

  const creation = (request: PayRequest, method: string, bizContent: object): Call => ({
    record: 'create_order',
    method,
    bizContent,
    publicParameters: { notify_url: context.notifyUrl },
    attemptNo: request.attemptNo,
    scene: request.scene,
  });

  const about = (
    payment: PaymentReference,
    record: string,
    method: string,
    bizContent: object = {},
  ): Call => ({
    record,
    method,
    bizContent: { out_trade_no: payment.attemptNo, ...bizContent },
    attemptNo: payment.attemptNo,
    scene: payment.scene,
  });

  const pay = async (request: PayRequest): Promise<Outcome> => {
    if (request.currency !== 'CNY') return refuse('CURRENCY', `Alipay takes CNY, not ${request.currency}`);
    switch (request.scene) {
      case 'micropay': {
        const authCode = request.authCode;
        if (authCode === undefined) return refuse('AUTH_CODE_MISSING', 'no payment code was scanned');
        const reply = await gateway.call(
          creation(request, 'alipay.trade.pay', {
            ...shared(request),
            product_code: 'FACE_TO_FACE_PAYMENT',
            // A face token is no bar code, and says so by its prefix.
            scene: authCode.startsWith('fp') ? 'security_code' : 'bar_code',
            auth_code: authCode,
          }),
        );
        return micropayOutcome(reply, request);
      }
      case 'native': {
        const reply = await gateway.call(
          creation(request, 'alipay.trade.precreate', {
            ...shared(request),
            product_code: config.nativeProduct,
          }),
        );
        return precreateOutcome(reply, request);
      }
      case 'jsapi': {
        const payer = request.payerId;
        if (!payer) return refuse('PAYER_ID_MISSING', 'a payment inside Alipay needs the buyer');
        const reply = await gateway.call(
          creation(request, 'alipay.trade.create', {
            ...shared(request),
            ...(/^2088\d{12}$/.test(payer) ? { buyer_id: payer } : { buyer_open_id: payer }),
            ...(config.opAppId === undefined ? {} : { product_code: 'JSAPI_PAY', op_app_id: config.opAppId }),
          }),
        );
        return createOutcome(reply, request);
      }
      case 'h5': {
        const call = creation(request, 'alipay.trade.wap.pay', {
          ...shared(request),
          product_code: 'QUICK_WAP_WAY',
          quit_url: request.returnUrl ?? new URL(context.notifyUrl).origin,
        });
        const url = gateway.page({
          ...call,
          publicParameters: { ...call.publicParameters, return_url: request.returnUrl ?? '' },
        });
        return { kind: 'pending', payerAction: { kind: 'redirect', url } };
      }
      case 'app': {
        const orderString = gateway.order(
          creation(request, 'alipay.trade.app.pay', {
            ...shared(request),
            product_code: 'QUICK_MSECURITY_PAY',
          }),
        );
        return { kind: 'pending', payerAction: { kind: 'client', parameters: { orderString } } };
      }
      case 'terminal':
        return refuse('SCENE', 'cards at a terminal are not Alipay’s');
      default:
        return request.scene satisfies never;
    }
  };

  return {
    pay,

    async query(payment) {
      return queryOutcome(
        await gateway.call(about(payment, 'query_order', 'alipay.trade.query')),
        payment,
        context.now(),
      );
    },

    async close(payment) {
      return closeOutcome(await gateway.call(about(payment, 'close_order', 'alipay.trade.close')), payment);
    },

    async reverse(payment) {
      return cancelOutcome(
        await gateway.call(about(payment, 'cancel_order', 'alipay.trade.cancel')),
        payment,
      );
    },

    async refund(request) {
      const reply = await gateway.call({
        ...about(request.payment, 'refund_order', 'alipay.trade.refund', {
          refund_amount: formatAmount(request.amount),
          out_request_no: request.refundNo,
          refund_reason: [...request.reason].slice(0, 256).join(''),
        }),
        refundNo: request.refundNo,
      });
      return refundOutcome(reply, request, context.now());
    },

    async queryRefund(request: RefundRequest) {
      const reply = await gateway.call({
        ...about(request.payment, 'query_refund', 'alipay.trade.fastpay.refund.query', {
          out_request_no: request.refundNo,
          query_options: ['gmt_refund_pay'],
        }),
        refundNo: request.refundNo,
      });
      return refundQueryOutcome(reply, request, context.now());
    },

    readNotification: async (raw) =>
      readNotification(raw, {
        appId: config.appId,
        sellerId: config.sellerId,
        verifies: signer.notificationVerifies,
      }),

    bill: (date) =>
      fetchBill<BillLine>(gateway, context, 'trade', date, (bytes) =>
        openTradeBill(bytes, { date, sellerId: config.sellerId }),
      ),

    fundFlowBill: (date) =>
      fetchBill<FundFlowLine>(gateway, context, 'fund-flow', date, (bytes) =>
        openFundFlowBill(bytes, { date, sellerId: config.sellerId }),
      ),

    async test() {
      const reply = await gateway.call({
        record: 'test',
        method: 'alipay.trade.query',
        bizContent: { out_trade_no: `TEST${context.now().getTime()}` },
      });
      return testResult(reply);
    },
  };
}

/** Asking for an order that nobody made: a signed "no such trade" proves keys, application and permission. */
function testResult(reply: Reply): { ok: true } | { ok: false; code: string; message: string } {
  switch (reply.kind) {
    case 'none':
      return { ok: false, code: reply.code, message: reply.cause };
    case 'unsigned':
      return { ok: false, code: reply.code, message: reply.message };
    case 'signed': {
      const { code, msg, sub_code, sub_msg } = reply.body;
      if (code === '10000' || sub_code === 'ACQ.TRADE_NOT_EXIST') return { ok: true };
      return { ok: false, code: sub_code ?? code, message: sub_msg ?? msg ?? code };
    }
    default:
      return reply satisfies never;
  }
}

const billTypes: Record<BillKind, string> = { trade: 'trade', 'fund-flow': 'signcustomer' };

async function fetchBill<Line>(
  gateway: Gateway,
  context: ChannelContext,
  kind: BillKind,
  date: string,
  open: (bytes: Buffer) => Promise<Bill<Line>>,
): Promise<Bill<Line>> {
  if (!isDay(date)) throw new RangeError(`not a day: ${date}`);
  const now = context.now();
  const readyAt = hourAfter(date, 1, billReadyHour);
  if (dayOf(now) < date) return notReady(minutesUntil(readyAt, now));
  const reply = await gateway.call({
    record: 'download_bill',
    method: 'alipay.data.dataservice.bill.downloadurl.query',
    bizContent: { bill_type: billTypes[kind], bill_date: date, secure: 'true' },
  });
  const link = billLink(reply, date, now);
  if (link.kind !== 'link') return link;
  // The link dies after 30 seconds: it is followed at once.
  const download = await gateway.download(link.url);
  if (download.kind === 'none') throw new BillError('UNAVAILABLE', `${download.code}: ${download.cause}`);
  if (download.bytes.length === 0) throw new BillError('TRUNCATED', 'the bill file is empty');
  if (download.bytes.toString('latin1', 0, 2) !== 'PK') {
    throw new BillError('UNAVAILABLE', 'the download gave a page and no archive: the link may have died');
  }
  return open(download.bytes);
}

const notReady = (retryAfterMinutes: number) => ({ kind: 'not-ready' as const, retryAfterMinutes });
const minutesUntil = (then: Date, now: Date): number =>
  Math.max(1, Math.ceil((then.getTime() - now.getTime()) / 60_000));

type Link =
  | { kind: 'link'; url: string }
  | { kind: 'not-ready'; retryAfterMinutes: number }
  | { kind: 'empty' };

/** What the answer to "where is the bill" means; pure. */
export function billLink(reply: Reply, date: string, now: Date): Link {
  const readyAt = hourAfter(date, 1, billReadyHour);
  switch (reply.kind) {
    case 'none':
      throw new BillError('UNAVAILABLE', `${reply.code}: ${reply.cause}`);
    case 'unsigned':
      throw new BillError('UNAVAILABLE', `unsigned error reply ${reply.code}: ${reply.message}`);
    case 'signed': {
      const { body } = reply;
      if (body.code === '10000' && body.bill_download_url !== undefined) {
        return { kind: 'link', url: body.bill_download_url };
      }
      const code = (body.sub_code ?? body.code).replace(/^.*\./, '');
      switch (code) {
        case 'NO_BILL_DATA':
        case 'EMPTY_DATA_WITH_BILL_FILE':
          return now < readyAt ? notReady(minutesUntil(readyAt, now)) : { kind: 'empty' };
        case 'BILL_NOT_EXIST':
          // Said both of a bill not yet written and of a day without business: the second day tells.
          if (now < readyAt) return notReady(minutesUntil(readyAt, now));
          return now < hourAfter(date, 2, billReadyHour) ? notReady(30) : { kind: 'empty' };
        case 'SYSTEM_RATE_LIMIT':
        case 'USER_RATE_LIMIT':
        case 'app-call-limited':
        case 'method-call-limited':
          return notReady(5);
        case 'UNKNOW_ERROR':
        case 'SYSTEM_ERROR':
        case 'unknow-error':
          return notReady(10);
        default:
          // A day that has not ended is refused in more than one way.
          if (dayOf(now) <= date) return notReady(minutesUntil(readyAt, now));
          throw new BillError(
            'UNAVAILABLE',
            `${body.sub_code ?? body.code}: ${body.sub_msg ?? body.msg ?? ''}`,
          );
      }
    }
    default:
      return reply satisfies never;
  }
}
