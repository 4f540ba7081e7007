import { createHash, randomBytes } from 'node:crypto';
import { chinaDay, chinaDaySpan } from '../clock';
import type { GatewayWorld } from '../gateway';
import type { Payment, Refund, Scene } from '../ledger';
import type { WechatCredentials } from './credentials';

/** What WeChat Pay decides, whichever of its two protocols asks. */
export interface NewOrder {
  outTradeNo: string;
  totalFen: number;
  description: string;
  notifyUrl: string | null;
  attach: string | null;
  deviceId: string | null;
  openid: string | null;
  expiresAt: number | null;
  scene: Scene;
}

export type Refusal = { refused: string; message: string };

export interface WechatOrders {
  find(
    merchant: WechatCredentials,
    ref: { outTradeNo?: string | undefined; transactionId?: string | undefined },
  ): Payment | null;
  create(merchant: WechatCredentials, order: NewOrder): Promise<Payment | Refusal>;
  scan(merchant: WechatCredentials, order: NewOrder, authCode: string): Promise<Payment | Refusal>;
  query(payment: Payment): Payment;
  close(payment: Payment): Payment | Refusal;
  reverse(payment: Payment): Payment | Refusal;
  refund(
    merchant: WechatCredentials,
    payment: Payment,
    request: {
      refundNo: string;
      refundFen: number;
      totalFen: number;
      reason: string | null;
      notifyUrl: string | null;
    },
  ): Refund | Refusal;
  refundOf(merchant: WechatCredentials, refundNo: string): Refund | null;
  billDay(day: string): 'ready' | Refusal;
}

const DAY = 86_400_000;

