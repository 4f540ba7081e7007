import { inflateSync } from 'node:zlib';
import {
  type Bill,
  BillError,
  type ChannelContext,
  type ChannelDriver,
  chinaCompact,
  chinaDay,
  chinaHourAfter,
  type Outcome,
  type PayRequest,
  type RefundRequest,
} from '@hospital-pay/payments/contract';
import { openZmBill } from './bill';
import { createClient, type Reply } from './client';
import type { UnionpaySettings } from './config';
import { readNotification } from './notification';
import { isDone, payOutcome, queryOutcome, refundOutcome, refundQueryOutcome } from './outcomes';

/** From this hour of the next day the file of a settlement day is asked for. */
export const billReadyHour = 10;
const maxBillBytes = 512 * 1024 * 1024;

const refuse = (code: string, message: string): Outcome => ({ kind: 'failed', code, message });

/** Refused before anything is sent, so `failed` is certain. */
function cannotBeSent(request: PayRequest): Outcome | undefined {
  if (!/^[0-9A-Za-z]{8,32}$/.test(request.attemptNo)) return refuse('PARAM', '订单号须为 8–32 位字母或数字');
  if (!Number.isSafeInteger(request.amount) || request.amount < 1)
    return refuse('PARAM', '金额须为正整数（分）');
  if (request.currency !== 'CNY') return refuse('PARAM', '云闪付只收人民币');
  if (request.scene === 'micropay' && !request.authCode) return refuse('AUTH_CODE_MISSING', '缺少付款码');
  return undefined;
}

export function createDriver(settings: UnionpaySettings, context: ChannelContext): ChannelDriver {
  const client = createClient(settings, context);
  const back = `${settings.gateway}/backTransReq.do`;
  const enquiry = `${settings.gateway}/queryTrans.do`;

  /** The number and the time together are the transaction's name: both are the same on every try. */
  const refundName = (request: RefundRequest) => ({
    orderId: request.refundNo,
    txnTime: chinaCompact(request.requestedAt ?? request.payment.createdAt),
  });

  return {
    async pay(request) {
      const refused = cannotBeSent(request);
      if (refused) return refused;
      const { attemptNo, scene } = request;
      const shared = {
        txnType: '01',
        channelType: '08',
        currencyCode: '156',
        orderId: attemptNo,
        txnAmt: String(request.amount),
        txnTime: chinaCompact(request.createdAt ?? context.now()),
        backUrl: context.notifyUrl,
      };
      const subject = { method: 'create_order', attemptNo, scene };
      switch (scene) {
        case 'micropay': {
          const { authCode: qrNo } = request;
          const fields = { ...shared, txnSubType: '06', qrNo, termId: settings.termId };
          return payOutcome(await client.call(subject, back, fields), request);
        }
        case 'native': {
          const payTimeout = chinaCompact(request.expiresAt);
          return payOutcome(
            await client.call(subject, back, { ...shared, txnSubType: '07', payTimeout }),
            request,
          );
        }
        case 'jsapi':
        case 'h5':
        case 'app':
        case 'terminal':
          return refuse('SCENE', `not offered by this channel: ${scene}`);
        default:
          return scene satisfies never;
      }
    },

    async query(payment) {
      const { attemptNo, scene } = payment;
      const reply = await client.call({ method: 'query_order', attemptNo, scene }, enquiry, {
        txnType: '00',
        txnSubType: '00',
        orderId: attemptNo,
        txnTime: chinaCompact(payment.createdAt),
      });
      return queryOutcome(reply, payment, context.now());
    },

    async refund(request) {
      const { payment, amount, refundNo } = request;
      if (!Number.isSafeInteger(amount) || amount < 1 || amount > payment.amount) {
        return refuse('PARAM', '退款金额须为正整数（分），且不超过订单金额');
      }
      // A refund names the payment by UnionPay's number alone, which came with the payment.
      if (!payment.channelNo) return refuse('QUERY_ID_MISSING', '缺少原交易查询流水号');
      const reply = await client.call(
        { method: 'refund_order', attemptNo: payment.attemptNo, refundNo, scene: payment.scene },
        back,
        {
          ...refundName(request),
          txnType: '04',
          txnSubType: '00',
          channelType: '08',
          currencyCode: '156',
          txnAmt: String(amount),
          origQryId: payment.channelNo,
          backUrl: context.notifyUrl,
          reqReserved: payment.attemptNo,
        },
      );
      return refundOutcome(reply, request);
    },

    async queryRefund(request) {
      const { payment, refundNo } = request;
      const reply = await client.call(
        { method: 'query_refund', attemptNo: payment.attemptNo, refundNo, scene: payment.scene },
        enquiry,
        { ...refundName(request), txnType: '00', txnSubType: '00' },
      );
      return refundQueryOutcome(reply, request, context.now());
    },

    readNotification: async (raw) =>
      readNotification(raw, { merId: settings.merId, verdict: client.verdict }),

    async bill(date) {
      if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw new RangeError(`not a day: ${date}`);
      const now = context.now();
      if (chinaDay(now) < date) return notReady(chinaHourAfter(date, 1, billReadyHour), now);
      const reply = await client.call({ method: 'download_bill' }, settings.fileGateway, {
        txnType: '76',
        txnSubType: '01',
        settleDate: date.slice(5).replace('-', ''),
        fileType: '00',
      });
      const file = billFile(reply, date, now);
      return 'kind' in file ? file : openZmBill(file.bytes, { date, merId: settings.merId });
    },

    async test() {
      const reply = await client.call({ method: 'test' }, enquiry, {
        txnType: '00',
        txnSubType: '00',
        orderId: `TEST${context.now().getTime()}`,
      });
      if (reply.kind === 'none') return { ok: false, code: reply.code, message: reply.cause };
      // "No such transaction", under UnionPay's signature, proves both sides' keys and the merchant number.
      const { respCode = '', respMsg = '' } = reply.fields;
      return respCode === '34' || isDone(respCode)
        ? { ok: true }
        : { ok: false, code: respCode, message: respMsg };
    },
  };
}

const notReady = (then: Date, now: Date) => ({
  kind: 'not-ready' as const,
  retryAfterMinutes: Math.max(1, Math.ceil((then.getTime() - now.getTime()) / 60_000)),
});

/** What the answer to "the file of this settlement day" means; pure. */
export function billFile(
  reply: Reply,
  date: string,
  now: Date,
): { bytes: Buffer } | Exclude<Bill, { kind: 'ready' }> {
  if (reply.kind === 'none') throw new BillError('UNAVAILABLE', `${reply.code}: ${reply.cause}`);
  const { respCode = '', respMsg = '', fileContent } = reply.fields;
  if (respCode === '98') {
    // Said of a file not yet written and (unverified) of a day without transactions: the second day tells.
    const ready = chinaHourAfter(date, 1, billReadyHour);
    if (now < ready) return notReady(ready, now);
    const sure = chinaHourAfter(date, 2, billReadyHour);
    return now < sure ? { kind: 'not-ready', retryAfterMinutes: 30 } : { kind: 'empty' };
  }
  if (!isDone(respCode) || !fileContent) throw new BillError('UNAVAILABLE', `${respCode}: ${respMsg}`);
  try {
    return { bytes: inflateSync(Buffer.from(fileContent, 'base64'), { maxOutputLength: maxBillBytes }) };
  } catch (cause) {
    throw new BillError('TRUNCATED', 'the file does not unpack', undefined, { cause });
  }
}
