import { randomBytes } from 'node:crypto';
import {
  type Bill,
  BillError,
  type ChannelContext,
  type ChannelDriver,
  type FundFlowLine,
  type Outcome,
  type PaymentReference,
  type PayRequest,
  type RefundRequest,
} from '@hospital-pay/payments/contract';
import type Pay from 'wechatpay-node-v3';
import { z } from 'zod';
import { readTradeBill } from './bill';
import { checkHash, isGzip } from './bill-text';
import type { WechatSettings } from './config';
import { readFundFlowBill } from './fund-flow';
import { readNotification } from './notification';
import { payerIdentity } from './payer';
import { chinaDay, minutesUntilBill } from './texts';
import { createV2Client } from './v2/client';
import { createV2Verbs } from './v2/verbs';
import { createV3Client } from './v3/client';
import { createV3Verbs } from './v3/verbs';

/** WeChat asks for this pause between a payment and its reversal. */
const reverseAfterMs = 15_000;

const billAnswer = z.object({ hash_type: z.string(), hash_value: z.string(), download_url: z.string() });

const statementRetryMinutes = 30;

const dateErrors = new Set(['PARAM_ERROR', 'INVALID_REQUEST']);

const sendable = (attemptNo: string) => /^[0-9A-Za-z_\-|*]{6,32}$/.test(attemptNo);

const refusedHere = (message: string): Outcome => ({ kind: 'failed', code: 'PARAM_ERROR', message });

/** Refused before anything is sent, so `failed` is certain. */
function cannotBeSent(request: PayRequest): Outcome | undefined {
  if (!sendable(request.attemptNo)) return refusedHere('商户订单号须为 6–32 位字母、数字或 _-|*');
  if (!Number.isSafeInteger(request.amount) || request.amount < 1) return refusedHere('金额须为正整数（分）');
  if (request.currency !== 'CNY') return refusedHere('微信支付只收人民币');
  if (request.scene === 'micropay' && !request.authCode) {
    return { kind: 'failed', code: 'AUTH_CODE_MISSING', message: '缺少付款码' };
  }
  return undefined;
}

