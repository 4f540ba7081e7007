import { createHash, randomBytes } from 'node:crypto';
import { z } from 'zod';
import { chinaDay, chinaDaySpan, chinaTime, parseChinaTime } from '../clock';
import type { Operation } from '../faults';
import type { GatewayWorld } from '../gateway';
import type { Payment, Scene } from '../ledger';
import { fenOfYuan, yuan } from '../yuan';
import type { AlipayCredentials } from './credentials';

/** The inner object of a reply, before it is written and signed. */
export type AlipayAnswer = Record<string, unknown> & { code: string; msg: string };

export interface AlipayCall {
  merchant: AlipayCredentials;
  params: Record<string, string>;
  biz: unknown;
}

const DAY = 86_400_000;
const REFUND_WINDOW = 365 * DAY;

const orderText = z.string().min(1).max(64);
const trade = z.object({
  out_trade_no: z.string().regex(/^[0-9A-Za-z_]{1,64}$/),
  total_amount: z.union([z.string(), z.number()]).transform(String),
  subject: z
    .string()
    .min(1)
    .max(256)
    .regex(/^[^/=&]*$/),
  body: z.string().max(128).optional(),
  time_expire: z.string().optional(),
  timeout_express: z.string().optional(),
  store_id: z.string().max(32).optional(),
  operator_id: z.string().max(28).optional(),
  terminal_id: z.string().max(32).optional(),
  passback_params: z.string().optional(),
  product_code: z.string().optional(),
});
const scanned = trade.extend({ auth_code: z.string().min(1), scene: z.enum(['bar_code', 'security_code']) });
const created = trade.extend({ buyer_id: z.string().optional(), buyer_open_id: z.string().optional() });
const tradeRef = z
  .object({ out_trade_no: orderText.optional(), trade_no: orderText.optional() })
  .refine((ref) => ref.out_trade_no !== undefined || ref.trade_no !== undefined);
const refundRequest = tradeRef.and(
  z.object({
    refund_amount: z.union([z.string(), z.number()]).transform(String),
    out_request_no: z.string().min(1).max(64).optional(),
    refund_reason: z.string().max(256).optional(),
  }),
);
const refundRef = tradeRef.and(z.object({ out_request_no: z.string().min(1).max(64) }));
const billRequest = z.object({ bill_type: z.string(), bill_date: z.string() });

type TradeRequest = z.infer<typeof trade>;

export interface AlipayOperations {
  operationOf(method: string): Operation | null;
  run(method: string, call: AlipayCall): Promise<AlipayAnswer>;
  /** wap.pay, page.pay and app.pay: what the payer opens. */
  open(scene: Scene, call: AlipayCall): Payment | AlipayAnswer;
  bill(fileId: string): { merchant: AlipayCredentials; type: 'trade' | 'signcustomer'; day: string } | null;
}

