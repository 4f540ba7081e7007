import { PlatformError } from '@hospital-pay/errors';
import type { ChannelConfig, ConfigSchema } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import { readSettings, type WechatSettings, configSchema as wechatSchema } from '../config';

/** Of the merchant's own account, what signs and verifies. */
const shared = [
  'baseUrl',
  'mchid',
  'appid',
  'merchantSerial',
  'privateKey',
  'apiV3Key',
  'verifyMode',
  'publicKeyId',
  'publicKey',
  'platformCertificate',
];

export const configSchema: ConfigSchema = {
  type: 'object',
  required: [
    ...wechatSchema.required.filter((name) => shared.includes(name)),
    'cityId',
    'medInstName',
    'medInstNo',
  ],
  properties: {
    ...Object.fromEntries(Object.entries(wechatSchema.properties).filter(([name]) => shared.includes(name))),
    cityId: {
      type: 'string',
      title: '城市编号 city_id',
      titleEn: 'City number (city_id)',
      pattern: '^[0-9]{1,8}$',
      description: '由腾讯医保对接人提供，不一定等于行政区划代码',
      descriptionEn: 'Given by Tencent; not always the number of the administrative division',
    },
    medInstName: {
      type: 'string',
      title: '医疗机构名称',
      titleEn: 'Name of the institution',
      minLength: 1,
      maxLength: 128,
      description: '与医保局登记一致',
      descriptionEn: 'As registered with the insurer',
    },
    medInstNo: {
      type: 'string',
      title: '医疗机构编码 med_inst_no',
      titleEn: 'Institution number (med_inst_no)',
      minLength: 1,
      maxLength: 32,
      description: '医保局下发的定点医疗机构编码',
      descriptionEn: 'The number that the insurer gave the institution',
    },
    channelNo: {
      type: 'string',
      title: '渠道号 channel_no',
      titleEn: 'Channel number (channel_no)',
      maxLength: 32,
      description: '由腾讯分配，没有则留空',
      descriptionEn: 'Given by Tencent; leave empty without one',
    },
    testEnv: {
      type: 'boolean',
      title: '医保局测试环境',
      titleEn: 'The insurer’s test environment',
      default: false,
      description: '正式环境必须关闭；微信支付本身没有测试环境，自费部分仍是真实扣款',
      descriptionEn: 'Must be off in production. The cash is real money even in the test environment',
    },
  },
};

export interface WechatInsuranceSettings {
  merchant: WechatSettings;
  institution: { city_id: string; med_inst_name: string; med_inst_no: string; channel_no?: string };
  testEnv: boolean;
}

const own = z.object({
  cityId: z
    .string()
    .trim()
    .regex(/^\d{1,8}$/),
  medInstName: z.string().trim().min(1).max(128),
  medInstNo: z.string().trim().min(1).max(32),
  channelNo: z.string().trim().max(32).default(''),
  testEnv: z.boolean().default(false),
});

/** @throws PlatformError `CHANNEL_CONFIG` naming the field that is wrong. */
export function readInsuranceSettings(config: ChannelConfig): WechatInsuranceSettings {
  const merchant = readSettings({ ...config, micropayApi: 'v3' });
  const parsed = own.safeParse(config);
  if (!parsed.success) {
    const field = String(parsed.error.issues[0]?.path[0] ?? 'cityId');
    const title = configSchema.properties[field];
    const zh = `微信医保支付配置有误：${title?.title ?? field}未填写或无效`;
    const en = `WeChat’s insurance payments cannot work with this configuration: ${title?.titleEn ?? field} is missing or has no valid value`;
    throw new PlatformError('CHANNEL_CONFIG', 400, { zh, en }, { field });
  }
  const { cityId, medInstName, medInstNo, channelNo, testEnv } = parsed.data;
  return {
    merchant,
    institution: {
      city_id: cityId,
      med_inst_name: medInstName,
      med_inst_no: medInstNo,
      ...(channelNo === '' ? {} : { channel_no: channelNo }),
    },
    testEnv,
  };
}
