import { randomBytes } from 'node:crypto';
import iconv from 'iconv-lite';
import type Koa from 'koa';
import { chinaTime, parseChinaTime } from '../clock';
import { answer, exchange, type Reply, readBody } from '../exchange';
import type { Gateway, GatewayWorld } from '../gateway';
import type { Payment, Scene } from '../ledger';
import type { NotificationDraft } from '../notifier';
import { yuan } from '../yuan';
import { alipayBill } from './bills';
import type { AlipayCredentials } from './credentials';
import { type AlipayAnswer, BUYER_LOGON, createAlipayOperations, failed, tradeStatus } from './operations';
import { certificateSn, rootCertificateSn, signNotification, signText, verifyRequest } from './signing';

const MINUTE = 60_000;
/** Eight sends in about a day. */
const RETRIES = [4, 10, 10, 60, 120, 360, 900].map((minutes) => minutes * MINUTE);
const CLOCK_SKEW = 15 * MINUTE;
const PAGES: Record<string, Scene> = {
  'alipay.trade.wap.pay': 'h5',
  'alipay.trade.page.pay': 'page',
  'alipay.trade.app.pay': 'app',
};

export interface AlipayGateway extends Gateway {
  /** Accepts the order string a mobile app hands to the Alipay SDK. */
  openOrderString(text: string): Payment;
}

type Admission =
  | { ok: true; merchant: AlipayCredentials; certMode: boolean; method: string }
  | { ok: false; method: string; error: AlipayAnswer };

