import { randomBytes } from 'node:crypto';
import { giveRefund, openOrder, scanCode } from '../bank';
import { chinaCompact, chinaDay, chinaDaySpan, parseChinaCompact } from '../clock';
import { answer, exchange, type Reply, readBody } from '../exchange';
import type { Operation } from '../faults';
import type { Gateway, GatewayWorld } from '../gateway';
import type { Payment, Refund } from '../ledger';
import type { NotificationDraft } from '../notifier';
import { zmFile } from './bill';
import type { UnionpayCredentials } from './credentials';
import { isSignedBy, sealed } from './signing';

type Message = Record<string, string>;
interface Request {
  own: UnionpayCredentials;
  given: Message;
}
interface Verb {
  operation: Operation;
  run(request: Request): Promise<Message> | Message;
}

const OK = { respCode: '00', respMsg: '成功[0000000]' };
const no = (respCode: string, respMsg: string): Message => ({ respCode, respMsg });
const monthToSecond = (at: number) => chinaCompact(at).slice(4);

/** Echoed in every reply, so that a caller can tell what it is about. */
const ECHOED = [
  'version',
  'encoding',
  'signMethod',
  'txnType',
  'txnSubType',
  'bizType',
  'accessType',
  'merId',
  'orderId',
  'txnTime',
  'txnAmt',
  'currencyCode',
  'reqReserved',
];

/** The notes know of three tries within minutes. */
const RETRIES = [60_000, 120_000, 300_000];

