import type { ConfigField, ConfigSchema, Currency } from '@hospital-pay/payments/contract';
import { z } from 'zod';

const path = (title: string, titleEn: string, standard: string): ConfigField => ({
  type: 'string',
  title,
  titleEn,
  pattern: '^/[^?#]*$',
  default: standard,
  description: '可用 {orderNo}、{refundNo}、{date} 占位',
  descriptionEn: 'May hold {orderNo}, {refundNo}, {date}',
});

export const pspRequired = ['baseUrl', 'merchantId', 'secret'];

/** The form of an account behind a PSP. The paths are settings, because every PSP lays out its own. */
export const pspFields: ConfigSchema['properties'] = {
  baseUrl: {
    type: 'string',
    title: '支付服务商（PSP）接口地址',
    titleEn: 'Address of the PSP',
    format: 'uri',
    description: '本渠道经由支付服务商收款，并非钱包官方直连协议',
    descriptionEn: 'Money is taken through a PSP; this is not the protocol of the wallet itself',
  },
  merchantId: {
    type: 'string',
    title: '服务商商户号',
    titleEn: 'Merchant id at the PSP',
    minLength: 1,
    maxLength: 64,
  },
  secret: { type: 'string', title: '签名密钥', titleEn: 'Signing secret', minLength: 16, secret: true },
  capture: {
    type: 'string',
    title: '请款方式',
    titleEn: 'Capture',
    enum: ['automatic', 'manual'],
    enumTitles: {
      automatic: { zh: '授权即请款', en: 'With the authorisation' },
      manual: { zh: '授权后由平台请款', en: 'By the platform, after the authorisation' },
    },
    default: 'automatic',
  },
  authorizePath: path('授权接口路径', 'Path of authorize', '/payments'),
  queryPath: path('查询接口路径', 'Path of query', '/payments/{orderNo}'),
  capturePath: path('请款接口路径', 'Path of capture', '/payments/{orderNo}/capture'),
  cancelPath: path('撤销接口路径', 'Path of cancel', '/payments/{orderNo}/cancel'),
  refundPath: path('退款接口路径', 'Path of refund', '/payments/{orderNo}/refunds'),
  queryRefundPath: path('退款查询接口路径', 'Path of refund query', '/payments/{orderNo}/refunds/{refundNo}'),
  billPath: path('对账单接口路径', 'Path of the settlement file', '/settlements/{date}'),
};

const below = z.string().trim().startsWith('/');

export const pspShape = z.object({
  baseUrl: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
  merchantId: z.string().trim().min(1),
  secret: z.string().min(16),
  capture: z.enum(['automatic', 'manual']).default('automatic'),
  authorizePath: below.default('/payments'),
  queryPath: below.default('/payments/{orderNo}'),
  capturePath: below.default('/payments/{orderNo}/capture'),
  cancelPath: below.default('/payments/{orderNo}/cancel'),
  refundPath: below.default('/payments/{orderNo}/refunds'),
  queryRefundPath: below.default('/payments/{orderNo}/refunds/{refundNo}'),
  billPath: below.default('/settlements/{date}'),
});

export type PspSettings = z.output<typeof pspShape>;

export interface PspWallet {
  /** How the PSP names the wallet: `rakutenpay`, `dbarai`, `applepay`. */
  method: string;
  currency: Currency;
  zone: string;
}
