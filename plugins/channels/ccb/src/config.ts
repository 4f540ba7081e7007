import { createPublicKey, type KeyObject } from 'node:crypto';
import { type Bilingual, PlatformError } from '@hospital-pay/errors';
import type { ChannelConfig, ConfigSchema } from '@hospital-pay/payments/contract';
import { z } from 'zod';

const officialGateway = 'https://ibsbjstar.ccb.com.cn/CCBIS';

export const configSchema: ConfigSchema = {
  type: 'object',
  required: ['merchantId', 'posId', 'branchId', 'publicKey'],
  properties: {
    merchantId: {
      type: 'string',
      title: '商户代码 MERCHANTID',
      titleEn: 'Merchant code (MERCHANTID)',
      pattern: '^\\d{15}$',
      description: '15 位，见建行商户服务平台“商户信息”或开户行的入网通知',
      descriptionEn: '15 digits, on the bank’s merchant service platform or in the branch’s notice',
    },
    posId: {
      type: 'string',
      title: '柜台号 POSID',
      titleEn: 'Counter (POSID)',
      pattern: '^\\d{9}$',
      description: '9 位，商户服务平台“柜台管理”；通知地址也登记在柜台上',
      descriptionEn: '9 digits, under “counters”; the notification address is registered there, too',
    },
    branchId: {
      type: 'string',
      title: '分行代码 BRANCHID',
      titleEn: 'Branch (BRANCHID)',
      pattern: '^\\d{9}$',
      description: '9 位一级分行代码，见入网通知',
      descriptionEn: '9 digits, in the branch’s notice',
    },
    publicKey: {
      type: 'string',
      title: '柜台公钥',
      titleEn: 'Public key of the counter',
      pattern: '^\\s*30[0-9A-Fa-f\\s]{200,}$',
      description: '商户服务平台“服务管理 → 密钥下载”，以 30819 开头的十六进制文本；最后 30 位即 PUB',
      descriptionEn: 'Hexadecimal text beginning with 30819 under “key download”; its last 30 digits are PUB',
    },
    barcodeSign: {
      type: 'boolean',
      title: '付款码报文带 SIGN',
      titleEn: 'SIGN in payment-code messages',
      default: true,
      description: '新版 CCBPayUtil 接口需要；2018 年以前的合同不带，以分行答复为准',
      descriptionEn: 'Wanted by the newer CCBPayUtil; contracts from before 2018 have none. Ask your branch',
    },
    queryPassword: {
      type: 'string',
      title: '流水查询密码 QUPWD',
      titleEn: 'Query password (QUPWD)',
      secret: true,
      description: '商户服务平台登录密码或单独设置的查询密码，用于查询扫码订单',
      descriptionEn: 'The password of the merchant service platform, or its own, for queries of QR orders',
    },
    ebsAddress: {
      type: 'string',
      title: '外联平台地址',
      titleEn: 'Address of the EBS program',
      format: 'uri',
      description:
        '建行外联平台客户端（EBS）所在机器，如 http://127.0.0.1:12345 或 tcp://127.0.0.1:12345；留空则不提供退款和账单',
      descriptionEn:
        'Where the bank’s EBS program runs, http://… or tcp://…; left empty, refunds and bills are not offered',
    },
    ebsUser: {
      type: 'string',
      title: '外联操作员 USER_ID',
      titleEn: 'EBS operator (USER_ID)',
      maxLength: 20,
      description: '开通外联平台时分配的操作员号，须有退款权限',
      descriptionEn: 'The operator assigned with the EBS program; must be allowed to refund',
    },
    ebsPassword: {
      type: 'string',
      title: '外联操作员密码',
      titleEn: 'EBS password',
      secret: true,
    },
    ebsFolder: {
      type: 'string',
      title: '外联平台下载目录',
      titleEn: 'Download folder of EBS',
      description: '本系统所在机器能读到的目录（共享或挂载）；留空则不提供账单',
      descriptionEn: 'As this server reads it (shared or mounted); left empty, bills are not offered',
    },
    ebsNoRecords: {
      type: 'string',
      title: '查无流水的响应码',
      titleEn: 'Codes for “no records”',
      description: '外联平台查询无记录时的 RETURN_CODE，多个以逗号分隔；以分行提供的接口文档为准',
      descriptionEn:
        'RETURN_CODEs that EBS answers when a query finds nothing, with commas; as the branch’s manual says',
    },
    gateway: {
      type: 'string',
      title: '网关地址',
      titleEn: 'Gateway',
      format: 'uri',
      default: officialGateway,
      description: '以分行提供的地址为准，填到 /CCBIS 为止',
      descriptionEn: 'As your branch says, up to /CCBIS',
    },
  },
};