export function createUnionpayGateway(world: GatewayWorld<UnionpayCredentials>): Gateway {
  const { ledger, life } = world;
  const now = () => world.clock.now();

  /** A transaction is named by its number and its time; what was seeded has no time of its own. */
  const named = (time: string | null, given: Message) => !time || time === given.txnTime;
  /** A refund remembers what it was sent with: its time, and the merchant's own words. */
  const note = (given: Message) => `${given.txnTime}|${given.reqReserved ?? ''}`;
  const noteOf = (refund: Refund) => {
    const [time = '', ...words] = (refund.reason ?? '').split('|');
    return { time, words: words.join('|') };
  };

  /** A consumption as asked for, not yet in the ledger; or what is wrong with it. */
  function draft({ own, given }: Request, scene: 'micropay' | 'native'): Payment | { wrong: Message } {
    const amountFen = Number(given.txnAmt);
    if (!/^[0-9A-Za-z]{8,32}$/.test(given.orderId ?? '') || parseChinaCompact(given.txnTime ?? '') === null) {
      return { wrong: no('10', '报文格式错误') };
    }
    if (!/^[1-9]\d{0,11}$/.test(given.txnAmt ?? '') || given.currencyCode !== '156' || !given.backUrl) {
      return { wrong: no('13', '报文要素缺失') };
    }
    const orderNo = given.orderId ?? '';
    if (ledger.payment('unionpay', own.merId, orderNo) !== null) return { wrong: no('12', '重复交易') };
    const payment = ledger.newPayment({
      gateway: 'unionpay',
      merchant: own.merId,
      appId: '',
      outTradeNo: orderNo,
      scene,
      amountFen,
      subject: '门诊缴费',
    });
    payment.notifyUrl = given.backUrl ?? null;
    payment.attach = given.reqReserved ?? null;
    payment.terminalId = given.termId ?? null;
    payment.fingerprint = given.txnTime ?? '';
    payment.expiresAt = given.payTimeout ? parseChinaCompact(given.payTimeout) : null;
    return payment;
  }

  async function applyQr(request: Request): Promise<Message> {
    const payment = draft(request, 'native');
    if ('wrong' in payment) return payment.wrong;
    payment.payToken = `https://qr.95516.com/00010000/${randomBytes(16).toString('hex')}`;
    await openOrder(world, payment);
    return { ...OK, qrCode: payment.payToken };
  }

  function consume(request: Request): Message {
    const payment = draft(request, 'micropay');
    if ('wrong' in payment) return payment.wrong;
    const fate = scanCode(world, payment, request.given.qrNo ?? '');
    switch (fate) {
      case 'pays':
      case 'paying_then_pays':
      case 'paying_for_ever':
        return { ...OK, queryId: payment.tradeNo };
      case 'auth_code_invalid':
        return no('88', '无此二维码');
      case 'insufficient_funds':
        return no('64', '卡上的余额不足');
      case 'system_error_paid':
      case 'system_error_unpaid':
        return no('04', '交易状态未明，请查询对账结果');
      default:
        return fate satisfies never;
    }
  }

  function refund({ own, given }: Request): Message {
    const payment = ledger.paymentByTradeNo('unionpay', given.origQryId ?? '');
    if (payment === null || payment.merchant !== own.merId) return no('35', '原交易不存在或状态不正确');
    if (ledger.refund('unionpay', own.merId, null, given.orderId ?? '') !== null) return no('12', '重复交易');
    const amountFen = Number(given.txnAmt);
    if (!/^[0-9A-Za-z]{8,32}$/.test(given.orderId ?? '') || !/^[1-9]\d{0,11}$/.test(given.txnAmt ?? '')) {
      return no('10', '报文格式错误');
    }
    const given04 = {
      refundNo: given.orderId ?? '',
      amountFen,
      note: note(given),
      notifyUrl: given.backUrl ?? null,
    };
    const booked = giveRefund(world, payment, given04);
    if (booked === 'not_paid') return no('35', '原交易不存在或状态不正确');
    if (booked === 'too_much' || booked === 'conflict') return no('36', '与原交易信息不符');
    return { ...OK, queryId: booked.refundId, origQryId: payment.tradeNo };
  }

  const about = (type: string, number: string, amountFen: number, at: number, queryId: string): Message => ({
    txnType: type,
    orderId: number,
    txnAmt: `${amountFen}`,
    currencyCode: '156',
    queryId,
    traceNo: queryId.slice(-6),
    traceTime: monthToSecond(at),
    settleAmt: `${amountFen}`,
    settleCurrencyCode: '156',
    settleDate: monthToSecond(at).slice(0, 4),
  });

  function queryRefund(booked: Refund): Message {
    const settled = life.settle(booked);
    const told = about('04', settled.refundNo, settled.amountFen, settled.createdAt, settled.refundId);
    switch (settled.state) {
      case 'succeeded':
        return { ...OK, ...told, origRespCode: '00', origRespMsg: '成功' };
      case 'processing':
        return { ...OK, ...told, origRespCode: '05', origRespMsg: '交易已受理' };
      case 'abnormal':
      case 'closed':
        return { ...OK, ...told, origRespCode: '01', origRespMsg: '交易失败' };
      default:
        return settled.state satisfies never;
    }
  }

  function query({ own, given }: Request): Message {
    const missing = no('34', '查无此交易');
    const number = given.orderId ?? '';
    const booked = ledger.refund('unionpay', own.merId, null, number);
    if (booked !== null) return named(noteOf(booked).time, given) ? queryRefund(booked) : missing;
    const payment = ledger.payment('unionpay', own.merId, number);
    if (payment === null || !named(payment.fingerprint, given)) return missing;
    life.queried(payment);
    const told = about('01', number, payment.amountFen, payment.paidAt ?? now(), payment.tradeNo);
    switch (payment.state) {
      case 'paid':
        return { ...OK, ...told, origRespCode: '00', origRespMsg: '成功' };
      case 'paying':
        return { ...OK, ...told, origRespCode: '05', origRespMsg: '交易已受理，请稍后查询交易结果' };
      case 'failed':
        return { ...OK, ...told, origRespCode: '64', origRespMsg: '卡上的余额不足' };
      case 'waiting':
      case 'closed':
      case 'reversed':
        // Before a QR is paid there is a code and no transaction.
        return missing;
      default:
        return payment.state satisfies never;
    }
  }

  /** `settleDate` has no year: the last such day that is not to come. */
  function dayOf(settleDate: string): string {
    const year = Number(chinaDay(now()).slice(0, 4));
    const day = (of: number) => `${of}-${settleDate.slice(0, 2)}-${settleDate.slice(2)}`;
    return day(year) <= chinaDay(now()) ? day(year) : day(year - 1);
  }

  function bill({ own, given }: Request): Message {
    const day = dayOf(given.settleDate ?? '');
    const span = chinaDaySpan(day);
    if (!/^\d{4}$/.test(given.settleDate ?? '') || span === null) return no('10', '报文格式错误');
    const { billsForToday, billReadyHour } = world.settings;
    const isThere = day === chinaDay(now()) ? billsForToday : now() > span.to + billReadyHour * 3_600_000;
    const file = isThere ? zmFile(ledger, own, day) : null;
    return file === null
      ? no('98', '文件不存在')
      : { ...OK, fileType: '00', fileName: file.name, fileContent: file.content };
  }

  /** What a request asks for, by its address and its three codes. */
  function verbOf(path: string, given: Message): Verb | null {
    const codes = `${given.txnType}/${given.txnSubType}/${given.bizType}`;
    if (path === '/gateway/api/queryTrans.do' && codes === '00/00/000000') {
      const isRefund = ledger.refund('unionpay', given.merId ?? '', null, given.orderId ?? '') !== null;
      return { operation: isRefund ? 'query_refund' : 'query', run: query };
    }
    if (path === '/gateway/api/backTransReq.do') {
      if (codes === '01/06/000000') return { operation: 'pay', run: consume };
      if (codes === '01/07/000000') return { operation: 'create', run: applyQr };
      if (codes === '04/00/000000') return { operation: 'refund', run: refund };
    }
    return path === '/file' && codes === '76/01/000000' ? { operation: 'bill', run: bill } : null;
  }

  function reply(own: UnionpayCredentials, given: Message, told: Message, corrupt: boolean): Reply {
    const echo = Object.fromEntries(ECHOED.flatMap((name) => (given[name] ? [[name, given[name]]] : [])));
    return {
      status: 200,
      headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' },
      body: sealed({ ...echo, ...told }, own, corrupt),
    };
  }

  async function tell(
    url: string,
    about: NotificationDraft['about'],
    orderNo: string,
    own: UnionpayCredentials,
    message: (tamper: boolean) => Message,
  ): Promise<void> {
    await world.notifier.send({
      channel: 'unionpay',
      orderNo,
      about,
      schedule: RETRIES,
      timeoutMs: 5_000,
      acknowledged: (status) => status === 200,
      render: ({ tamper }) => ({
        url,
        headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' },
        body: sealed(message(tamper), own, false),
      }),
    });
  }

  const common = (own: UnionpayCredentials, txnSubType: string): Message => ({
    version: '5.1.0',
    encoding: 'UTF-8',
    signMethod: '01',
    accessType: '0',
    bizType: '000000',
    merId: own.merId,
    txnSubType,
  });

  const merchantOf = (merId: string) => world.merchants().find((row) => row.merId === merId);

  return {
    async handle(ctx, path) {
      const given: Message = Object.fromEntries(new URLSearchParams((await readBody(ctx)).toString('utf8')));
      const own = merchantOf(given.merId ?? '');
      const verb = verbOf(path.replace(/\/$/, ''), given);
      if (own === undefined || verb === null) {
        answer(ctx, { status: 400, headers: { 'Content-Type': 'text/plain' }, body: 'Invalid request.' });
        return;
      }
      const isTheirs = isSignedBy(given, own);
      await exchange(ctx, world.faults, {
        channel: 'unionpay',
        operation: verb.operation,
        orderNo: given.orderId ?? null,
        async run() {
          const told = isTheirs ? await verb.run({ own, given }) : no('11', '验证签名失败');
          return ({ corrupt }) => reply(own, given, told, corrupt);
        },
        refuse: (fault) =>
          reply(own, given, no(fault.code ?? '06', fault.message ?? '系统繁忙，请稍后再试'), false),
      });
    },

    async notifyPayment(payment) {
      const own = merchantOf(payment.merchant);
      if (own === undefined || payment.notifyUrl === null) return;
      await tell(payment.notifyUrl, 'payment', payment.outTradeNo, own, (tamper) => ({
        ...common(own, payment.scene === 'micropay' ? '06' : '07'),
        ...about(
          '01',
          payment.outTradeNo,
          payment.amountFen + (tamper ? 100 : 0),
          payment.paidAt ?? now(),
          payment.tradeNo,
        ),
        ...OK,
        txnTime: payment.fingerprint || chinaCompact(payment.createdAt),
        ...(payment.attach ? { reqReserved: payment.attach } : {}),
      }));
    },

    async notifyRefund(refund) {
      const own = merchantOf(refund.merchant);
      if (own === undefined || refund.notifyUrl === null) return;
      const { time, words } = noteOf(refund);
      await tell(refund.notifyUrl, 'refund', refund.outTradeNo, own, (tamper) => ({
        ...common(own, '00'),
        ...about(
          '04',
          refund.refundNo,
          refund.amountFen + (tamper ? 100 : 0),
          refund.createdAt,
          refund.refundId,
        ),
        ...(refund.state === 'succeeded' ? OK : no('01', '交易失败')),
        txnTime: time || chinaCompact(refund.createdAt),
        origQryId: refund.tradeNo,
        ...(words ? { reqReserved: words } : {}),
      }));
    },
  };
}
