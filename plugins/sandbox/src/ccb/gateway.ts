import { randomBytes } from 'node:crypto';
import iconv from 'iconv-lite';
import { z } from 'zod';
import { openOrder, scanCode } from '../bank';
import { chinaCompact, chinaDay, parseChinaCompact } from '../clock';
import { answer, exchange, type Reply, readBody } from '../exchange';
import type { Gateway, GatewayWorld } from '../gateway';
import type { Payment } from '../ledger';
import { fenOfYuan, yuan } from '../yuan';
import type { CcbCredentials } from './credentials';
import { createEbs } from './ebs';
import { bankSign, type Fields, isQrOrder, isQuery, openParam } from './signing';

export interface CcbGateway extends Gateway {
  /** What a merchant registers on the bank's platform: its orders are told there. */
  registerNotifyUrl(url: string, merchantId?: string): void;
}

const registration = z.object({ url: z.url(), merchantId: z.string().optional() });
const RETRIES = [60_000, 120_000, 300_000];
const json = (body: object): Reply => ({
  status: 200,
  headers: { 'Content-Type': 'application/json; charset=UTF-8' },
  body: JSON.stringify(body),
});
const tag = (name: string, value: string) => `<${name}>${value}</${name}>`;

export function createCcbGateway(world: GatewayWorld<CcbCredentials>): CcbGateway {
  const { ledger, life } = world;
  const ebs = createEbs(world);
  const registered = new Map<string, string>();

  function draft(
    own: CcbCredentials,
    orderNo: string | undefined,
    amount: string | undefined,
    scene: 'micropay' | 'native',
  ) {
    const amountFen = fenOfYuan(amount ?? '');
    if (!/^[0-9A-Za-z]{1,30}$/.test(orderNo ?? '') || amountFen === null || !/\.\d\d$/.test(amount ?? ''))
      return null;
    if (ledger.payment('ccb', own.merchantId, orderNo ?? '') !== null) return null;
    const payment = ledger.newPayment({
      gateway: 'ccb',
      merchant: own.merchantId,
      appId: own.posId,
      outTradeNo: orderNo ?? '',
      scene,
      amountFen,
      subject: '门诊缴费',
    });
    payment.notifyUrl = registered.get(own.merchantId) ?? null;
    return payment;
  }

  /** The signed answer to a payment-code message: Y paid, N failed, Q password awaited, U unknown. */
  function barcodeAnswer(own: CcbCredentials, code: string, told: Fields, corrupt: boolean): Reply {
    const whole: Fields = {
      RESULT: 'N',
      ORDERID: '',
      AMOUNT: '',
      WAITTIME: '',
      TRACEID: randomBytes(8).toString('hex'),
      ...told,
    };
    const { RESULT, ORDERID, AMOUNT, WAITTIME, TRACEID } = whole;
    const text = `RESULT=${RESULT}&ORDERID=${ORDERID}&AMOUNT=${AMOUNT}&WAITTIME=${WAITTIME}`;
    const SIGN = bankSign(code === 'PAY100' ? `${text}&TRACEID=${TRACEID}` : text, own, corrupt);
    return json({ QRCODETYPE: '1', ...whole, SIGN });
  }

  function scan(own: CcbCredentials, given: Fields): Fields {
    const known = ledger.payment('ccb', own.merchantId, given.ORDERID ?? '');
    // Chosen: the same code sent again for the same order is answered with what became of it.
    if (known?.authCode === given.QRCODE && known?.amountFen === fenOfYuan(given.AMOUNT ?? '')) {
      return askCode(own, given);
    }
    const payment = draft(own, given.ORDERID, given.AMOUNT, 'micropay');
    const about = { ORDERID: given.ORDERID ?? '', AMOUNT: given.AMOUNT ?? '' };
    const no = (ERRCODE: string, ERRMSG: string): Fields => ({ ...about, RESULT: 'N', ERRCODE, ERRMSG });
    if (payment === null) return no('YBLA000000001', '订单重复或要素错误');
    const fate = scanCode(world, payment, given.QRCODE ?? '');
    switch (fate) {
      case 'pays':
        return { ...about, RESULT: 'Y' };
      case 'paying_then_pays':
      case 'paying_for_ever':
        return { ...about, RESULT: 'Q', WAITTIME: '5' };
      case 'auth_code_invalid':
        return no('YBLA000000002', '付款码无效');
      case 'insufficient_funds':
        return no('YBLA000000003', '余额不足');
      case 'system_error_paid':
      case 'system_error_unpaid':
        return { ...about, RESULT: 'U', ERRCODE: 'YBLA999999999', ERRMSG: '结果未知' };
      default:
        return fate satisfies never;
    }
  }

  function askCode(own: CcbCredentials, given: Fields): Fields {
    const payment = ledger.payment('ccb', own.merchantId, given.ORDERID ?? '');
    const about = { ORDERID: given.ORDERID ?? '', AMOUNT: payment === null ? '' : yuan(payment.amountFen) };
    if (payment === null) return { ...about, RESULT: 'N', ERRCODE: 'YBLA000000004', ERRMSG: '订单不存在' };
    life.queried(payment);
    switch (payment.state) {
      case 'paid':
        return { ...about, RESULT: 'Y' };
      case 'waiting':
      case 'paying':
        return { ...about, RESULT: 'Q', WAITTIME: '5' };
      case 'failed':
      case 'closed':
      case 'reversed':
        return { ...about, RESULT: 'N', ERRCODE: 'YBLA000000003', ERRMSG: '余额不足' };
      default:
        return payment.state satisfies never;
    }
  }

  async function makeQr(own: CcbCredentials, form: Fields): Promise<Reply> {
    const payment = draft(own, form.ORDERID, form.PAYMENT, 'native');
    if (payment === null || form.CURCODE !== '01' || form.RETURNTYPE !== '3') {
      return json({ SUCCESS: 'false', ERRCODE: 'YBLA000000001', ERRMSG: '订单重复或要素错误' });
    }
    payment.expiresAt = form.TIMEOUT ? parseChinaCompact(form.TIMEOUT) : null;
    payment.payToken = `https://ch5.dcep.ccb.com/qr?id=${randomBytes(12).toString('hex')}`;
    await openOrder(world, payment);
    const id = new URL(payment.payToken).searchParams.get('id');
    return json({ SUCCESS: 'true', PAYURL: `${world.baseUrl()}/ccb/CCBIS/qr?id=${id}` });
  }

  const statusCode = (payment: Payment): string =>
    payment.refundedFen === 0 ? '1' : payment.refundedFen === payment.amountFen ? '4' : '3';

  function queryOrders(own: CcbCredentials, form: Fields): Reply {
    const payment = ledger.payment('ccb', own.merchantId, form.ORDERID ?? '');
    if (payment !== null) life.refresh(payment);
    const isToday = chinaDay(payment?.createdAt ?? 0) === chinaDay(world.clock.now());
    const isAsked =
      payment !== null &&
      chinaDay(payment.createdAt).replaceAll('-', '') === form.ORDERDATE &&
      form.KIND === (isToday ? '0' : '1');
    // Before a QR is paid there is an order and no movement.
    const order =
      payment?.paidAt && isAsked
        ? tag(
            'QUERYORDER',
            tag('MERCHANTID', own.merchantId) +
              tag('BRANCHID', own.branchId) +
              tag('POSID', own.posId) +
              tag('ORDERID', payment.outTradeNo) +
              tag('ORDERDATE', chinaCompact(payment.paidAt)) +
              tag('AMOUNT', yuan(payment.amountFen)) +
              tag('STATUSCODE', statusCode(payment)) +
              tag('STATUS', '成功') +
              tag('REFUND', yuan(payment.refundedFen)),
          )
        : '';
    return {
      status: 200,
      headers: { 'Content-Type': 'text/xml; charset=GB18030' },
      body: iconv.encode(
        `<?xml version="1.0" encoding="GB18030"?><DOCUMENT>${tag('RETURN_CODE', '000000')}${tag('RETURN_MSG', '成功')}${tag('CURPAGE', '1')}${tag('PAGECOUNT', '1')}${order}</DOCUMENT>`,
        'gb18030',
      ),
    };
  }

  const merchantOf = (form: Fields) =>
    world
      .merchants()
      .find(
        (row) =>
          row.merchantId === form.MERCHANTID && row.posId === form.POSID && row.branchId === form.BRANCHID,
      );

  const unknownMerchant: Reply = {
    status: 403,
    headers: { 'Content-Type': 'text/plain' },
    body: 'no such counter',
  };
  const badMac = () => json({ SUCCESS: 'false', ERRCODE: 'YBLA000000009', ERRMSG: 'MAC 校验失败' });

  const gateway: CcbGateway = {
    registerNotifyUrl(url, merchantId) {
      for (const own of world.merchants()) {
        if (merchantId === undefined || own.merchantId === merchantId) registered.set(own.merchantId, url);
      }
    },
    levers: {
      'POST /notify-url': (body) => {
        const { url, merchantId } = registration.parse(body);
        gateway.registerNotifyUrl(url, merchantId);
        return { registered: registered.size };
      },
    },

    async handle(ctx, path) {
      const body = await readBody(ctx);
      if (path === '/ebs') return ebs(ctx, body);
      if (path === '/CCBIS/qr') {
        const payment = ledger.paymentOfPatient('ccb', `https://ch5.dcep.ccb.com/qr?id=${ctx.query.id}`);
        return answer(
          ctx,
          json(
            payment?.payToken
              ? { SUCCESS: 'true', QRURL: encodeURIComponent(payment.payToken) }
              : { SUCCESS: 'false' },
          ),
        );
      }
      const form: Fields = Object.fromEntries(new URLSearchParams(body.toString('utf8')));
      const own = merchantOf(form);
      if (own === undefined) return answer(ctx, unknownMerchant);
      if (path === '/CCBIS/B2CMainPlat_00_ENPAY') {
        const given = openParam(form.ccbParam ?? '', own);
        const code = given?.TXCODE === 'PAY101' ? 'PAY101' : 'PAY100';
        return exchange(ctx, world.faults, {
          channel: 'ccb',
          operation: code === 'PAY100' ? 'pay' : 'query',
          orderNo: given?.ORDERID ?? null,
          run() {
            const told =
              given === null
                ? { RESULT: 'N', ERRCODE: 'YBLA000000009', ERRMSG: 'ccbParam 解密或验签失败' }
                : code === 'PAY100'
                  ? scan(own, given)
                  : askCode(own, given);
            return ({ corrupt }) => barcodeAnswer(own, code, told, corrupt);
          },
          refuse: (fault) =>
            barcodeAnswer(
              own,
              code,
              {
                ORDERID: given?.ORDERID ?? '',
                AMOUNT: given?.AMOUNT ?? '',
                RESULT: 'N',
                ERRCODE: fault.code ?? 'YBLA999999999',
                ERRMSG: fault.message ?? '系统异常',
              },
              false,
            ),
        });
      }
      if (path !== '/CCBIS/ccbMain') return answer(ctx, { ...unknownMerchant, status: 404 });
      const isOrder = form.TXCODE === '530550';
      return exchange(ctx, world.faults, {
        channel: 'ccb',
        operation: isOrder ? 'create' : 'query',
        orderNo: form.ORDERID ?? null,
        async run() {
          const isTheirs = isOrder ? isQrOrder(form, own) : form.TXCODE === '410408' && isQuery(form, own);
          const reply = !isTheirs ? badMac() : isOrder ? await makeQr(own, form) : queryOrders(own, form);
          return () => reply;
        },
        refuse: (fault) =>
          json({
            SUCCESS: 'false',
            ERRCODE: fault.code ?? 'YBLA999999999',
            ERRMSG: fault.message ?? '系统异常',
          }),
      });
    },

    async notifyPayment(payment) {
      const own = world.merchants().find((row) => row.merchantId === payment.merchant);
      const { notifyUrl: url } = payment;
      if (own === undefined || url === null) return;
      await world.notifier.send({
        channel: 'ccb',
        orderNo: payment.outTradeNo,
        about: 'payment',
        schedule: RETRIES,
        timeoutMs: 5_000,
        acknowledged: (status) => status === 200,
        render: ({ tamper }) => {
          const fields: Fields = {
            POSID: own.posId,
            BRANCHID: own.branchId,
            ORDERID: payment.outTradeNo,
            PAYMENT: yuan(payment.amountFen + (tamper ? 100 : 0)),
            CURCODE: '01',
            REMARK1: '',
            REMARK2: '',
            ACC_TYPE: '30',
            SUCCESS: 'Y',
            TYPE: '1',
            REFERER: '',
            CLIENTIP: '127.0.0.1',
            ACCDATE: chinaCompact(payment.paidAt ?? payment.createdAt).slice(0, 8),
            PAYTYPE: 'WEIXIN',
          };
          const text = Object.entries(fields)
            .map((pair) => pair.join('='))
            .join('&');
          return {
            url,
            headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=UTF-8' },
            body: new URLSearchParams({ ...fields, SIGN: bankSign(text, own) }).toString(),
          };
        },
      });
    },
  };
  return gateway;
}