export interface EbsSettings {
  address: string;
  customer: string;
  user: string;
  password: string;
  folder?: string | undefined;
  noRecords: ReadonlySet<string>;
}

export interface CcbSettings {
  gateway: string;
  merchantId: string;
  posId: string;
  branchId: string;
  publicKey: KeyObject;
  /** The last 30 hexadecimal digits of the public key: signed along everywhere, sent nowhere. */
  pub: string;
  barcodeSign: boolean;
  queryPassword: string;
  /** Absent: the bank refunds and tells its bill nowhere else. */
  ebs?: EbsSettings | undefined;
}

/** A form leaves an untouched field as an empty text. */
const blank = (value: unknown) => (typeof value === 'string' && value.trim() === '' ? undefined : value);
const digits = (count: number) =>
  z
    .string()
    .trim()
    .regex(new RegExp(`^\\d{${count}}$`));
/** It becomes XML in GB18030, which these characters leave as they are. */
const ascii = z.preprocess((given) => blank(given) ?? '', z.string().regex(/^[\x20-\x7e]*$/));

const shape = z.object({
  merchantId: digits(15),
  posId: digits(9),
  branchId: digits(9),
  publicKey: z
    .string()
    .transform((text) => text.replace(/\s/g, '').toLowerCase())
    .pipe(z.string().regex(/^30[0-9a-f]{200,}$/)),
  barcodeSign: z.preprocess((given) => blank(given) ?? true, z.boolean()),
  queryPassword: ascii,
  ebsAddress: z.preprocess(blank, z.url({ protocol: /^(https?|tcp)$/ }).optional()),
  ebsUser: ascii,
  ebsPassword: ascii,
  ebsFolder: z.preprocess(blank, z.string().optional()),
  ebsNoRecords: ascii,
  gateway: z
    .preprocess((given) => blank(given) ?? officialGateway, z.url({ protocol: /^https?$/ }))
    .transform((url) => url.replace(/\/+$/, '')),
});

function refuse(field: string, why: Bilingual, cause?: unknown): PlatformError {
  const title = configSchema.properties[field];
  return new PlatformError(
    'CHANNEL_CONFIG',
    400,
    {
      zh: `建行渠道配置有误：${title?.title ?? field}${why.zh}`,
      en: `CCB cannot work with this configuration: ${title?.titleEn ?? field} ${why.en}`,
    },
    { field },
    cause === undefined ? {} : { cause },
  );
}

/** @throws PlatformError `CHANNEL_CONFIG` naming the field that is wrong. */
export function readSettings(config: ChannelConfig): CcbSettings {
  const parsed = shape.safeParse(config);
  if (!parsed.success) {
    const field = String(parsed.error.issues[0]?.path[0] ?? 'merchantId');
    throw refuse(
      field,
      blank(config[field]) === undefined
        ? { zh: '未填写', en: 'is missing' }
        : { zh: '的值无效', en: 'has no valid value' },
    );
  }
  const given = parsed.data;
  let publicKey: KeyObject;
  try {
    publicKey = createPublicKey({ key: Buffer.from(given.publicKey, 'hex'), format: 'der', type: 'spki' });
  } catch (cause) {
    throw refuse(
      'publicKey',
      { zh: '无法读取，请粘贴完整内容', en: 'cannot be read: paste all of it' },
      cause,
    );
  }
  return {
    gateway: given.gateway,
    merchantId: given.merchantId,
    posId: given.posId,
    branchId: given.branchId,
    publicKey,
    pub: given.publicKey.slice(-30),
    barcodeSign: given.barcodeSign,
    queryPassword: given.queryPassword,
    ebs: given.ebsAddress
      ? {
          address: given.ebsAddress,
          customer: given.merchantId,
          user: given.ebsUser,
          password: given.ebsPassword,
          folder: given.ebsFolder,
          noRecords: new Set(given.ebsNoRecords.split(/[,\s]+/).filter(Boolean)),
        }
      : undefined,
  };
}
