import type { ChannelConfig, ConfigSchema, Currency } from '@hospital-pay/payments/contract';
import { type BillHeadings, billFields, readSettings } from '@hospital-pay/wallets';
import { z } from 'zod';

/** Headings of the merchant centre's export; unverified, hence settings of the account. */
export const billHeadings: Partial<BillHeadings> = {
  orderNo: 'Order ID',
  channelNo: 'Transaction ID',
  amount: 'Amount',
  time: 'Transaction date',
};

const regions = ['TW', 'TH', 'JP'] as const;
export type Region = (typeof regions)[number];

const places: Record<Region, { currency: Currency; zone: string }> = {
  TW: { currency: 'TWD', zone: 'Asia/Taipei' },
  TH: { currency: 'THB', zone: 'Asia/Bangkok' },
  JP: { currency: 'JPY', zone: 'Asia/Tokyo' },
};

const region = z.enum(regions).catch('TW');
export const placeOf = (config: ChannelConfig) => places[region.parse(config.region)];

export const configSchema: ConfigSchema = {
  type: 'object',
  required: ['baseUrl', 'region', 'channelId', 'channelSecret'],
  properties: {
    region: {
      type: 'string',
      title: '地区',
      titleEn: 'Region',
      enum: [...regions],
      enumTitles: {
        TW: { zh: '台湾（TWD）', en: 'Taiwan (TWD)' },
        TH: { zh: '泰国（THB）', en: 'Thailand (THB)' },
        JP: {
          zh: '日本（已于 2025-04-30 停止，仅导入历史账单）',
          en: 'Japan (ended 2025-04-30: old bills only)',
        },
      },
      default: 'TW',
    },
    baseUrl: {
      type: 'string',
      title: '网关地址',
      titleEn: 'Gateway address',
      format: 'uri',
      default: 'https://api-pay.line.me',
      description: '测试环境为 https://sandbox-api-pay.line.me',
      descriptionEn: 'The test environment is https://sandbox-api-pay.line.me',
    },
    channelId: { type: 'string', title: 'Channel ID', titleEn: 'Channel id', minLength: 1, maxLength: 64 },
    channelSecret: {
      type: 'string',
      title: 'Channel Secret',
      titleEn: 'Channel secret',
      minLength: 8,
      secret: true,
    },
    ...billFields(billHeadings, 'utf-8'),
  },
};

const shape = z.object({
  region: z.enum(regions),
  baseUrl: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
  channelId: z.string().trim().min(1),
  channelSecret: z.string().trim().min(8),
});

export type LinepaySettings = z.output<typeof shape>;

/** @throws PlatformError `CHANNEL_CONFIG` naming the field that is wrong. */
export const readConfig = (config: ChannelConfig): LinepaySettings =>
  readSettings(configSchema, shape, config);
