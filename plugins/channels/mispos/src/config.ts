import type { ConfigSchema } from '@hospital-pay/payments/contract';
import { z } from 'zod';

export const zone = 'Asia/Shanghai';

export const configSchema: ConfigSchema = {
  type: 'object',
  required: ['agentToken'],
  properties: {
    merchantNo: {
      type: 'string',
      title: '商户号',
      titleEn: 'Merchant number',
      description: '银行卡收单机构分配, 仅用于核对',
      descriptionEn: 'Given by the card acquirer; for reference only',
      maxLength: 32,
    },
    agentToken: {
      type: 'string',
      title: '终端代理口令',
      titleEn: 'Agent token',
      description: '窗口电脑上的终端代理用它登录平台并签名; 至少 32 位随机字符',
      descriptionEn: 'The agents at the counters sign in and sign with it; at least 32 random characters',
      minLength: 32,
      maxLength: 128,
      secret: true,
    },
  },
};

const config = z.object({ agentToken: z.string().min(32), merchantNo: z.string().optional() });
export type MisposConfig = z.infer<typeof config>;

/** @throws ZodError naming the field */
export const readConfig = (given: unknown): MisposConfig => config.parse(given);