export function createAlipayOperations(world: GatewayWorld<AlipayCredentials>): AlipayOperations {
  const { life, settings } = world;
  const billFiles = new Map<
    string,
    { merchant: AlipayCredentials; type: 'trade' | 'signcustomer'; day: string; until: number }
  >();

  function find(call: AlipayCall, ref: z.infer<typeof tradeRef>): Payment | null {
    const payment =
      ref.trade_no !== undefined
        ? world.ledger.paymentByTradeNo('alipay', ref.trade_no)
        : world.ledger.payment('alipay', call.merchant.sellerId, ref.out_trade_no ?? '');
    if (payment === null || payment.merchant !== call.merchant.sellerId) return null;
    return life.refresh(payment);
  }

  /** Until the payer opens the QR, Alipay has no trade of that number. */
  function findVisible(call: AlipayCall, ref: z.infer<typeof tradeRef>): Payment | null {
    const payment = find(call, ref);
    return payment?.scanned ? payment : null;
  }

  function newTrade(
    call: AlipayCall,
    request: TradeRequest,
    amountFen: number,
    scene: Scene,
    lifetime: number,
  ): Payment {
    const payment = world.ledger.newPayment({
      gateway: 'alipay',
      merchant: call.merchant.sellerId,
      appId: call.merchant.appId,
      outTradeNo: request.out_trade_no,
      scene,
      amountFen,
      subject: request.subject,
    });
    payment.notifyUrl = call.params.notify_url ?? null;
    payment.attach = request.passback_params ?? null;
    payment.storeId = request.store_id ?? null;
    payment.operatorId = request.operator_id ?? null;
    payment.terminalId = request.terminal_id ?? null;
    payment.expiresAt = expiry(request, payment.createdAt) ?? payment.createdAt + lifetime;
    payment.fingerprint = fingerprint(request);
    return payment;
  }

  async function pay(call: AlipayCall): Promise<AlipayAnswer> {
    const parsed = scanned.safeParse(call.biz);
    if (!parsed.success) return invalid(parsed.error);
    const request = parsed.data;
    const amount = amountOf(request.total_amount);
    if (typeof amount !== 'number') return amount;
    const known = find(call, { out_trade_no: request.out_trade_no });
    if (known !== null) {
      if (known.state === 'paid') return failed('ACQ.TRADE_HAS_SUCCESS', '交易已被支付');
      if (known.state !== 'waiting' && known.state !== 'paying') {
        return failed('ACQ.TRADE_HAS_CLOSE', '交易已经关闭');
      }
      if (known.fingerprint !== fingerprint(request))
        return failed('ACQ.CONTEXT_INCONSISTENT', '交易信息被篡改');
      if (known.authCode === request.auth_code) {
        return known.state === 'paying' ? waitingForPayer(known) : failed('ACQ.SYSTEM_ERROR', '系统错误');
      }
    }
    const outcome = world.outcomes.of('alipay', request.auth_code, amount);
    if (outcome === 'auth_code_invalid') {
      return failed(
        'ACQ.PAYMENT_AUTH_CODE_INVALID',
        '支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款',
      );
    }
    world.ledger.saveUsedCode(request.auth_code);
    const payment = known ?? newTrade(call, request, amount, 'micropay', 3 * 3_600_000);
    payment.authCode = request.auth_code;
    switch (outcome) {
      case 'pays':
      case 'system_error_paid': {
        world.ledger.savePayment(payment);
        const notified = life.pay(payment);
        if (beforeReply(payment)) await notified;
        // It arrived after its own expiry: no money moved, and nothing else may be said.
        if (payment.paidAt === null) return failed('ACQ.TRADE_HAS_CLOSE', '交易已经关闭');
        return outcome === 'pays'
          ? { ...ok(), ...paidFields(payment), gmt_payment: chinaTime(payment.paidAt ?? 0) }
          : unavailable('aop.ACQ.SYSTEM_ERROR');
      }
      case 'paying_then_pays':
      case 'paying_for_ever':
        payment.state = 'paying';
        payment.queriesUntilPaid = outcome === 'paying_then_pays' ? world.outcomes.queriesUntilPaid : null;
        world.ledger.savePayment(payment);
        return waitingForPayer(payment);
      case 'system_error_unpaid':
        world.ledger.savePayment(payment);
        return failed('ACQ.SYSTEM_ERROR', '系统错误');
      case 'insufficient_funds':
        payment.state = 'failed';
        payment.endedAt = world.clock.now();
        world.ledger.savePayment(payment);
        return failed('ACQ.BUYER_BALANCE_NOT_ENOUGH', '支付失败，买家余额不足');
      default: {
        const never: never = outcome;
        return never;
      }
    }
  }

  function beforeReply(payment: Payment): boolean {
    return (
      world.faults.take(['notify_before_reply'], {
        channel: 'alipay',
        operation: payment.scene === 'micropay' ? 'pay' : 'create',
        orderNo: payment.outTradeNo,
      }) !== null
    );
  }

  /** A payer who is faster than the reply, or who pays by himself because the sandbox is told so. */
  async function afterCreate(payment: Payment): Promise<void> {
    if (beforeReply(payment)) await life.pay(payment);
    else if (settings.autoPay) setTimeout(() => void life.pay(payment), 50).unref();
  }

  async function precreate(call: AlipayCall): Promise<AlipayAnswer> {
    const parsed = trade.safeParse(call.biz);
    if (!parsed.success) return invalid(parsed.error);
    const amount = amountOf(parsed.data.total_amount);
    if (typeof amount !== 'number') return amount;
    const known = find(call, { out_trade_no: parsed.data.out_trade_no });
    if (known !== null) {
      if (known.state === 'paid') return failed('ACQ.TRADE_HAS_SUCCESS', '交易已被支付');
      if (known.state === 'closed') return failed('ACQ.TRADE_HAS_CLOSE', '交易已经关闭');
      return failed('ACQ.APPLY_PC_MERCHANT_CODE_ERROR', '申请二维码失败，请更换商户订单号');
    }
    const payment = newTrade(call, parsed.data, amount, 'native', 2 * 3_600_000);
    payment.payToken = `https://qr.alipay.com/bax${randomBytes(10).toString('hex')}`;
    world.ledger.savePayment(payment);
    await afterCreate(payment);
    return { ...ok(), out_trade_no: payment.outTradeNo, qr_code: payment.payToken };
  }

  async function create(call: AlipayCall): Promise<AlipayAnswer> {
    const parsed = created.safeParse(call.biz);
    if (!parsed.success) return invalid(parsed.error);
    const buyer = parsed.data.buyer_id ?? parsed.data.buyer_open_id;
    if (buyer === undefined)
      return failed('ACQ.INVALID_PARAMETER', '参数有误：buyer_id 和 buyer_open_id 不能同时为空');
    const amount = amountOf(parsed.data.total_amount);
    if (typeof amount !== 'number') return amount;
    const known = find(call, { out_trade_no: parsed.data.out_trade_no });
    if (known !== null) {
      if (known.state === 'paid') return failed('ACQ.TRADE_HAS_SUCCESS', '交易已被支付');
      if (known.state === 'closed') return failed('ACQ.TRADE_HAS_CLOSE', '交易已经关闭');
      if (known.fingerprint !== fingerprint(parsed.data))
        return failed('ACQ.CONTEXT_INCONSISTENT', '交易信息被篡改');
      return { ...ok(), out_trade_no: known.outTradeNo, trade_no: known.tradeNo };
    }
    const payment = newTrade(call, parsed.data, amount, 'jsapi', 15 * DAY);
    payment.buyer = buyer;
    payment.payToken = payment.tradeNo;
    payment.scanned = true;
    world.ledger.savePayment(payment);
    await afterCreate(payment);
    return { ...ok(), out_trade_no: payment.outTradeNo, trade_no: payment.tradeNo };
  }

  function query(call: AlipayCall): AlipayAnswer {
    const parsed = tradeRef.safeParse(call.biz);
    if (!parsed.success) return invalid(parsed.error);
    const payment = findVisible(call, parsed.data);
    if (payment === null) return failed('ACQ.TRADE_NOT_EXIST', '交易不存在');
    life.queried(payment);
    return {
      ...ok(),
      ...paidFields(payment),
      trade_status: tradeStatus(payment, world.clock.now()),
      ...(payment.paidAt === null ? {} : { send_pay_date: chinaTime(payment.paidAt) }),
    };
  }

  function close(call: AlipayCall): AlipayAnswer {
    const parsed = tradeRef.safeParse(call.biz);
    if (!parsed.success) return invalid(parsed.error);
    const payment = findVisible(call, parsed.data);
    if (payment === null) return failed('ACQ.TRADE_NOT_EXIST', '交易不存在');
    const done = { ...ok(), out_trade_no: payment.outTradeNo, trade_no: payment.tradeNo };
    const race = world.faults.take(['pay_after_close'], {
      channel: 'alipay',
      operation: 'close',
      orderNo: payment.outTradeNo,
    });
    if (race !== null) {
      void life.pay(payment);
      if (race.closeAnswersDone) return done;
    }
    if (payment.state !== 'waiting' && payment.state !== 'paying') {
      return failed('ACQ.TRADE_STATUS_ERROR', '交易状态不合法');
    }
    endUnpaid(payment, 'closed');
    return done;
  }

  function endUnpaid(payment: Payment, state: 'closed'): void {
    payment.state = state;
    payment.endedAt = world.clock.now();
    world.ledger.savePayment(payment);
  }

  function cancel(call: AlipayCall): AlipayAnswer {
    const parsed = tradeRef.safeParse(call.biz);
    if (!parsed.success) return invalid(parsed.error);
    const payment = find(call, parsed.data);
    if (payment === null) {
      return { ...ok(), out_trade_no: parsed.data.out_trade_no ?? '', retry_flag: 'N' };
    }
    const race = world.faults.take(['pay_after_close'], {
      channel: 'alipay',
      operation: 'reverse',
      orderNo: payment.outTradeNo,
    });
    if (race !== null) void life.pay(payment);
    const reply = { ...ok(), out_trade_no: payment.outTradeNo, trade_no: payment.tradeNo, retry_flag: 'N' };
    switch (payment.state) {
      case 'waiting':
      case 'paying': {
        const known = payment.scanned;
        endUnpaid(payment, 'closed');
        return known
          ? { ...reply, action: 'close' }
          : { ...ok(), out_trade_no: payment.outTradeNo, retry_flag: 'N' };
      }
      case 'paid': {
        if (world.clock.now() - payment.createdAt > DAY) {
          return failed('ACQ.TRADE_CANCEL_TIME_OUT', '超过撤销时间范围，请用退款');
        }
        const left = payment.amountFen - payment.refundedFen;
        const reversal = world.ledger.newRefund(payment, {
          refundNo: payment.outTradeNo,
          amountFen: left,
          reason: '撤销',
          notifyUrl: null,
          kind: 'reversal',
        });
        reversal.state = 'succeeded';
        reversal.succeededAt = reversal.createdAt;
        world.ledger.saveRefund(reversal);
        payment.refundedFen = payment.amountFen;
        endUnpaid(payment, 'closed');
        return { ...reply, action: 'refund' };
      }
      case 'closed':
      case 'reversed':
        return { ...reply, action: payment.paidAt === null ? 'close' : 'refund' };
      case 'failed':
        return reply;
      default: {
        const never: never = payment.state;
        return never;
      }
    }
  }

  function refund(call: AlipayCall): AlipayAnswer {
    const parsed = refundRequest.safeParse(call.biz);
    if (!parsed.success) return invalid(parsed.error);
    const request = parsed.data;
    const payment = findVisible(call, request);
    if (payment === null) return failed('ACQ.TRADE_NOT_EXIST', '交易不存在');
    const amount = amountOf(request.refund_amount);
    if (typeof amount !== 'number') return amount;
    if (payment.paidAt === null) {
      return payment.state === 'closed' || payment.state === 'failed'
        ? failed('ACQ.TRADE_HAS_CLOSE', '交易已经关闭')
        : failed('ACQ.TRADE_STATUS_ERROR', '交易状态不合法');
    }
    if (request.out_request_no === undefined && amount !== payment.amountFen) {
      return failed(
        'ACQ.REFUND_AMT_NOT_EQUAL_TOTAL',
        '退款金额与订单金额不一致，部分退款须传 out_request_no',
      );
    }
    const refundNo = request.out_request_no ?? payment.outTradeNo;
    const done = (changed: boolean): AlipayAnswer => ({
      ...ok(),
      trade_no: payment.tradeNo,
      out_trade_no: payment.outTradeNo,
      buyer_logon_id: BUYER_LOGON,
      buyer_user_id: payment.buyer,
      fund_change: changed ? 'Y' : 'N',
      refund_fee: yuan(payment.refundedFen),
      send_back_fee: changed ? yuan(amount) : '0.00',
      gmt_refund_pay: chinaTime(world.clock.now()),
    });
    const known = world.ledger.refund('alipay', payment.merchant, payment.outTradeNo, refundNo);
    if (known !== null) {
      if (known.amountFen !== amount)
        return failed('ACQ.DISCORDANT_REPEAT_REQUEST', '同一退款单号退款金额不一致');
      if (life.settle(known).state !== 'closed') return done(false);
    }
    if (world.clock.now() - payment.paidAt > REFUND_WINDOW)
      return failed('ACQ.TRADE_HAS_FINISHED', '交易已完结');
    if (payment.refundedFen + amount > payment.amountFen) {
      return failed('ACQ.REASON_TRADE_REFUND_FEE_ERR', '退款金额无效：累计退款超过订单金额');
    }
    const row =
      known ??
      world.ledger.newRefund(payment, {
        refundNo,
        amountFen: amount,
        reason: request.refund_reason ?? null,
        notifyUrl: null,
        kind: 'refund',
      });
    const fails = world.faults.take(['refund_then_fails'], {
      channel: 'alipay',
      operation: 'refund',
      orderNo: payment.outTradeNo,
    });
    payment.refundedFen += amount;
    if (fails !== null) {
      row.state = 'processing';
      row.settlesAs = 'closed';
      row.settlesAt = world.clock.now() + world.refundSettleMs;
      world.ledger.saveRefund(row);
      world.ledger.savePayment(payment);
      life.startSettling(row);
      return done(false);
    }
    row.state = 'succeeded';
    row.succeededAt = world.clock.now();
    world.ledger.saveRefund(row);
    if (payment.refundedFen === payment.amountFen) {
      payment.state = 'closed';
      payment.endedAt = world.clock.now();
    }
    world.ledger.savePayment(payment);
    return done(true);
  }

  function refundQuery(call: AlipayCall): AlipayAnswer {
    const parsed = refundRef.safeParse(call.biz);
    if (!parsed.success) return invalid(parsed.error);
    const payment = findVisible(call, parsed.data);
    if (payment === null) return failed('ACQ.TRADE_NOT_EXIST', '交易不存在');
    const row = world.ledger.refund(
      'alipay',
      payment.merchant,
      payment.outTradeNo,
      parsed.data.out_request_no,
    );
    // Success is said in so many words; anything else is said by silence.
    if (row === null || life.settle(row).state !== 'succeeded') return ok();
    return {
      ...ok(),
      trade_no: payment.tradeNo,
      out_trade_no: payment.outTradeNo,
      out_request_no: row.refundNo,
      refund_reason: row.reason ?? '',
      total_amount: yuan(payment.amountFen),
      refund_amount: yuan(row.amountFen),
      refund_status: 'REFUND_SUCCESS',
      gmt_refund_pay: chinaTime(row.succeededAt ?? row.createdAt),
    };
  }

  function billUrl(call: AlipayCall): AlipayAnswer {
    const parsed = billRequest.safeParse(call.biz);
    if (!parsed.success) return failed('INVAILID_ARGUMENTS', '入参不合法');
    const { bill_type: type, bill_date: day } = parsed.data;
    if (type !== 'trade' && type !== 'signcustomer') return failed('TYPE_NOT_SUPPORTED', '账单类型不支持');
    const span = chinaDaySpan(day);
    if (span === null) return failed('INVAILID_ARGUMENTS', '账单日期不合法');
    const now = world.clock.now();
    const today = chinaDay(now);
    if (day > today || (day === today && !settings.billsForToday))
      return failed('INVAILID_ARGUMENTS', '账单日期不能为当日或以后');
    if (day !== today && now < span.to + settings.billReadyHour * 3_600_000)
      return failed('BILL_NOT_EXIST', '账单尚未生成');
    const rows = world.ledger.billRows('alipay', call.merchant.sellerId, day);
    if (rows.payments.length === 0 && rows.refunds.length === 0)
      return failed('NO_BILL_DATA', '没有对账单数据');
    const fileId = randomBytes(20).toString('hex');
    billFiles.set(fileId, { merchant: call.merchant, type, day, until: world.clock.wall() + 30_000 });
    const compact = day.replaceAll('-', '');
    const name = `${call.merchant.sellerId}0156_${compact}_${type}.csv.zip`;
    const query = `bizType=${type}&userId=${call.merchant.sellerId}0156&fileType=csv.zip&bizDates=${compact}&downloadFileName=${name}&fileId=${fileId}`;
    return { ...ok(), bill_download_url: `${world.baseUrl()}/alipay/downloadBillFile.resource?${query}` };
  }

  const methods: Record<string, [Operation, (call: AlipayCall) => Promise<AlipayAnswer> | AlipayAnswer]> = {
    'alipay.trade.pay': ['pay', pay],
    'alipay.trade.precreate': ['create', precreate],
    'alipay.trade.create': ['create', create],
    'alipay.trade.query': ['query', query],
    'alipay.trade.close': ['close', close],
    'alipay.trade.cancel': ['reverse', cancel],
    'alipay.trade.refund': ['refund', refund],
    'alipay.trade.fastpay.refund.query': ['query_refund', refundQuery],
    'alipay.data.dataservice.bill.downloadurl.query': ['bill', billUrl],
  };

  return {
    operationOf: (method) => methods[method]?.[0] ?? null,
    async run(method, call) {
      const known = methods[method];
      if (known === undefined) return failed('ACQ.INVALID_PARAMETER', '接口不存在');
      return known[1](call);
    },
    open(scene, call) {
      const parsed = trade.safeParse(call.biz);
      if (!parsed.success) return invalid(parsed.error);
      const amount = amountOf(parsed.data.total_amount);
      if (typeof amount !== 'number') return amount;
      const known = find(call, { out_trade_no: parsed.data.out_trade_no });
      if (known !== null) {
        if (known.state === 'paid') return failed('ACQ.TRADE_HAS_SUCCESS', '交易已被支付');
        if (known.state === 'closed') return failed('ACQ.TRADE_HAS_CLOSE', '交易已经关闭');
        if (known.fingerprint !== fingerprint(parsed.data))
          return failed('ACQ.CONTEXT_INCONSISTENT', '交易信息被篡改');
        return known;
      }
      const payment = newTrade(call, parsed.data, amount, scene, 15 * DAY);
      payment.payToken = `alipays-${scene}-${randomBytes(10).toString('hex')}`;
      payment.scanned = true;
      return world.ledger.savePayment(payment);
    },
    bill(fileId) {
      const file = billFiles.get(fileId);
      return file === undefined || world.clock.wall() > file.until ? null : file;
    },
  };
}

