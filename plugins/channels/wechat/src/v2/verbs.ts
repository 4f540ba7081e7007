import {
  type ChannelContext,
  type Outcome,
  type PaymentReference,
  type PayRequest,
  type RefundRequest,
  toMinor,
} from '@hospital-pay/payments/contract';
import type { WechatSettings } from '../config';
import {
  integrity,
  type OrderFacts,
  orderOutcome,
  type RefundFacts,
  refundOutcome,
  refusedOutcome,
  type Verb,
} from '../outcomes';
import { cut, readChinaTime } from '../texts';
import type { CallSubject } from '../v3/client';
import type { V2Answer, V2Client } from './client';

type Body = Record<string, string>;

const fen = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? toMinor(text) : undefined;

/** A successful micropay answer carries no trade_state: it is the payment. */
const readOrder = (body: Body, tradeState: string): OrderFacts => ({
  mchid: body.mch_id ?? '',
  appid: body.appid,
  attemptNo: body.out_trade_no ?? '',
  tradeState,
  tradeStateText: body.trade_state_desc ?? tradeState,
  channelNo: body.transaction_id || undefined,
  amount: fen(body.total_fee),
  currency: body.fee_type,
  paidAt: readChinaTime(body.time_end),
  payer: body.openid,
});

/** A query may list several refunds of one order; ours is found by its number. */
function readRefundQuery(body: Body, refundNo: string): RefundFacts | undefined {
  const field = Object.keys(body).find((name) => /^out_refund_no_\d+$/.test(name) && body[name] === refundNo);
  if (!field) return undefined;
  const index = field.slice('out_refund_no_'.length);
  const amount = fen(body[`refund_fee_${index}`]);
  if (amount === undefined) return undefined;
  return {
    refundNo,
    attemptNo: body.out_trade_no ?? '',
    status: body[`refund_status_${index}`] ?? '',
    channelRefundNo: body[`refund_id_${index}`] ?? '',
    amount,
    total: fen(body.total_fee),
    currency: body.fee_type,
    refundedAt: readChinaTime(body[`refund_success_time_${index}`]),
  };
}

/** Payment codes over the older protocol, and everything that may be asked about such a payment afterwards. */
export function createV2Verbs(settings: WechatSettings, context: ChannelContext, client: V2Client) {
  const now = () => context.now();

  const subjectOf = (
    method: string,
    payment: Pick<PaymentReference, 'attemptNo' | 'scene'>,
  ): CallSubject => ({
    method,
    attemptNo: payment.attemptNo,
    scene: payment.scene,
  });

  function orderAnswer(verb: Verb, answer: V2Answer, payment: PaymentReference): Outcome {
    if (answer.kind !== 'ok') return refusedOutcome(verb, answer, payment, now());
    const tradeState = answer.data.trade_state ?? (verb === 'pay' ? 'SUCCESS' : '');
    const order = readOrder(answer.data, tradeState);
    return orderOutcome(order, { mchid: settings.mchid, appid: settings.appid, payment }, now());
  }

  return {
    async pay(request: PayRequest): Promise<Outcome> {
      const answer = await client.call(subjectOf('create_order', request), '/pay/micropay', {
        body: cut(request.subject, 127),
        out_trade_no: request.attemptNo,
        total_fee: String(request.amount),
        spbill_create_ip: request.clientIp ?? '127.0.0.1',
        auth_code: request.authCode ?? '',
        device_info: cut(request.terminalCode ?? '', 32),
      });
      const { attemptNo, scene, amount, currency } = request;
      return orderAnswer('pay', answer, { attemptNo, scene, amount, currency, createdAt: now() });
    },

    async query(payment: PaymentReference): Promise<Outcome> {
      const answer = await client.call(subjectOf('query_order', payment), '/pay/orderquery', {
        out_trade_no: payment.attemptNo,
      });
      return orderAnswer('query', answer, payment);
    },

    async reverse(payment: PaymentReference): Promise<Outcome> {
      const answer = await client.call(subjectOf('cancel_order', payment), '/secapi/pay/reverse', {
        out_trade_no: payment.attemptNo,
      });
      if (answer.kind !== 'ok') return refusedOutcome('reverse', answer, payment, now());
      if (answer.data.recall === 'Y') {
        return { kind: 'unknown', code: 'REVERSE_AGAIN', cause: 'WeChat Pay asks to call reverse again' };
      }
      return { kind: 'closed', reversed: true };
    },

    async refund(request: RefundRequest): Promise<Outcome> {
      const { payment, refundNo } = request;
      const subject = { ...subjectOf('refund_order', payment), refundNo };
      const answer = await client.call(subject, '/secapi/pay/refund', {
        out_trade_no: payment.attemptNo,
        out_refund_no: refundNo,
        total_fee: String(payment.amount),
        refund_fee: String(request.amount),
        refund_desc: cut(request.reason, 80),
      });
      if (answer.kind !== 'ok') return refusedOutcome('refund', answer, payment, now());
      const { data } = answer;
      const amount = fen(data.refund_fee);
      if (amount === undefined || !data.refund_id)
        return integrity('refund accepted without amount or number');
      // SUCCESS means accepted here; the query tells when the money is back.
      const accepted: RefundFacts = {
        refundNo: data.out_refund_no ?? '',
        attemptNo: data.out_trade_no ?? '',
        status: 'PROCESSING',
        channelRefundNo: data.refund_id,
        amount,
        total: fen(data.total_fee),
        currency: data.fee_type,
        refundedAt: undefined,
      };
      return refundOutcome(accepted, expectedRefund(request), now());
    },

    async queryRefund(request: RefundRequest): Promise<Outcome> {
      const { payment, refundNo } = request;
      const subject = { ...subjectOf('query_refund', payment), refundNo };
      const answer = await client.call(subject, '/pay/refundquery', { out_refund_no: refundNo });
      if (answer.kind !== 'ok') return refusedOutcome('queryRefund', answer, payment, now());
      const refund = readRefundQuery(answer.data, refundNo);
      return refund
        ? refundOutcome(refund, expectedRefund(request), now())
        : { kind: 'unknown', code: 'GARBAGE', cause: 'the answer does not hold this refund' };
    },
  };
}

const expectedRefund = ({ refundNo, amount, payment }: RefundRequest) => ({
  refundNo,
  amount,
  attemptNo: payment.attemptNo,
  total: payment.amount,
});
