import { constants, privateDecrypt, randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { giveRefund } from '../bank';
import { chinaRfc3339 } from '../clock';
import type { Gateway, GatewayWorld } from '../gateway';
import { privateKey } from '../keys';
import type { Payment } from '../ledger';
import type { MicropayOutcome } from '../outcomes';
import type { WechatCredentials } from '../wechat/credentials';
import { notice } from '../wechat/notice';
import { createWechatOrders, isRefusal } from '../wechat/orders';
import { signSha256 } from '../wechat/signing';
import { certificatesRoute } from '../wechat/v3';
import {
  type Answer,
  createV3Door,
  error,
  invalid,
  number,
  type Request,
  type Route,
  sameSerial,
} from '../wechat/v3-door';

const fen = z.number().int().nonnegative();
const sealedPerson = z.object({ name: z.string(), id_digest: z.string(), card_type: z.string() });
const text = z.string().min(1);

const orderBody = z.object({
  mix_pay_type: z.enum(['INSURANCE_ONLY', 'CASH_AND_INSURANCE']),
  order_type: text,
  appid: text,
  openid: text,
  payer: sealedPerson,
  pay_for_relatives: z.boolean(),
  relative: sealedPerson.optional(),
  out_trade_no: z.string().regex(/^[0-9A-Za-z_\-|*]{6,64}$/),
  serial_no: text.max(20),
  pay_order_id: text.max(64),
  pay_auth_no: text.max(40),
  geo_location: text,
  city_id: text.max(8),
  med_inst_name: text.max(128),
  med_inst_no: text.max(32),
  med_ins_order_create_time: z.iso.datetime({ offset: true }),
  total_fee: fen,
  med_ins_gov_fee: fen,
  med_ins_self_fee: fen,
  med_ins_other_fee: fen,
  med_ins_cash_fee: fen,
  wechat_pay_cash_fee: fen,
  cash_add_detail: z.array(z.object({ cash_add_fee: fen, cash_add_type: text })),
  cash_reduce_detail: z.array(z.object({ cash_reduce_fee: fen, cash_reduce_type: text })),
  callback_url: z.string().regex(/^https?:\/\/[^?]+$/),
  prepay_id: text.optional(),
  attach: text.max(128),
  med_ins_test_env: z.boolean(),
});
/** What is kept of an order: everything but who is ill. */
const keptOrder = orderBody.omit({ payer: true, relative: true });
type Kept = z.infer<typeof keptOrder>;

const refundBody = z.object({
  med_refund_total_fee: fen,
  med_refund_gov_fee: fen,
  med_refund_self_fee: fen,
  med_refund_other_fee: fen,
  refund_time: z.iso.datetime({ offset: true }),
  out_refund_no: text.max(64),
});

/** Only one part of a mixed order goes through: the insurer's or the cash. */
const halfBody = z.object({ orderNo: text, paid: z.enum(['insurance', 'cash']) });

export interface MixedWish {
  insuredFen: number;
  cashFen?: number;
  fate?: MicropayOutcome;
  patientName?: string;
}

export interface MixedFee {
  totalFen: number;
  details: Record<string, unknown>;
  claim: {
    claimNo: string;
    split: { fundFen: number; accountFen: number; otherFen: number; cashFen: number };
    details: Record<string, unknown>;
    cash?: { attemptNo: string; payerAction: { kind: 'client'; parameters: Record<string, string> } };
  };
}

export interface MixedGateway extends Gateway {
  /** What HIS would say of a fee (the channel's `details`). */
  details(patientName?: string, fate?: MicropayOutcome): Record<string, unknown>;
  /** A whole claim with its cash order, as HIS and WeChat Pay would have come to it. */
  fee(wish: MixedWish): Promise<MixedFee>;
  /** The patient confirms, and only one part goes through; by the number the hospital gave along (`attach`). */
  half(orderNo: string, paid: 'insurance' | 'cash'): Promise<void>;
}

const S = 1_000;
const sum = (numbers: number[]) => numbers.reduce((total, each) => total + each, 0);

export function createMixedGateway(world: GatewayWorld<WechatCredentials>): MixedGateway {
  const { ledger, life } = world;
  const wechat = createWechatOrders(world);
  const alone = new Set<string>();

  const keptWith = (payment: Payment): Kept => keptOrder.parse(JSON.parse(payment.attach ?? '{}'));

  /** The ledger knows an order by what the hospital gave along; WeChat by the cash order's number. */
  function byOutTradeNo(merchant: WechatCredentials, outTradeNo: string): Payment | null {
    const found = ledger
      .payments({ gateway: 'wechatinsurance', merchant: merchant.mchid })
      .find((payment) => payment.attach !== null && keptWith(payment).out_trade_no === outTradeNo);
    return found === undefined ? null : refreshed(found);
  }

  function byMixTradeNo(merchant: WechatCredentials, mixTradeNo: string): Payment | null {
    const found = ledger.paymentByTradeNo('wechatinsurance', mixTradeNo);
    return found === null || found.merchant !== merchant.mchid ? null : refreshed(found);
  }

  const cashOf = (payment: Payment): Payment | null => {
    const { prepay_id, out_trade_no } = keptWith(payment);
    const cash = prepay_id === undefined ? null : ledger.payment('wechat', payment.merchant, out_trade_no);
    return cash === null ? null : life.refresh(cash);
  };

  /** An order whose cash can no longer be paid is over. */
  function refreshed(payment: Payment): Payment {
    life.refresh(payment);
    const cash = cashOf(payment);
    if (payment.state === 'waiting' && cash !== null && cash.state === 'closed') {
      payment.state = 'failed';
      payment.endedAt = world.clock.now();
      ledger.savePayment(payment);
    }
    return payment;
  }

  function insuranceStatus(payment: Payment): 'CREATED' | 'SUCCESS' | 'REFUND' | 'FAIL' {
    switch (payment.state) {
      case 'waiting':
      case 'paying':
        return 'CREATED';
      case 'paid':
        return payment.refundedFen === payment.amountFen ? 'REFUND' : 'SUCCESS';
      case 'closed':
      case 'reversed':
      case 'failed':
        return 'FAIL';
      default:
        return payment.state satisfies never;
    }
  }

  function told(payment: Payment): Record<string, unknown> {
    const cash = cashOf(payment);
    const parts = [payment, ...(cash === null ? [] : [cash])].map(insuranceStatus);
    const all = (status: string) => parts.every((part) => part === status);
    const mixed = all('SUCCESS')
      ? 'SUCCESS'
      : all('REFUND')
        ? 'REFUND'
        : parts.includes('FAIL')
          ? 'FAIL'
          : 'CREATED';
    return {
      ...keptWith(payment),
      mix_trade_no: payment.tradeNo,
      mix_pay_status: `MIX_PAY_${mixed}`,
      self_pay_status: cash === null ? 'NO_SELF_PAY' : `SELF_PAY_${insuranceStatus(cash)}`,
      med_ins_pay_status: `MED_INS_PAY_${insuranceStatus(payment)}`,
      ...(payment.state === 'failed' ? { med_ins_fail_reason: '医保局结算失败' } : {}),
      ...(payment.paidAt === null ? {} : { paid_time: chinaRfc3339(payment.paidAt) }),
    };
  }

  /** The plain text, or null when it was not encrypted for the key that the request names. */
  function opened(merchant: WechatCredentials, serial: string, sealed: string): string | null {
    const key = sameSerial(serial, merchant.publicKeyId)
      ? merchant.publicKeyPrivateKey
      : merchant.platformPrivateKey;
    try {
      return privateDecrypt(
        { key: privateKey(key), padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
        Buffer.from(sealed, 'base64'),
      ).toString('utf8');
    } catch {
      return null;
    }
  }

  async function create({ merchant, body: given, serial }: Request): Promise<Answer> {
    const parsed = orderBody.safeParse(given);
    if (!parsed.success) return invalid(parsed.error);
    const { payer, relative, ...order } = parsed.data;
    if (order.appid !== merchant.appid) return error('APPID_MCHID_NOT_MATCH', 'appid 和 mchid 不匹配');
    if (serial === '') return error('PARAM_ERROR', '请求头缺少 Wechatpay-Serial');
    for (const person of [payer, ...(relative ? [relative] : [])]) {
      if (!opened(merchant, serial, person.name)) {
        return error('RULE_LIMIT', '入参用户姓名和医保电子凭证绑卡姓名不匹配', '268545962');
      }
      if (!/^[0-9a-f]{32}$/.test(opened(merchant, serial, person.id_digest) ?? '')) {
        return error('RULE_LIMIT', '身份ID摘要和医保电子凭证绑卡身份ID摘要不匹配', '268545961');
      }
    }
    if (order.pay_for_relatives !== (relative !== undefined)) return error('PARAM_ERROR', '亲属信息为空');
    const wrong = wrongAmounts(order);
    if (wrong !== null) return wrong;
    if (byOutTradeNo(merchant, order.out_trade_no) !== null) return error('ALREADY_EXISTS', '订单已存在');
    const cash =
      order.prepay_id === undefined ? null : ledger.payment('wechat', merchant.mchid, order.out_trade_no);
    const isMixed = order.mix_pay_type === 'CASH_AND_INSURANCE';
    if (isMixed !== (cash !== null) || (cash !== null && cash.payToken !== order.prepay_id)) {
      return error('RULE_LIMIT', '合支付单字段校验失败', '268529475');
    }
    if ((cash?.amountFen ?? 0) !== order.wechat_pay_cash_fee) {
      return error('RULE_LIMIT', '混合单金额不正确', '268529481');
    }
    const insured = order.med_ins_gov_fee + order.med_ins_self_fee + order.med_ins_other_fee;
    if (world.outcomes.of('wechatinsurance', order.pay_auth_no, insured) === 'auth_code_invalid') {
      return error('RULE_LIMIT', 'PAY_AUTH_NO 校验失败，请确认无误后重试', '268547120');
    }
    ledger.saveUsedCode(order.pay_auth_no);
    const payment = ledger.newPayment({
      gateway: 'wechatinsurance',
      merchant: merchant.mchid,
      appId: merchant.appid,
      outTradeNo: order.attach,
      scene: 'jsapi',
      amountFen: insured,
      subject: '医保自费混合收款',
    });
    payment.attach = JSON.stringify(order);
    payment.notifyUrl = order.callback_url;
    payment.payToken = payment.tradeNo;
    payment.expiresAt = cash?.expiresAt ?? null;
    ledger.savePayment(payment);
    if (world.settings.autoPay) setTimeout(() => void life.pay(payment), 50).unref();
    return { status: 200, json: told(payment) };
  }

  const found = (payment: Payment | null): Answer =>
    payment === null
      ? error('RESOURCE_NOT_EXISTS', '未找到订单，请确认订单号是否正确', '268529515')
      : { status: 200, json: told(payment) };

  function refund({ merchant, body: given, query }: Request): Answer {
    const parsed = refundBody.safeParse(given);
    if (!parsed.success) return invalid(parsed.error);
    const body = parsed.data;
    const payment = byMixTradeNo(merchant, query.get('mix_trade_no') ?? '');
    if (payment === null) return found(null);
    const total = body.med_refund_gov_fee + body.med_refund_self_fee + body.med_refund_other_fee;
    if (total !== body.med_refund_total_fee || total !== payment.amountFen) {
      return error('RULE_LIMIT', '医保退款总金额校验不通过');
    }
    const booked = giveRefund(world, payment, {
      refundNo: body.out_refund_no,
      amountFen: total,
      note: null,
      notifyUrl: null,
    });
    if (typeof booked === 'string') return error('RULE_LIMIT', `医保退款被拒绝：${booked}`);
    booked.settlesAt = world.clock.now();
    life.settle(booked);
    return { status: 204, json: null };
  }

  const attachIn = ({ body }: Request): string | null => {
    const parsed = z.object({ attach: z.string() }).safeParse(body);
    return parsed.success ? parsed.data.attach : null;
  };

  const routes: Route[] = [
    certificatesRoute,
    {
      method: 'POST',
      path: /^\/v3\/med-ins\/orders$/,
      operation: 'create',
      run: create,
      orderNo: attachIn,
    },
    {
      method: 'GET',
      path: /^\/v3\/med-ins\/orders\/out-trade-no\/([^/]+)$/,
      operation: 'query',
      run: (request) => found(byOutTradeNo(request.merchant, number(request))),
      orderNo: (request) => byOutTradeNo(request.merchant, number(request))?.outTradeNo ?? null,
    },
    {
      method: 'GET',
      path: /^\/v3\/med-ins\/orders\/mix-trade-no\/([^/]+)$/,
      operation: 'query',
      run: (request) => found(byMixTradeNo(request.merchant, number(request))),
      orderNo: (request) => byMixTradeNo(request.merchant, number(request))?.outTradeNo ?? null,
    },
    {
      method: 'POST',
      path: /^\/v3\/med-ins\/refunds\/notify$/,
      operation: 'refund',
      run: refund,
      orderNo: ({ merchant, query }) =>
        byMixTradeNo(merchant, query.get('mix_trade_no') ?? '')?.outTradeNo ?? null,
    },
  ];
  const door = createV3Door(world, 'wechatinsurance', routes);

  function details(patientName = '王建国', fate?: MicropayOutcome): Record<string, unknown> {
    return {
      order_type: 'DIAG_PAY',
      serial_no: `MZ${randomBytes(8).toString('hex')}`,
      pay_auth_no: world.outcomes.issueCode('wechatinsurance', fate),
      geo_location: '114.057868,22.543099',
      med_ins_order_create_time: chinaRfc3339(world.clock.now()),
      payer: { name: patientName, id_no: '44030019000101123X' },
    };
  }

  /** The cash part, as WeChat Pay's own order, with what a page pays it by. */
  async function prepaid(merchant: WechatCredentials, cashFen: number) {
    const attemptNo = `C${randomBytes(12).toString('hex')}`;
    const order = await wechat.create(merchant, {
      outTradeNo: attemptNo,
      totalFen: cashFen,
      description: '自费部分',
      notifyUrl: null,
      attach: null,
      deviceId: null,
      openid: null,
      expiresAt: null,
      scene: 'jsapi',
    });
    if (isRefusal(order)) throw new Error(order.message);
    const [timeStamp, nonceStr] = [`${Math.floor(world.clock.wall() / S)}`, randomBytes(16).toString('hex')];
    const wrapped = `prepay_id=${order.payToken}`;
    const parameters = {
      appId: merchant.appid,
      timeStamp,
      nonceStr,
      package: wrapped,
      signType: 'RSA',
      paySign: signSha256(`${merchant.appid}\n${timeStamp}\n${nonceStr}\n${wrapped}\n`, merchant.privateKey),
    };
    return { attemptNo, payerAction: { kind: 'client' as const, parameters } };
  }

  const gateway: MixedGateway = {
    handle: door.handle,
    details,

    async fee({ insuredFen, cashFen = 0, fate, patientName }) {
      const [merchant] = world.merchants();
      if (merchant === undefined) throw new Error('the sandbox has no WeChat Pay merchant');
      const fundFen = Math.floor((insuredFen * 7) / 10);
      const said = details(patientName, fate);
      return {
        totalFen: insuredFen + cashFen,
        details: said,
        claim: {
          claimNo: `ORD${randomBytes(12).toString('hex')}`,
          split: { fundFen, accountFen: insuredFen - fundFen, otherFen: 0, cashFen },
          details: said,
          ...(cashFen > 0 ? { cash: await prepaid(merchant, cashFen) } : {}),
        },
      };
    },

    async half(orderNo, paid) {
      const payment = ledger.paymentOfPatient('wechatinsurance', orderNo);
      const cash = payment === null ? null : cashOf(payment);
      if (payment === null || cash === null) throw new Error(`${orderNo} is no mixed order`);
      if (paid === 'insurance') {
        alone.add(payment.outTradeNo);
        await life.pay(payment);
        return;
      }
      payment.state = 'failed';
      payment.endedAt = world.clock.now();
      ledger.savePayment(payment);
      await life.pay(cash);
    },

    levers: {
      'POST /half': async (body) => {
        const { orderNo, paid } = halfBody.parse(body);
        await gateway.half(orderNo, paid);
        return { orderNo, paid };
      },
      'POST /details': () => details(),
    },

    /** The patient confirms once: the cash is paid with it, and then the whole is told. */
    async notifyPayment(payment) {
      if (alone.has(payment.outTradeNo)) return;
      const cash = cashOf(payment);
      if (cash !== null) await life.pay(cash);
      const merchant = world.merchants().find(({ mchid }) => mchid === payment.merchant);
      const { notifyUrl: url } = payment;
      if (merchant === undefined || url === null || told(payment).mix_pay_status !== 'MIX_PAY_SUCCESS')
        return;
      const id = randomUUID();
      await world.notifier.send({
        channel: 'wechatinsurance',
        orderNo: payment.outTradeNo,
        about: 'payment',
        schedule: [15 * S, 15 * S],
        timeoutMs: 5_000,
        acknowledged: (status) => status === 200 || status === 204,
        render: ({ tamper }) => {
          const order = told(payment);
          const more = tamper ? 100 : 0;
          const { body, headers } = notice(
            merchant,
            world.clock,
            { id, type: 'MEDICAL_INSURANCE.SUCCESS', summary: '医保混合收款成功', original: 'med-ins-order' },
            {
              ...order,
              total_fee: keptWith(payment).total_fee + more,
              med_ins_gov_fee: keptWith(payment).med_ins_gov_fee + more,
            },
          );
          return { url, body, headers: { 'Content-Type': 'application/json', ...headers } };
        },
      });
    },
  };
  return gateway;
}

function wrongAmounts(order: Kept): Answer | null {
  const add = sum(order.cash_add_detail.map(({ cash_add_fee }) => cash_add_fee));
  const reduce = sum(order.cash_reduce_detail.map(({ cash_reduce_fee }) => cash_reduce_fee));
  const insured = order.med_ins_gov_fee + order.med_ins_self_fee + order.med_ins_other_fee;
  if (order.total_fee !== insured + order.wechat_pay_cash_fee + reduce) {
    return error('RULE_LIMIT', '订单总金额校验不通过', '268529477');
  }
  if (order.wechat_pay_cash_fee !== order.med_ins_cash_fee + add - reduce) {
    return error('RULE_LIMIT', '自费金额校验不通过', '268529476');
  }
  return order.total_fee === insured + order.med_ins_cash_fee + add
    ? null
    : error('RULE_LIMIT', '混合单金额不正确', '268529481');
}