/** `backupHost` replaces the official one; given by tests only. */
export function createDriver(
  settings: WechatSettings,
  context: ChannelContext,
  backupHost?: string,
): ChannelDriver {
  const client = createV3Client(settings, context, backupHost);
  const v3 = createV3Verbs(settings, context, client);
  const v2Client = settings.v2 && createV2Client(settings, settings.v2, context);
  const v2 = v2Client && createV2Verbs(settings, context, v2Client);
  const now = () => context.now();

  /** A payment code is followed over the protocol it was charged with. */
  const verbsFor = (payment: Pick<PaymentReference, 'scene'>) =>
    payment.scene === 'micropay' && v2 ? v2 : v3;

  async function reverse(payment: PaymentReference): Promise<Outcome> {
    if (payment.scene !== 'micropay') {
      return {
        kind: 'unknown',
        code: 'REVERSE_UNSUPPORTED',
        cause: 'only a payment-code order can be reversed',
      };
    }
    const age = now().getTime() - payment.createdAt.getTime();
    if (age < reverseAfterMs) {
      return { kind: 'unknown', code: 'REVERSE_TOO_EARLY', cause: `${age} ms after the payment` };
    }
    return verbsFor(payment).reverse(payment);
  }

  async function fetchBill(
    kind: 'trade' | 'fund-flow',
    date: string,
    ask: (sdk: Pay) => Promise<unknown>,
  ): Promise<{ name: string; bytes: Buffer } | Exclude<Bill, { kind: 'ready' }>> {
    if (!/^\d{4}-\d{2}-\d{2}$/.test(date)) throw new RangeError(`not a day: ${date}`);
    const subject = { method: 'download_bill' };
    const answer = await client.viaSdk(subject, ask);
    if (answer.kind === 'error') {
      if (answer.code === 'NO_STATEMENT_EXIST') return { kind: 'empty' };
      if (answer.code === 'STATEMENT_CREATING') {
        return { kind: 'not-ready', retryAfterMinutes: statementRetryMinutes };
      }
      // WeChat calls the day of an unfinished day a wrong parameter; it will be right tomorrow.
      if (dateErrors.has(answer.code) && date >= chinaDay(now())) {
        return { kind: 'not-ready', retryAfterMinutes: minutesUntilBill(date, now()) };
      }
      throw new BillError('UNAVAILABLE', `${answer.code}: ${answer.message}`);
    }
    if (answer.kind === 'unusable') throw new BillError('UNAVAILABLE', `${answer.code}: ${answer.cause}`);
    const located = billAnswer.safeParse(answer.data);
    if (!located.success) throw new BillError('UNAVAILABLE', 'the answer names no file');
    const { download_url, hash_type, hash_value } = located.data;
    const file = await client.download(subject, download_url);
    if (file.kind !== 'file') {
      throw new BillError(
        'UNAVAILABLE',
        file.kind === 'error' ? file.message : `${file.code}: ${file.cause}`,
      );
    }
    const { bytes } = file;
    await checkHash(bytes, { type: hash_type, value: hash_value });
    const name = `wechat-${kind}-${settings.mchid}-${date}.csv${isGzip(bytes) ? '.gz' : ''}`;
    return { name, bytes };
  }

  return {
    async pay(request: PayRequest) {
      const refused = cannotBeSent(request);
      if (refused) return refused;
      return request.scene === 'micropay' && v2 ? v2.pay(request) : v3.pay(request);
    },

    query: (payment) => verbsFor(payment).query(payment),

    // A payment-code order cannot be closed, it is reversed.
    close: (payment) => (payment.scene === 'micropay' ? reverse(payment) : v3.close(payment)),

    reverse,

    async refund(request: RefundRequest) {
      const { amount, payment } = request;
      if (!Number.isSafeInteger(amount) || amount < 1) return refusedHere('退款金额须为正整数（分）');
      if (amount > payment.amount) return refusedHere('退款金额超过订单金额');
      return verbsFor(payment).refund(request);
    },

    async queryRefund(request: RefundRequest) {
      return verbsFor(request.payment).queryRefund(request);
    },

    readNotification: (raw) => readNotification(raw, settings, client.keys, now),

    ...(settings.payer ? { payer: payerIdentity(settings.appid, settings.payer, context) } : {}),

    async bill(date: string): Promise<Bill> {
      const fetched = await fetchBill('trade', date, (sdk) =>
        sdk.tradebill({ bill_date: date, bill_type: 'ALL', tar_type: 'GZIP' }),
      );
      if ('kind' in fetched) return fetched;
      return { kind: 'ready', file: fetched, ...(await readTradeBill(fetched.bytes, settings.mchid)) };
    },

    async fundFlowBill(date: string): Promise<Bill<FundFlowLine>> {
      const fetched = await fetchBill('fund-flow', date, (sdk) =>
        sdk.fundflowbill({ bill_date: date, account_type: 'BASIC', tar_type: 'GZIP' }),
      );
      if ('kind' in fetched) return fetched;
      return { kind: 'ready', file: fetched, ...(await readFundFlowBill(fetched.bytes)) };
    },

    async test() {
      if (!settings.publicKey && !settings.platformCertificate) {
        const download = await client.keys.download();
        if (download.kind === 'refused') return { ok: false, code: download.code, message: download.cause };
      }
      // An order that cannot exist: being told so, under WeChat's signature, proves both sides' keys.
      const missing = `TEST${randomBytes(8).toString('hex')}`;
      const answer = await client.viaSdk({ method: 'test' }, (sdk) => sdk.query({ out_trade_no: missing }));
      const v3Refusal = testRefusal(answer);
      if (v3Refusal) return v3Refusal;
      if (!v2Client) return { ok: true };
      const older = await v2Client.call({ method: 'test' }, '/pay/orderquery', { out_trade_no: missing });
      return testRefusal(older) ?? { ok: true };
    },
  };
}

const notFoundCodes = new Set(['ORDER_NOT_EXIST', 'ORDERNOTEXIST', 'RESOURCE_NOT_EXISTS']);

export function testRefusal(
  answer:
    | { kind: 'ok' }
    | { kind: 'error'; code: string; message: string }
    | { kind: 'unusable'; code: string; cause: string },
): { ok: false; code: string; message: string } | undefined {
  switch (answer.kind) {
    case 'ok':
      return undefined;
    case 'error':
      if (notFoundCodes.has(answer.code)) return undefined;
      return { ok: false, code: answer.code, message: answer.message };
    case 'unusable':
      return { ok: false, code: answer.code, message: answer.cause };
    default: {
      const never: never = answer;
      return never;
    }
  }
}