export const BUYER_LOGON = '138****0001';

export function tradeStatus(payment: Payment, now: number): string {
  switch (payment.state) {
    case 'waiting':
    case 'paying':
      return 'WAIT_BUYER_PAY';
    case 'paid':
      return now - (payment.paidAt ?? now) > REFUND_WINDOW ? 'TRADE_FINISHED' : 'TRADE_SUCCESS';
    case 'closed':
    case 'reversed':
    case 'failed':
      return 'TRADE_CLOSED';
    default: {
      const never: never = payment.state;
      return never;
    }
  }
}

export function failed(subCode: string, subMessage: string): AlipayAnswer {
  return { code: '40004', msg: 'Business Failed', sub_code: subCode, sub_msg: subMessage };
}

function unavailable(subCode: string): AlipayAnswer {
  return { code: '20000', msg: 'Service Currently Unavailable', sub_code: subCode, sub_msg: '系统繁忙' };
}

function ok(): AlipayAnswer {
  return { code: '10000', msg: 'Success' };
}

function waitingForPayer(payment: Payment): AlipayAnswer {
  return {
    code: '10003',
    msg: ' order success pay inprocess',
    trade_no: payment.tradeNo,
    out_trade_no: payment.outTradeNo,
    buyer_logon_id: BUYER_LOGON,
    buyer_user_id: payment.buyer,
    total_amount: yuan(payment.amountFen),
  };
}

