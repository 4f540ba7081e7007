import type {
  ChannelContext,
  ChannelDriver,
  NotificationReading,
  Outcome,
  PaymentReference,
  PayRequest,
  RawNotification,
  RefundRequest,
  SettledClaim,
} from '@hospital-pay/payments/contract';
import { testRefusal } from '../driver';
import { accepted, openNotice, rejected, retry } from '../notification';
import { integrity, type Verb } from '../outcomes';
import { cut, rfc3339 } from '../texts';
import { createV3Client, type V3Answer } from '../v3/client';
import { mixedAmounts } from './amounts';
import type { WechatInsuranceSettings } from './config';
import { cashOrder, changesOf, readMixedFee } from './fee';
import { insuranceState, type MixedOrder, mixedOrderBody, mixedOutcome, refusedMixed } from './outcomes';
import { sealedPerson } from './person';

const orders = '/v3/med-ins/orders';

const refuse = (code: string, message: string): Outcome => ({ kind: 'failed', code, message });
const unknown = (code: string, cause: string): Outcome => ({ kind: 'unknown', code, cause });

/** The number WeChat knows a mixed order by is the cash order's, where there is one. */
const orderNoOf = (attemptNo: string, claim: SettledClaim) => claim.cash?.attemptNo ?? attemptNo;

const insuredFen = ({ split }: SettledClaim) => split.fundFen + split.accountFen + split.otherFen;