export function createAlipayGateway(world: GatewayWorld<AlipayCredentials>): AlipayGateway {
  const operations = createAlipayOperations(world);

  /** In the order of the real gateway: who are you, then is it signed, then everything else. */
  function admit(params: Record<string, string>): Admission {
    const method = params.method ?? '';
    const refuse = (code: string, subCode: string, message: string): Admission => ({
      ok: false,
      method,
      error: {
        code,
        msg: code === '40001' ? 'Missing Required Arguments' : 'Invalid Arguments',
        sub_code: subCode,
        sub_msg: message,
      },
    });
    if (!params.app_id) return refuse('40001', 'isv.missing-app-id', '缺少AppID参数');
    const merchant = world.merchants().find((row) => row.appId === params.app_id);
    if (merchant === undefined) return refuse('40002', 'isv.invalid-app-id', '无效的AppID参数');
    if (!params.sign) return refuse('40001', 'isv.missing-signature', '缺少签名参数');
    if (params.sign_type !== 'RSA2') return refuse('40002', 'isv.invalid-signature-type', '无效签名类型');
    if (!verifyRequest(params, merchant.appPublicKey)) {
      return refuse(
        '40002',
        'isv.invalid-signature',
        '验签出错，建议检查签名字符串或签名私钥与应用公钥是否匹配',
      );
    }
    const certMode = params.app_cert_sn !== undefined || params.alipay_root_cert_sn !== undefined;
    if (certMode) {
      if (params.app_cert_sn !== certificateSn(merchant.appCert)) {
        return refuse('40002', 'isv.invalid-app-cert-sn', '应用公钥证书SN不匹配');
      }
      if (params.alipay_root_cert_sn !== rootCertificateSn(merchant.alipayRootCert)) {
        return refuse('40002', 'isv.invalid-root-cert-sn', '支付宝根证书SN不匹配');
      }
    }
    if (method === '') return refuse('40001', 'isv.missing-method', '缺少方法名参数');
    if ((params.charset ?? '').toLowerCase() !== 'utf-8') {
      return refuse('40002', 'isv.invalid-charset', '字符集错误');
    }
    const timestamp = params.timestamp === undefined ? null : parseChinaTime(params.timestamp);
    if (params.timestamp === undefined) return refuse('40001', 'isv.missing-timestamp', '缺少时间戳参数');
    if (timestamp === null || Math.abs(world.clock.wall() - timestamp) > CLOCK_SKEW) {
      return refuse('40002', 'isv.invalid-timestamp', '非法的时间戳参数');
    }
    if (PAGES[method] === undefined && operations.operationOf(method) === null) {
      return refuse('40002', 'isv.invalid-method', '不存在的方法名');
    }
    return { ok: true, merchant, certMode, method };
  }

  function bizOf(params: Record<string, string>): unknown {
    try {
      return JSON.parse(params.biz_content ?? '{}');
    } catch {
      return null;
    }
  }

  async function gateway(ctx: Koa.Context): Promise<void> {
    const params = await parameters(ctx);
    const admission = admit(params);
    if (!admission.ok) {
      return answer(ctx, PAGES[admission.method] ? errorPage(admission.error) : unsigned(admission));
    }
    const { merchant, method, certMode } = admission;
    const call = { merchant, params, biz: bizOf(params) };
    const page = PAGES[method];
    if (page !== undefined) {
      const opened = operations.open(page, call);
      if (!isPayment(opened)) return answer(ctx, errorPage(opened));
      const back = params.return_url ? `&redirect_url=${encodeURIComponent(params.return_url)}` : '';
      ctx.redirect(`${world.baseUrl()}/patient?qr=${encodeURIComponent(opened.payToken ?? '')}${back}`);
      return;
    }
    const operation = operations.operationOf(method) ?? 'query';
    const seal = (inner: AlipayAnswer) => (options: { corrupt: boolean }) =>
      signed(merchant, certMode, method, inner, options.corrupt);
    await exchange(ctx, world.faults, {
      channel: 'alipay',
      operation,
      orderNo: orderNoOf(call.biz),
      run: async () => {
        if (call.biz === null) {
          return () =>
            unsigned({
              method,
              error: {
                code: '40002',
                msg: 'Invalid Arguments',
                sub_code: 'isv.illegal-json',
                sub_msg: '非法的JSON',
              },
            });
        }
        return seal(await operations.run(method, call));
      },
      refuse: (fault) => seal(refusal(fault.code, fault.message))({ corrupt: false }),
    });
  }

  async function download(ctx: Koa.Context): Promise<void> {
    const fileId = new URLSearchParams(ctx.querystring).get('fileId') ?? '';
    await exchange(ctx, world.faults, {
      channel: 'alipay',
      operation: 'bill_file',
      orderNo: null,
      run: () => {
        const file = operations.bill(fileId);
        const content =
          file === null
            ? null
            : alipayBill(world.ledger, file.merchant, file.type, file.day, world.clock.now());
        return () =>
          content === null
            ? { status: 404, headers: { 'Content-Type': 'text/html' }, body: 'expired' }
            : { status: 200, headers: { 'Content-Type': 'application/zip' }, body: content };
      },
      refuse: () => ({ status: 403, headers: { 'Content-Type': 'text/html' }, body: 'forbidden' }),
    });
  }

  function notification(payment: Payment, url: string): NotificationDraft {
    const merchant = world.merchants().find((row) => row.sellerId === payment.merchant);
    if (merchant === undefined) throw new Error(`the sandbox has no Alipay merchant ${payment.merchant}`);
    const notifyId = `${chinaTime(world.clock.now()).replace(/\D/g, '').slice(0, 8)}00${randomBytes(12).toString('hex')}`;
    return {
      channel: 'alipay',
      orderNo: payment.outTradeNo,
      about: 'payment',
      schedule: RETRIES,
      timeoutMs: 10_000,
      acknowledged: (status, body) => status === 200 && body === 'success',
      render: ({ tamper }) => {
        const amount = yuan(payment.amountFen + (tamper ? 100 : 0));
        const fields: Record<string, string> = {
          notify_time: chinaTime(world.clock.now()),
          notify_type: 'trade_status_sync',
          notify_id: notifyId,
          app_id: merchant.appId,
          auth_app_id: merchant.appId,
          charset: 'utf-8',
          version: '1.0',
          trade_no: payment.tradeNo,
          out_trade_no: payment.outTradeNo,
          buyer_id: payment.buyer,
          buyer_logon_id: BUYER_LOGON,
          seller_id: merchant.sellerId,
          seller_email: merchant.sellerEmail,
          trade_status: tradeStatus({ ...payment, state: 'paid' }, world.clock.now()),
          total_amount: amount,
          receipt_amount: amount,
          invoice_amount: amount,
          buyer_pay_amount: amount,
          point_amount: '0.00',
          subject: payment.subject,
          gmt_create: chinaTime(payment.createdAt),
          gmt_payment: chinaTime(payment.paidAt ?? payment.createdAt),
          fund_bill_list: JSON.stringify([{ amount, fundChannel: 'ALIPAYACCOUNT' }]),
          ...(payment.attach === null ? {} : { passback_params: payment.attach }),
          sign_type: 'RSA2',
        };
        fields.sign = signNotification(fields, merchant.alipayPrivateKey);
        return {
          url,
          headers: { 'Content-Type': 'application/x-www-form-urlencoded; charset=utf-8' },
          body: new URLSearchParams(fields).toString(),
        };
      },
    };
  }

  function openOrderString(text: string): Payment {
    const params = Object.fromEntries(new URLSearchParams(text));
    const admission = admit(params);
    if (!admission.ok) throw new Error(`${admission.error.sub_code}`);
    const scene = PAGES[admission.method];
    if (scene === undefined) throw new Error(`not an order to open: ${admission.method}`);
    const opened = operations.open(scene, { merchant: admission.merchant, params, biz: bizOf(params) });
    if (!isPayment(opened)) throw new Error(`${opened.sub_code}`);
    return opened;
  }

  return {
    async handle(ctx, path) {
      if (path === '/gateway.do') return gateway(ctx);
      if (path === '/downloadBillFile.resource') return download(ctx);
      ctx.status = 404;
    },
    openOrderString,
    find: (text) => (text.includes('method=alipay.trade.app.pay') ? openOrderString(text) : null),
    async notifyPayment(payment) {
      if (payment.notifyUrl === null) return;
      await world.notifier.send(notification(payment, payment.notifyUrl));
    },
  };
}

