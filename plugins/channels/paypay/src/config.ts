import type { ChannelConfig, ConfigSchema } from '@hospital-pay/payments/contract';
import type { BillHeadings } from '@hospital-pay/wallets';
import { billFields, readSettings } from '@hospital-pay/wallets';
import { z } from 'zod';

export const zone = 'Asia/Tokyo';

/** Headings of the reconciliation file as merchants describe them; unverified, hence settings of the account. */
export const billHeadings: Partial<BillHeadings> = {
  orderNo: 'マーチャント決済ID',
  channelNo: '決済番号',
  amount: '取引金額',
  time: '取引日時',
  kind: '取引ステータス',
  paymentWord: '取引完了',
  refundWord: '返金完了',
};

export const configSchema: ConfigSchema = {
  type: 'object',
  required: ['baseUrl', 'merchantId', 'apiKey', 'apiSecret'],
  properties: {
    baseUrl: {
      type: 'string',
      title: '网关地址',
      titleEn: 'Gateway address',
      format: 'uri',
      default: 'https://api.paypay.ne.jp',
      description: '测试环境为 https://stg-api.sandbox.paypay.ne.jp',
      descriptionEn: 'The test environment is https://stg-api.sandbox.paypay.ne.jp',
    },
    merchantId: {
      type: 'string',
      title: '商户 ID (merchantId)',
      titleEn: 'Merchant id',
      minLength: 1,
      maxLength: 64,
    },
    apiKey: { type: 'string', title: 'API Key', titleEn: 'API key', minLength: 1, maxLength: 128 },
    apiSecret: {
      type: 'string',
      title: 'API Key Secret',
      titleEn: 'API key secret',
      minLength: 8,
      secret: true,
    },
    ...billFields(billHeadings, 'shift_jis'),
  },
};

const shape = z.object({
  baseUrl: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
  merchantId: z.string().trim().min(1),
  apiKey: z.string().trim().min(1),
  apiSecret: z.string().trim().min(8),
});

export type PaypaySettings = z.output<typeof shape>;

/** @throws PlatformError `CHANNEL_CONFIG` naming the field that is wrong. */
export const readConfig = (config: ChannelConfig): PaypaySettings =>
  readSettings(configSchema, shape, config);
