import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import { giveRefund, openOrder, scanCode } from '../bank';
import { chinaCompact, chinaTime } from '../clock';
import { answer, exchange, type Reply, readBody } from '../exchange';
import type { Operation } from '../faults';
import type { Gateway, GatewayWorld } from '../gateway';
import type { Payment, Refund, Scene } from '../ledger';
import type { IcbcCredentials } from './credentials';
import { acknowledges, isSignedBy, sealedNotice, sealedReply } from './signing';

type Biz = Record<string, string>;
type Body = Record<string, unknown>;
interface Request {
  own: IcbcCredentials;
  biz: Biz;
}
interface Verb {
  operation: Operation;
  run(request: Request): Promise<Body> | Body;
}

const OK: Body = { return_code: 0, return_msg: 'success' };
const no = (code: number | string, message: string): Body => ({ return_code: code, return_msg: message });
/** Chosen: the bank's own code for an order it does not know is not published. */
const MISSING = no('93008888', '订单不存在');
const bizContent = z.record(z.string(), z.string());
const ONLINE = '/api/cardbusiness/aggregatepay/b2c/online';
const RETRIES = [60_000, 120_000, 300_000];

/** The QR family's `pay_status`. In the other family 0 is success and 1 is failure. */
const qrStatus = (payment: Payment): string => {
  switch (payment.state) {
    case 'waiting':
    case 'paying':
      return '0';
    case 'paid':
      return payment.refundedFen === 0 ? '1' : payment.refundedFen === payment.amountFen ? '5' : '6';
    case 'failed':
    case 'closed':
      return '2';
    case 'reversed':
      return '3';
    default:
      return payment.state satisfies never;
  }
};
const onlineStatus = (payment: Payment): string =>
  payment.state === 'paid' ? '0' : payment.state === 'failed' || payment.state === 'closed' ? '1' : '2';

