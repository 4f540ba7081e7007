import type { ChannelConfig, ConfigSchema } from '@hospital-pay/payments/contract';
import { readSettings } from '@hospital-pay/wallets';
import { z } from 'zod';

export const zone = 'Asia/Shanghai';

export const configSchema: ConfigSchema = {
  type: 'object',
  required: ['gateway', 'merchantId', 'key'],
  properties: {
    gateway: { type: 'string', title: '网关地址', titleEn: 'Gateway address', format: 'uri' },
    merchantId: { type: 'string', title: '商户号', titleEn: 'Merchant number', minLength: 1, maxLength: 64 },
    key: { type: 'string', title: '签名密钥', titleEn: 'Signing key', minLength: 16, secret: true },
  },
};

const shape = z.object({
  gateway: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
  merchantId: z.string().trim().min(1),
  key: z.string().trim().min(16),
});

export type Settings = z.output<typeof shape>;

/** @throws PlatformError `CHANNEL_CONFIG` naming the field that is wrong. */
export const settingsOf = (config: ChannelConfig): Settings => readSettings(configSchema, shape, config);