function paidFields(payment: Payment): Record<string, unknown> {
  const amount = yuan(payment.amountFen);
  const paid = payment.paidAt === null ? '0.00' : amount;
  return {
    trade_no: payment.tradeNo,
    out_trade_no: payment.outTradeNo,
    buyer_logon_id: BUYER_LOGON,
    buyer_user_id: payment.buyer,
    total_amount: amount,
    receipt_amount: paid,
    buyer_pay_amount: paid,
    point_amount: '0.00',
    invoice_amount: paid,
    ...(payment.paidAt === null ? {} : { fund_bill_list: [{ amount, fund_channel: 'ALIPAYACCOUNT' }] }),
  };
}

function amountOf(text: string): number | AlipayAnswer {
  const fen = fenOfYuan(text);
  if (fen === null) return failed('ACQ.INVALID_PARAMETER', '参数有误：金额必须为大于 0、最多两位小数的数字');
  return fen > 10_000_000_000 ? failed('ACQ.TOTAL_FEE_EXCEED', '订单总金额不在允许范围内') : fen;
}

function invalid(error: z.ZodError): AlipayAnswer {
  const where = error.issues.map((issue) => issue.path.join('.') || 'biz_content').join('、');
  return failed('ACQ.INVALID_PARAMETER', `参数有误：${where}`);
}

function fingerprint(request: TradeRequest): string {
  const told = [request.out_trade_no, fenOfYuan(request.total_amount), request.subject];
  return createHash('sha1').update(JSON.stringify(told)).digest('hex');
}

function expiry(request: TradeRequest, from: number): number | null {
  if (request.time_expire !== undefined) return parseChinaTime(request.time_expire);
  const match = /^(\d{1,5})([mhd])$/.exec(request.timeout_express ?? '');
  if (match === null) return null;
  const unit = match[2] === 'm' ? 60_000 : match[2] === 'h' ? 3_600_000 : DAY;
  return from + Number(match[1]) * unit;
}