export function createIcbcGateway(world: GatewayWorld<IcbcCredentials>): Gateway {
  const { ledger, life } = world;

  function draft(
    own: IcbcCredentials,
    biz: Biz,
    scene: Scene,
    amount: string | undefined,
  ): Payment | { wrong: Body } {
    if (!/^[0-9A-Za-z]{1,35}$/.test(biz.out_trade_no ?? '') || !/^[1-9]\d{0,11}$/.test(amount ?? '')) {
      return { wrong: no(400011, '参数错误') };
    }
    if (ledger.payment('icbc', own.merId, biz.out_trade_no ?? '') !== null) {
      return { wrong: no('00005031', '订单重复') };
    }
    const payment = ledger.newPayment({
      gateway: 'icbc',
      merchant: own.merId,
      appId: own.appId,
      outTradeNo: biz.out_trade_no ?? '',
      scene,
      amountFen: Number(amount),
      subject: biz.attach ?? biz.body ?? '',
    });
    payment.notifyUrl = biz.notify_url ?? biz.mer_url ?? null;
    return payment;
  }

  const told = (payment: Payment): Body => ({
    ...OK,
    mer_id: payment.merchant,
    out_trade_no: payment.outTradeNo,
    order_id: payment.tradeNo,
    total_amt: `${payment.amountFen}`,
    payment_amt: `${payment.amountFen}`,
    total_disc_amt: '0',
    card_no: payment.buyer,
    ...(payment.paidAt === null ? {} : { pay_time: chinaCompact(payment.paidAt) }),
  });

  function scan({ own, biz }: Request): Body {
    const payment = draft(own, biz, 'micropay', biz.order_amt);
    if ('wrong' in payment) return payment.wrong;
    const fate = scanCode(world, payment, biz.qr_code ?? '');
    switch (fate) {
      case 'pays':
      case 'paying_then_pays':
      case 'paying_for_ever':
        return { ...told(payment), pay_status: qrStatus(payment) };
      case 'auth_code_invalid':
        return { ...told(payment), pay_status: '-1', return_msg: '二维码无效' };
      case 'insufficient_funds':
        return { ...told(payment), pay_status: '2', return_msg: '余额不足' };
      case 'system_error_paid':
      case 'system_error_unpaid':
        return no('500018', '系统异常');
      default:
        return fate satisfies never;
    }
  }

  async function generate({ own, biz }: Request): Promise<Body> {
    if (biz.store_code !== own.storeCode || !/^\d{1,5}$/.test(biz.pay_expire ?? ''))
      return no(400011, '参数错误');
    const payment = draft(own, biz, 'native', biz.order_amt);
    if ('wrong' in payment) return payment.wrong;
    payment.payToken = `https://mims.icbc.com.cn/IPAY/qr?k=${randomBytes(12).toString('hex')}`;
    payment.expiresAt = world.clock.now() + Number(biz.pay_expire) * 1000;
    await openOrder(world, payment);
    return { ...OK, qrcode: payment.payToken, attach: biz.attach ?? '' };
  }

  async function purchase({ own, biz }: Request): Promise<Body> {
    const isComplete = [
      'icbc_appid',
      'access_type',
      'spbill_create_ip',
      'mer_url',
      'orig_date_time',
      'decive_info',
    ].every((name) => biz[name]);
    if (!isComplete || biz.mer_prtcl_no !== own.merProtocolNo || biz.fee_type !== '001')
      return no(400011, '参数错误');
    const payment = draft(own, biz, biz.access_type === '5' ? 'app' : 'jsapi', biz.total_fee);
    if ('wrong' in payment) return payment.wrong;
    payment.payToken = `prepay${randomBytes(12).toString('hex')}`;
    await openOrder(world, payment);
    const wallet: Body =
      biz.pay_mode === '9'
        ? { wx_data_package: JSON.stringify({ package: `prepay_id=${payment.payToken}`, signType: 'RSA' }) }
        : biz.pay_mode === '10'
          ? { zfb_data_package: JSON.stringify({ tradeNO: payment.payToken }) }
          : { union_data_package: payment.payToken };
    return { ...told(payment), ...wallet };
  }

  const find = ({ own, biz }: Request): Payment | null => {
    const payment = ledger.payment('icbc', own.merId, biz.out_trade_no ?? '');
    return payment === null ? null : life.refresh(payment);
  };

  function query(request: Request): Body {
    const payment = find(request);
    if (payment === null) return MISSING;
    life.queried(payment);
    return { ...told(payment), pay_status: qrStatus(payment) };
  }

  function queryOnline(request: Request): Body {
    const payment = find(request);
    if (payment === null) return MISSING;
    if (request.biz.deal_flag === '1') {
      const race = world.faults.take(['pay_after_close'], {
        channel: 'icbc',
        operation: 'close',
        orderNo: payment.outTradeNo,
      });
      if (race !== null) void life.pay(payment);
      if (payment.state === 'waiting') {
        payment.state = 'closed';
        payment.endedAt = world.clock.now();
        ledger.savePayment(payment);
      }
    }
    return { ...told(payment), pay_status: onlineStatus(payment) };
  }

  function reverse(request: Request): Body {
    const payment = find(request);
    if (payment === null) return MISSING;
    const race = world.faults.take(['pay_after_close'], {
      channel: 'icbc',
      operation: 'reverse',
      orderNo: payment.outTradeNo,
    });
    if (race !== null) void life.pay(payment);
    if (payment.scene !== 'micropay' || payment.refundedFen > 0) return no(400011, '订单不能冲正');
    if (payment.state === 'paid') {
      const back = ledger.newRefund(payment, {
        refundNo: payment.outTradeNo,
        amountFen: payment.amountFen,
        reason: '冲正',
        notifyUrl: null,
        kind: 'reversal',
      });
      back.state = 'succeeded';
      back.succeededAt = back.createdAt;
      ledger.saveRefund(back);
      payment.refundedFen = payment.amountFen;
    }
    payment.state = 'reversed';
    payment.endedAt = world.clock.now();
    ledger.savePayment(payment);
    return { ...OK, out_trade_no: payment.outTradeNo, order_id: payment.tradeNo };
  }

  function refund(request: Request, refundNo: string | undefined, amount: string | undefined): Refund | Body {
    const payment = find(request);
    if (payment === null) return MISSING;
    if (!refundNo || !/^[1-9]\d{0,11}$/.test(amount ?? '')) return no(400011, '参数错误');
    const booked = giveRefund(world, payment, {
      refundNo,
      amountFen: Number(amount),
      note: null,
      notifyUrl: null,
    });
    return typeof booked === 'string' ? no(400011, `退款被拒绝：${booked}`) : booked;
  }

  const isRefund = (result: Refund | Body): result is Refund => 'refundNo' in result;

  function reject(request: Request): Body {
    const { biz } = request;
    const booked = refund(request, biz.reject_no, biz.reject_amt);
    if (!isRefund(booked)) return booked;
    // This family gives money back at once.
    booked.settlesAt = world.clock.now();
    return rejected(life.settle(booked));
  }

  const rejected = (booked: Refund): Body => ({
    ...OK,
    out_trade_no: booked.outTradeNo,
    order_id: booked.tradeNo,
    reject_no: booked.refundNo,
    ...(booked.state === 'succeeded'
      ? { reject_amt: `${booked.amountFen}`, real_reject_amt: `${booked.amountFen}` }
      : {}),
  });

  function queryReject({ own, biz }: Request): Body {
    const booked = ledger.refund('icbc', own.merId, null, biz.reject_no ?? '');
    return booked === null ? MISSING : rejected(life.settle(booked));
  }

  function refundOnline(request: Request): Body {
    const { biz } = request;
    const booked = refund(request, biz.outtrx_serial_no, biz.ret_total_amt);
    return isRefund(booked) ? { ...OK, intrx_serial_no: booked.refundId } : booked;
  }

  function queryRefundOnline({ own, biz }: Request): Body {
    const known = ledger.refund('icbc', own.merId, null, biz.outtrx_serial_no ?? '');
    if (known === null) return MISSING;
    const booked = life.settle(known);
    const status = { succeeded: '0', closed: '1', abnormal: '1', processing: '2' }[booked.state];
    return {
      ...OK,
      pay_status: status,
      outtrx_serial_no: booked.refundNo,
      intrx_serial_no: booked.refundId,
      reject_amt: `${booked.amountFen}`,
      real_reject_amt: `${booked.amountFen}`,
    };
  }

  function verbOf(path: string, biz: Biz): Verb | null {
    const verbs: Record<string, Verb> = {
      '/api/qrcode/V2/pay': { operation: 'pay', run: scan },
      '/api/qrcode/V2/generate': { operation: 'create', run: generate },
      '/api/qrcode/V2/query': { operation: 'query', run: query },
      '/api/qrcode/V2/reverse': { operation: 'reverse', run: reverse },
      '/api/qrcode/V2/reject': { operation: 'refund', run: reject },
      '/api/qrcode/reject/query/V3': { operation: 'query_refund', run: queryReject },
      [`${ONLINE}/consumepurchase/V1`]: { operation: 'create', run: purchase },
      [`${ONLINE}/orderqry/V1`]: { operation: biz.deal_flag === '1' ? 'close' : 'query', run: queryOnline },
      [`${ONLINE}/merrefund/V1`]: { operation: 'refund', run: refundOnline },
      [`${ONLINE}/refundqry/V1`]: { operation: 'query_refund', run: queryRefundOnline },
    };
    return verbs[path] ?? null;
  }

  const reply = (
    own: IcbcCredentials,
    messageId: string | undefined,
    body: Body,
    corrupt: boolean,
  ): Reply => ({
    status: 200,
    headers: { 'Content-Type': 'application/json; charset=UTF-8' },
    body: sealedReply({ ...body, msg_id: messageId ?? '' }, own, corrupt),
  });

  return {
    async handle(ctx, path) {
      const form: Biz = Object.fromEntries(new URLSearchParams((await readBody(ctx)).toString('utf8')));
      const own = world.merchants().find((row) => row.appId === form.app_id);
      const biz = bizContent.safeParse(parsed(form.biz_content));
      const verb = biz.success ? verbOf(path, biz.data) : null;
      if (own === undefined || verb === null || !biz.success) {
        answer(ctx, { status: 404, headers: { 'Content-Type': 'text/plain' }, body: 'no such service' });
        return;
      }
      // What the application signed is the path it called, whatever stands before it here.
      const isTheirs = isSignedBy(ctx.path, form, own);
      await exchange(ctx, world.faults, {
        channel: 'icbc',
        operation: verb.operation,
        orderNo: biz.data.out_trade_no ?? null,
        async run() {
          const body = !isTheirs
            ? no(400017, '验签失败')
            : biz.data.mer_id === own.merId
              ? await verb.run({ own, biz: biz.data })
              : no(400011, '商户编号错误');
          return ({ corrupt }) => reply(own, form.msg_id, body, corrupt);
        },
        refuse: (fault) =>
          reply(own, form.msg_id, no(fault.code ?? '500018', fault.message ?? '系统异常'), false),
      });
    },

    async notifyPayment(payment) {
      const own = world.merchants().find((row) => row.merId === payment.merchant);
      const { notifyUrl: url } = payment;
      if (own === undefined || url === null) return;
      const messageId = randomUUID().replaceAll('-', '');
      await world.notifier.send({
        channel: 'icbc',
        orderNo: payment.outTradeNo,
        about: 'payment',
        schedule: RETRIES,
        timeoutMs: 5_000,
        acknowledged: (status, text) => status === 200 && acknowledges(text, own),
        render: ({ tamper }) => ({
          url,
          headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' },
          body: sealedNotice(
            new URL(url).pathname,
            {
              from: 'icbc-api',
              api: '/api/qrcode/V2/notify',
              app_id: own.appId,
              charset: 'UTF-8',
              format: 'json',
              encrypt_type: '',
              timestamp: chinaTime(world.clock.now()),
              biz_content: JSON.stringify({
                ...told(payment),
                return_code: '0',
                msg_id: messageId,
                total_amt: `${payment.amountFen + (tamper ? 100 : 0)}`,
              }),
              sign_type: 'RSA',
            },
            own,
          ),
        }),
      });
    },
  };
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined;
  }
}
