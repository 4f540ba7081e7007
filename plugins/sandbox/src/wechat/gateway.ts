import { randomBytes, randomUUID } from 'node:crypto';
import { z } from 'zod';
import type { Gateway, GatewayWorld } from '../gateway';
import type { NotificationDraft } from '../notifier';
import { createWechatBrowser } from './browser';
import type { WechatCredentials } from './credentials';
import { notice } from './notice';
import { createWechatOrders } from './orders';
import { createWechatV2 } from './v2';
import { createBillFiles, createWechatV3, orderObject, refundObject, refundStatus } from './v3';

const S = 1_000;
const M = 60 * S;
const H = 60 * M;
const RETRIES = [
  15 * S,
  15 * S,
  30 * S,
  3 * M,
  10 * M,
  20 * M,
  30 * M,
  30 * M,
  30 * M,
  H,
  3 * H,
  3 * H,
  3 * H,
  6 * H,
  6 * H,
];

export interface WechatSettings {
  /** Writes the byte-order mark that some real bill files have. */
  bom: boolean;
  /** v2 reverse and refund ask for the merchant's TLS certificate; needs an HTTPS server in front. */
  requireClientCertificate: boolean;
}

export interface WechatGateway extends Gateway {
  settings: WechatSettings;
  /** A notification with a broken signature, as WeChat Pay sends to find merchants who do not look. */
  probe(url: string, outTradeNo?: string): Promise<{ status: number; body: string }>;
  setVerifyMode(mchid: string, mode: 'certificate' | 'public_key'): void;
}

const probeBody = z.object({ url: z.url(), outTradeNo: z.string().optional() });

export function createWechatGateway(world: GatewayWorld<WechatCredentials>): WechatGateway {
  const settings: WechatSettings = { bom: true, requireClientCertificate: false };
  const orders = createWechatOrders(world);
  const v2 = createWechatV2(world, orders, settings);
  const browser = createWechatBrowser(world);
  const v3 = createWechatV3(world, orders, createBillFiles(world.clock), settings);

  function merchantOf(mchid: string): WechatCredentials {
    const merchant = world.merchants().find((row) => row.mchid === mchid);
    if (merchant === undefined) throw new Error(`the sandbox has no WeChat Pay merchant ${mchid}`);
    return merchant;
  }

  const common: Pick<NotificationDraft, 'channel' | 'schedule' | 'timeoutMs' | 'acknowledged'> = {
    channel: 'wechat',
    schedule: RETRIES,
    timeoutMs: 5_000,
    acknowledged: (status) => status === 200 || status === 204,
  };

  const gateway: WechatGateway = {
    settings,
    levers: {
      'POST /probe': (body) => {
        const { url, outTradeNo } = probeBody.parse(body);
        return gateway.probe(url, outTradeNo);
      },
    },
    find: (text) =>
      text.startsWith('prepay_id=')
        ? world.ledger.paymentOfPatient('wechat', text.slice('prepay_id='.length))
        : null,
    async handle(ctx, path) {
      if (browser.handle(ctx, path)) return;
      await (v2.paths.includes(path) ? v2.handle(ctx, path) : v3.handle(ctx, path));
    },
    async notifyPayment(payment) {
      const { notifyUrl: url } = payment;
      if (url === null || payment.scene === 'micropay') return;
      const merchant = merchantOf(payment.merchant);
      const id = randomUUID();
      await world.notifier.send({
        ...common,
        orderNo: payment.outTradeNo,
        about: 'payment',
        render: ({ tamper }) => {
          const amountFen = payment.amountFen + (tamper ? 100 : 0);
          const told = orderObject({ ...payment, amountFen, state: 'paid', refundedFen: 0 });
          const event = {
            id,
            type: 'TRANSACTION.SUCCESS',
            summary: '支付成功',
            original: 'transaction',
          } as const;
          const { body, headers } = notice(merchant, world.clock, event, told);
          return { url, body, headers: { 'Content-Type': 'application/json', ...headers } };
        },
      });
    },
    async notifyRefund(refund) {
      const { notifyUrl: url } = refund;
      const payment = world.ledger.payment('wechat', refund.merchant, refund.outTradeNo);
      if (url === null || payment === null) return;
      const merchant = merchantOf(refund.merchant);
      const id = randomUUID();
      await world.notifier.send({
        ...common,
        orderNo: refund.outTradeNo,
        about: 'refund',
        render: ({ tamper }) => {
          const told = refundObject(payment, refund);
          const status = refundStatus(refund);
          const { body, headers } = notice(
            merchant,
            world.clock,
            {
              id,
              type: `REFUND.${status}`,
              summary: status === 'SUCCESS' ? '退款成功' : '退款异常',
              original: 'refund',
            },
            {
              mchid: refund.merchant,
              out_trade_no: refund.outTradeNo,
              transaction_id: refund.tradeNo,
              out_refund_no: refund.refundNo,
              refund_id: refund.refundId,
              refund_status: status,
              success_time: told.success_time,
              user_received_account: told.user_received_account,
              amount: {
                total: payment.amountFen,
                refund: refund.amountFen + (tamper ? 100 : 0),
                payer_total: payment.amountFen,
                payer_refund: refund.amountFen,
              },
            },
          );
          return { url, body, headers: { 'Content-Type': 'application/json', ...headers } };
        },
      });
    },
    async probe(url, outTradeNo = 'SIGNTEST') {
      const merchant = world.merchants()[0];
      if (merchant === undefined) throw new Error('the sandbox has no WeChat Pay merchant');
      const payment = world.ledger.payment('wechat', merchant.mchid, outTradeNo);
      const told = payment === null ? { out_trade_no: outTradeNo } : orderObject(payment);
      const { body, headers } = notice(
        merchant,
        world.clock,
        { id: randomUUID(), type: 'TRANSACTION.SUCCESS', summary: '支付成功', original: 'transaction' },
        told,
      );
      const response = await world.fetch(url, {
        method: 'POST',
        body,
        headers: {
          'Content-Type': 'application/json',
          ...headers,
          'Wechatpay-Signature': `WECHATPAY/SIGNTEST/${randomBytes(96).toString('base64')}`,
        },
      });
      return { status: response.status, body: await response.text() };
    },
    setVerifyMode(mchid, mode) {
      merchantOf(mchid).verifyMode = mode;
    },
  };
  return gateway;
}