export function createWechatOrders(world: GatewayWorld<WechatCredentials>): WechatOrders {
  const { life, settings } = world;
  function draft(merchant: WechatCredentials, order: NewOrder): Payment {
    const payment = world.ledger.newPayment({
      gateway: 'wechat',
      merchant: merchant.mchid,
      appId: merchant.appid,
      outTradeNo: order.outTradeNo,
      scene: order.scene,
      amountFen: order.totalFen,
      subject: order.description,
    });
    payment.notifyUrl = order.notifyUrl;
    payment.attach = order.attach;
    payment.terminalId = order.deviceId;
    payment.buyer = order.openid ?? payment.buyer;
    payment.expiresAt = order.expiresAt ?? payment.createdAt + 7 * DAY;
    payment.fingerprint = fingerprint(order);
    return payment;
  }

  function conflict(known: Payment, order: NewOrder): Refusal | null {
    if (known.paidAt !== null) return refuse('ORDERPAID', '该订单已支付');
    if (known.state === 'closed') return refuse('ORDER_CLOSED', '该订单已关闭');
    if (known.state === 'reversed') return refuse('ORDERREVERSED', '该订单已撤销');
    if (known.fingerprint !== fingerprint(order)) return refuse('OUT_TRADE_NO_USED', '商户订单号重复');
    return null;
  }

  return {
    find(merchant, ref) {
      const payment =
        ref.transactionId !== undefined
          ? world.ledger.paymentByTradeNo('wechat', ref.transactionId)
          : world.ledger.payment('wechat', merchant.mchid, ref.outTradeNo ?? '');
      return payment === null || payment.merchant !== merchant.mchid ? null : life.refresh(payment);
    },
    async create(merchant, order) {
      const known = world.ledger.payment('wechat', merchant.mchid, order.outTradeNo);
      if (known !== null) {
        const problem = conflict(life.refresh(known), order);
        if (problem !== null) return problem;
      }
      const payment = known ?? draft(merchant, order);
      payment.payToken = payToken(order.scene);
      world.ledger.savePayment(payment);
      const early = world.faults.take(['notify_before_reply'], {
        channel: 'wechat',
        operation: 'create',
        orderNo: payment.outTradeNo,
      });
      if (early !== null) await life.pay(payment);
      else if (settings.autoPay) setTimeout(() => void life.pay(payment), 50).unref();
      return payment;
    },
    async scan(merchant, order, authCode) {
      const known = world.ledger.payment('wechat', merchant.mchid, order.outTradeNo);
      if (known !== null) {
        life.refresh(known);
        if (known.authCode === authCode && known.state === 'failed')
          return refuse('NOTENOUGH', '用户账号余额不足');
        if (known.state === 'failed') return refuse('OUT_TRADE_NO_USED', '商户订单号重复');
        const problem = conflict(known, order);
        if (problem !== null) return problem;
        if (known.authCode === authCode) {
          return known.state === 'paying' ? known : refuse('SYSTEM_ERROR', '系统异常，请稍后再试');
        }
      }
      const outcome = world.outcomes.of('wechat', authCode, order.totalFen);
      if (outcome === 'auth_code_invalid') {
        return refuse(
          'AUTH_CODE_INVALID',
          '请扫描微信支付被扫条码/二维码，每个二维码仅限使用一次，请刷新再试',
        );
      }
      world.ledger.saveUsedCode(authCode);
      const payment = known ?? draft(merchant, order);
      payment.authCode = authCode;
      switch (outcome) {
        case 'pays':
          world.ledger.savePayment(payment);
          void life.pay(payment);
          // It arrived after its own expiry: no money moved.
          return payment.paidAt === null ? refuse('ORDER_CLOSED', '该订单已关闭') : payment;
        case 'system_error_paid':
          world.ledger.savePayment(payment);
          void life.pay(payment);
          return refuse('SYSTEM_ERROR', '系统异常，请稍后再试');
        case 'paying_then_pays':
        case 'paying_for_ever':
          payment.state = 'paying';
          payment.queriesUntilPaid = outcome === 'paying_then_pays' ? world.outcomes.queriesUntilPaid : null;
          return world.ledger.savePayment(payment);
        case 'system_error_unpaid':
          world.ledger.savePayment(payment);
          return refuse('SYSTEM_ERROR', '系统异常，请稍后再试');
        case 'insufficient_funds':
          payment.state = 'failed';
          payment.endedAt = world.clock.now();
          world.ledger.savePayment(payment);
          return refuse('NOTENOUGH', '用户账号余额不足');
        default: {
          const never: never = outcome;
          return never;
        }
      }
    },
    query: (payment) => life.queried(payment),
    close(payment) {
      if (payment.scene === 'micropay' && payment.state !== 'closed') {
        return refuse('TRADE_ERROR', '付款码支付订单不支持关单，请使用撤销');
      }
      const race = world.faults.take(['pay_after_close'], {
        channel: 'wechat',
        operation: 'close',
        orderNo: payment.outTradeNo,
      });
      if (race !== null) {
        void life.pay(payment);
        if (race.closeAnswersDone) return payment;
      }
      if (payment.paidAt !== null) return refuse('ORDERPAID', '该订单已支付');
      if (payment.state !== 'closed') {
        payment.state = 'closed';
        payment.endedAt = world.clock.now();
        world.ledger.savePayment(payment);
      }
      return payment;
    },
    reverse(payment) {
      const race = world.faults.take(['pay_after_close'], {
        channel: 'wechat',
        operation: 'reverse',
        orderNo: payment.outTradeNo,
      });
      if (race !== null) void life.pay(payment);
      if (payment.state === 'reversed') return payment;
      if (payment.scene !== 'micropay') return refuse('TRADE_ERROR', '仅付款码支付订单支持撤销');
      if (world.clock.now() - payment.createdAt > 7 * DAY)
        return refuse('REVERSE_EXPIRE', '订单超过可撤销时间');
      if (payment.state === 'paid') {
        if (payment.refundedFen > 0) return refuse('TRADE_ERROR', '订单已发生退款，不能撤销');
        const reversal = world.ledger.newRefund(payment, {
          refundNo: payment.outTradeNo,
          amountFen: payment.amountFen,
          reason: '撤销',
          notifyUrl: null,
          kind: 'reversal',
        });
        reversal.state = 'succeeded';
        reversal.succeededAt = reversal.createdAt;
        world.ledger.saveRefund(reversal);
        payment.refundedFen = payment.amountFen;
      }
      payment.state = 'reversed';
      payment.endedAt = world.clock.now();
      return world.ledger.savePayment(payment);
    },
    refund(merchant, payment, request) {
      if (payment.state !== 'paid') return refuse('RESOURCE_NOT_EXISTS', '订单未支付或已撤销，不能退款');
      if (request.totalFen !== payment.amountFen)
        return refuse('PARAM_ERROR', '订单金额或退款金额与之前请求不一致，请核实后再试');
      const known = world.ledger.refund('wechat', merchant.mchid, null, request.refundNo);
      if (known !== null) {
        if (known.outTradeNo !== payment.outTradeNo || known.amountFen !== request.refundFen) {
          return refuse('PARAM_ERROR', '订单金额或退款金额与之前请求不一致，请核实后再试');
        }
        if (life.settle(known).state !== 'closed') return known;
      }
      if (world.clock.now() - (payment.paidAt ?? 0) > 365 * DAY)
        return refuse('TRADE_OVERDUE', '订单已超过可退款的最大期限');
      if (payment.refundedFen + request.refundFen > payment.amountFen) {
        return refuse('INVALID_REQUEST', '申请退款总金额超过订单金额');
      }
      const earlier = world.ledger.refundsOf(payment).filter((row) => row.kind === 'refund');
      if (known === null && earlier.length >= 50)
        return refuse('INVALID_REQUEST', '该订单部分退款次数已超过 50 次');
      const row =
        known ??
        world.ledger.newRefund(payment, { ...request, amountFen: request.refundFen, kind: 'refund' });
      const fails = world.faults.take(['refund_then_fails'], {
        channel: 'wechat',
        operation: 'refund',
        orderNo: payment.outTradeNo,
      });
      row.state = 'processing';
      row.settlesAs = fails === null ? 'succeeded' : (fails.outcome ?? 'abnormal');
      row.settlesAt = world.clock.now() + world.refundSettleMs;
      payment.refundedFen += request.refundFen;
      world.ledger.saveRefund(row);
      world.ledger.savePayment(payment);
      // The answer says "processing" even when the money moves at once.
      life.startSettling(row);
      return row;
    },
    refundOf(merchant, refundNo) {
      const row = world.ledger.refund('wechat', merchant.mchid, null, refundNo);
      return row === null || row.kind === 'reversal' ? null : life.settle(row);
    },
    billDay(day) {
      const span = chinaDaySpan(day);
      const now = world.clock.now();
      const today = chinaDay(now);
      if (span === null || day > today || (day === today && !settings.billsForToday)) {
        return refuse('PARAM_ERROR', '账单日期不正确');
      }
      if (now - span.to > 93 * DAY) return refuse('PARAM_ERROR', '仅支持三个月内的账单下载申请');
      if (day !== today && now < span.to + settings.billReadyHour * 3_600_000) {
        return refuse('STATEMENT_CREATING', '账单生成中，请稍后再试');
      }
      return 'ready';
    },
  };
}

export function isRefusal<T extends object>(result: T | Refusal): result is Refusal {
  return 'refused' in result;
}

function refuse(code: string, message: string): Refusal {
  return { refused: code, message };
}

function payToken(scene: Scene): string {
  const random = randomBytes(12).toString('hex');
  switch (scene) {
    case 'native':
    case 'page':
      return `weixin://wxpay/bizpayurl?pr=${random.slice(0, 9)}zz`;
    case 'jsapi':
    case 'app':
    case 'h5':
    case 'micropay':
    case 'terminal':
      return `wx${random}${random.slice(0, 10)}`;
    default: {
      const never: never = scene;
      return never;
    }
  }
}

function fingerprint(order: NewOrder): string {
  const told = [order.outTradeNo, order.totalFen, order.description, order.attach, order.scene];
  return createHash('sha1').update(JSON.stringify(told)).digest('hex');
}