async function parameters(ctx: Koa.Context): Promise<Record<string, string>> {
  const body = ctx.method === 'POST' ? (await readBody(ctx)).toString('utf8') : '';
  return {
    ...Object.fromEntries(new URLSearchParams(ctx.querystring)),
    ...Object.fromEntries(new URLSearchParams(body)),
  };
}

function signed(
  merchant: AlipayCredentials,
  certMode: boolean,
  method: string,
  inner: AlipayAnswer,
  corrupt: boolean,
): Reply {
  const text = write(inner);
  // A wrong signature is still a well-formed one: over another text, by the right key.
  const sign = signText(corrupt ? `${text} ` : text, merchant.alipayPrivateKey);
  const certSn = certMode ? `"alipay_cert_sn":"${certificateSn(merchant.alipayPublicCert)}",` : '';
  return html(200, `{"${responseKey(method)}":${text},${certSn}"sign":"${sign}"}`);
}

function unsigned(refused: { method: string; error: AlipayAnswer }): Reply {
  return html(
    200,
    `{"${refused.method === '' ? 'error_response' : responseKey(refused.method)}":${write(refused.error)}}`,
  );
}

/** The gateway escapes slashes, so the signed text is not what JSON.stringify would give. */
function write(inner: AlipayAnswer): string {
  return JSON.stringify(inner).replaceAll('/', '\\/');
}

function responseKey(method: string): string {
  return `${method.replaceAll('.', '_')}_response`;
}

function html(status: number, body: string): Reply {
  return { status, headers: { 'Content-Type': 'text/html;charset=utf-8' }, body };
}

function errorPage(error: AlipayAnswer): Reply {
  const text = `<html><head><meta charset="gbk"><title>支付宝</title></head><body><p>错误码：${error.sub_code}</p><p>${error.sub_msg}</p></body></html>`;
  return {
    status: 200,
    headers: { 'Content-Type': 'text/html;charset=GBK' },
    body: iconv.encode(text, 'gbk'),
  };
}

function refusal(code: string | undefined, message: string | undefined): AlipayAnswer {
  const subCode = code ?? 'ACQ.SYSTEM_ERROR';
  if (/^(isp|aop)\./.test(subCode)) {
    return {
      code: '20000',
      msg: 'Service Currently Unavailable',
      sub_code: subCode,
      sub_msg: message ?? '系统繁忙',
    };
  }
  return failed(subCode, message ?? '业务处理失败');
}

function orderNoOf(biz: unknown): string | null {
  if (typeof biz !== 'object' || biz === null || !('out_trade_no' in biz)) return null;
  return typeof biz.out_trade_no === 'string' ? biz.out_trade_no : null;
}

function isPayment(opened: Payment | AlipayAnswer): opened is Payment {
  return 'outTradeNo' in opened;
}