export function createInsuranceDriver(
  { merchant, institution, testEnv }: WechatInsuranceSettings,
  context: ChannelContext,
): ChannelDriver {
  const client = createV3Client(merchant, context);
  const { appid } = merchant;
  const now = () => context.now();

  const about = (method: string, { attemptNo, scene }: Pick<PaymentReference, 'attemptNo' | 'scene'>) => ({
    method,
    attemptNo,
    scene,
  });

  type Read = { kind: 'order'; order: MixedOrder } | { kind: 'other'; outcome: Outcome };

  function read(verb: Verb, answer: V3Answer, payment: PaymentReference): Read {
    if (answer.kind !== 'ok') return { kind: 'other', outcome: refusedMixed(verb, answer, payment, now()) };
    const order = mixedOrderBody.safeParse(answer.data);
    return order.success
      ? { kind: 'order', order: order.data }
      : { kind: 'other', outcome: unknown('GARBAGE', 'unreadable mixed order') };
  }

  const outcomeOf = (order: MixedOrder, payment: PaymentReference & { claim: SettledClaim }): Outcome =>
    mixedOutcome(
      order,
      {
        appid,
        payment: {
          amount: payment.amount,
          claim: payment.claim,
          orderNo: orderNoOf(payment.attemptNo, payment.claim),
          ...(payment.expiresAt ? { expiresAt: payment.expiresAt } : {}),
        },
      },
      now(),
    );

  /** Found by our number alone: WeChat's own may have been lost with an answer. */
  const find = (method: string, payment: PaymentReference, claim: SettledClaim) =>
    client.get(
      about(method, payment),
      `${orders}/out-trade-no/${encodeURIComponent(orderNoOf(payment.attemptNo, claim))}`,
    );

  async function pay(request: PayRequest): Promise<Outcome> {
    const { attemptNo, amount, claim, payerId: openid } = request;
    if (!Number.isSafeInteger(amount) || amount < 1) return refuse('PARAM_ERROR', '金额须为正整数（分）');
    if (request.currency !== 'CNY') return refuse('PARAM_ERROR', '微信医保支付只收人民币');
    if (!claim) return refuse('CLAIM_MISSING', '缺少医保预结算结果');
    if (insuredFen(claim) !== amount) return refuse('AMOUNTS', '金额与医保预结算结果不一致');
    if (!openid) return refuse('OPENID_MISSING', '缺少患者 OpenID');
    const reading = readMixedFee(claim.details);
    if (reading.kind === 'wrong') return refuse('DETAILS', reading.message);
    const { payer, relative, ...fee } = reading.fee;
    const amounts = mixedAmounts(claim.split, changesOf(fee));
    if (!amounts) return refuse('AMOUNTS', '现金补充金额大于自费金额');
    const cash = cashOrder(claim);
    if (claim.split.cashFen > 0 !== (cash !== undefined)) {
      return refuse('CASH_PAYMENT_MISSING', '自费金额与自费预支付订单不一致');
    }
    const encryption = await client.keys.encryptionKey();
    if (!encryption) return refuse('NO_ENCRYPTION_KEY', '没有可用的微信支付公钥或平台证书');

    const answer = await client.post(
      about('create_order', request),
      orders,
      {
        ...fee,
        ...amounts,
        ...institution,
        mix_pay_type: cash ? 'CASH_AND_INSURANCE' : 'INSURANCE_ONLY',
        appid,
        openid,
        payer: sealedPerson(payer, encryption.key),
        pay_for_relatives: relative !== undefined,
        ...(relative ? { relative: sealedPerson(relative, encryption.key) } : {}),
        out_trade_no: orderNoOf(attemptNo, claim),
        pay_order_id: claim.claimNo,
        ...(cash ? { prepay_id: cash.prepayId } : {}),
        attach: attemptNo,
        callback_url: context.notifyUrl,
        med_ins_test_env: testEnv,
      },
      encryption.serial,
    );
    const payment = { ...request, claim, createdAt: request.createdAt ?? now() };
    const result = read('pay', answer, payment);
    if (result.kind === 'other') return result.outcome;
    const outcome = outcomeOf(result.order, payment);
    if (outcome.kind !== 'pending') return outcome;
    // The page calls requestMedicalInsurancePay with the mixed order and the cash order's own signature.
    const parameters = { mixTradeNo: result.order.mix_trade_no, appid, ...cash?.parameters };
    return { ...outcome, payerAction: { kind: 'client', parameters } };
  }

  async function refund(request: RefundRequest): Promise<Outcome> {
    const { payment, amount, refundNo } = request;
    const { claim, channelNo } = payment;
    if (!claim) return refuse('CLAIM_MISSING', '缺少医保预结算结果');
    if (amount !== payment.amount || amount !== insuredFen(claim)) {
      return refuse('PARTIAL_REFUND', '医保部分只能整笔退回');
    }
    if (!channelNo) return unknown('MIX_TRADE_NO_MISSING', 'the mixed order’s number is not known');
    const answer = await client.post(
      { ...about('refund_order', payment), refundNo },
      `/v3/med-ins/refunds/notify?mix_trade_no=${encodeURIComponent(channelNo)}`,
      {
        med_refund_total_fee: amount,
        med_refund_gov_fee: claim.split.fundFen,
        med_refund_self_fee: claim.split.accountFen,
        med_refund_other_fee: claim.split.otherFen,
        refund_time: rfc3339(request.requestedAt ?? now()),
        out_refund_no: cut(request.cashRefundNo ?? refundNo, 64),
      },
    );
    if (answer.kind !== 'ok') return refusedMixed('refund', answer, payment, now());
    return givenBack(request);
  }

  const givenBack = ({ refundNo, amount, requestedAt }: RefundRequest): Outcome => ({
    kind: 'refunded',
    amount,
    currency: 'CNY',
    channelNo: refundNo,
    refundedAt: requestedAt ?? now(),
  });

  async function queryRefund(request: RefundRequest): Promise<Outcome> {
    const { payment } = request;
    const { claim } = payment;
    if (!claim) return unknown('CLAIM_MISSING', 'the payment has no claim');
    const answer = await find('query_refund', payment, claim);
    const result = read('queryRefund', answer, payment);
    if (result.kind === 'other') return result.outcome;
    const state = insuranceState(result.order);
    switch (state) {
      case 'given-back': {
        const wrong = outcomeOf(result.order, { ...payment, claim });
        return wrong.kind === 'closed' ? givenBack(request) : wrong;
      }
      case 'settled':
        return unknown('REFUND_NOT_FOUND', 'WeChat has not been told of the refund');
      case 'waiting':
      case 'failed':
      case 'none':
      case 'unlisted':
        return integrity(`a refund of an order that is ${result.order.med_ins_pay_status}`);
      default:
        return state satisfies never;
    }
  }

  async function readNotification(raw: RawNotification): Promise<NotificationReading> {
    const notice = await openNotice(
      raw,
      merchant,
      client.keys,
      (type) => type === 'MEDICAL_INSURANCE.SUCCESS',
    );
    if ('kind' in notice) return notice;
    const order = mixedOrderBody.safeParse(notice.plain);
    if (!order.success || !order.data.attach) return rejected('MALFORMED', 'unreadable mixed order');
    const outcome = mixedOutcome(order.data, { appid }, now());
    if (outcome.kind === 'unknown') return rejected(outcome.code ?? 'MALFORMED', outcome.cause);
    const event = { kind: 'payment' as const, attemptNo: order.data.attach, outcome };
    return { kind: 'event', notificationId: notice.id, event, accepted, retry };
  }

  return {
    pay,

    async query(payment) {
      const { claim } = payment;
      if (!claim) return unknown('CLAIM_MISSING', 'the payment has no claim');
      const result = read('query', await find('query_order', payment, claim), payment);
      return result.kind === 'order' ? outcomeOf(result.order, { ...payment, claim }) : result.outcome;
    },

    refund,
    queryRefund,
    readNotification,

    async test() {
      if (!(await client.keys.encryptionKey())) {
        return { ok: false, code: 'NO_ENCRYPTION_KEY', message: '没有可用的微信支付公钥或平台证书' };
      }
      const missing = `TEST${now().getTime()}`;
      const answer = await client.get({ method: 'test' }, `${orders}/out-trade-no/${missing}`);
      return testRefusal(answer) ?? { ok: true };
    },
  };
}
