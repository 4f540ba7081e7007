import { createPrivateKey, createPublicKey, type KeyObject } from 'node:crypto';
import { type Bilingual, PlatformError } from '@hospital-pay/errors';
import type { ChannelConfig, ConfigSchema } from '@hospital-pay/payments/contract';
import { z } from 'zod';

const officialGateway = 'https://gw.open.icbc.com.cn';
const digests = {
  RSA: { zh: 'RSA（SHA1）', en: 'RSA (SHA1)' },
  RSA2: { zh: 'RSA2（SHA256）', en: 'RSA2 (SHA256)' },
};

export const configSchema: ConfigSchema = {
  type: 'object',
  required: ['appId', 'merId', 'privateKey', 'gatewayPublicKey'],
  properties: {
    appId: {
      type: 'string',
      title: '应用编号 APP ID',
      titleEn: 'Application ID',
      pattern: '^[0-9A-Za-z]{1,20}$',
      description: '工行 API 开放平台“我的应用”中的应用编号',
      descriptionEn: 'The application number under “my applications” on ICBC’s open platform',
    },
    merId: {
      type: 'string',
      title: '商户编号',
      titleEn: 'Merchant number (mer_id)',
      pattern: '^[0-9A-Za-z]{1,20}$',
      description: '12 位特约商户编号，见开户行提供的入网通知',
      descriptionEn: 'The merchant number in the notice of the branch that opened the account',
    },
    privateKey: {
      type: 'string',
      title: '应用私钥',
      titleEn: 'Application private key',
      format: 'pem',
      secret: true,
      description: '与登记在开放平台“应用公钥”的密钥成对（RSA 2048，PKCS8）',
      descriptionEn: 'The other half of the public key registered for the application (RSA 2048, PKCS8)',
    },
    gatewayPublicKey: {
      type: 'string',
      title: '工行网关公钥',
      titleEn: 'ICBC gateway public key',
      format: 'pem',
      description: '开放平台“应用详情”页的 API 网关公钥，不是应用公钥',
      descriptionEn: 'The API gateway’s public key on the application’s page; not your own',
    },
    signType: {
      type: 'string',
      title: '请求签名方式',
      titleEn: 'How we sign',
      enum: ['RSA2', 'RSA'],
      enumTitles: digests,
      default: 'RSA2',
      description: '与开放平台登记的应用签名方式一致',
      descriptionEn: 'As registered for the application on the open platform',
    },
    replySignType: {
      type: 'string',
      title: '应答签名方式',
      titleEn: 'How ICBC signs its replies',
      enum: ['RSA', 'RSA2'],
      enumTitles: digests,
      default: 'RSA',
      description: '公开 SDK 一律按 SHA1 验签；若测试连接提示验签失败，请改为 RSA2',
      descriptionEn:
        'Public SDKs verify SHA1 always; try RSA2 when the connection test says that the signature fails',
    },
    storeCode: {
      type: 'string',
      title: 'e 生活门店编号',
      titleEn: 'Store code (e-life)',
      pattern: '^[0-9A-Za-z]{1,20}$',
      description: '患者扫码（主扫）必填，见 e 生活商户管理平台“门店管理”',
      descriptionEn: 'Needed for QRs that the patient scans; under “stores” of the e-life merchant platform',
    },
    merProtocolNo: {
      type: 'string',
      title: '收单产品协议编号',
      titleEn: 'Acquiring agreement number (mer_prtcl_no)',
      pattern: '^[0-9A-Za-z]{1,20}$',
      description: '公众号、小程序和 App 支付必填；商户编号后加 4 位，见入网通知',
      descriptionEn:
        'Needed for payments inside WeChat, Alipay or an app; the merchant number and four more digits',
    },
    payMode: {
      type: 'string',
      title: '线上支付方式',
      titleEn: 'Wallet of online payments',
      enum: ['9', '10', '13'],
      enumTitles: {
        '9': { zh: '微信', en: 'WeChat Pay' },
        '10': { zh: '支付宝', en: 'Alipay' },
        '13': { zh: '云闪付', en: 'UnionPay' },
      },
      default: '9',
      description: '公众号、小程序和 App 支付调起的钱包；每种钱包建一个渠道账户',
      descriptionEn: 'The wallet that payments in a page or app open; one channel account for each wallet',
    },
    accessType: {
      type: 'string',
      title: '线上接入方式',
      titleEn: 'Where online payments are made',
      enum: ['7', '8', '9'],
      enumTitles: {
        '7': { zh: '微信公众号', en: 'WeChat official account' },
        '8': { zh: '支付宝生活号', en: 'Alipay life account' },
        '9': { zh: '小程序', en: 'Mini program' },
      },
      default: '9',
      description: '按医院线上服务所在的入口选择',
      descriptionEn: 'Where the hospital’s online service runs',
    },
    shopAppId: {
      type: 'string',
      title: '公众号/小程序/App 的 AppID',
      titleEn: 'AppID of the account, mini program or app',
      maxLength: 32,
      description: '在工行报备过的微信或支付宝 AppID',
      descriptionEn: 'The WeChat or Alipay AppID that was filed with ICBC',
    },
    gateway: {
      type: 'string',
      title: '网关地址',
      titleEn: 'Gateway',
      format: 'uri',
      default: officialGateway,
      description: '正式环境保持默认值',
      descriptionEn: 'Leave as it is for production',
    },
  },
};

export type SignType = 'RSA' | 'RSA2';

export interface IcbcSettings {
  appId: string;
  merId: string;
  privateKey: KeyObject;
  gatewayPublicKey: KeyObject;
  signType: SignType;
  replySignType: SignType;
  storeCode?: string | undefined;
  merProtocolNo?: string | undefined;
  payMode: '9' | '10' | '13';
  accessType: '7' | '8' | '9';
  shopAppId?: string | undefined;
  gateway: string;
}

/** A form leaves an untouched field as an empty text. */
const blank = (value: unknown) => (typeof value === 'string' && value.trim() === '' ? undefined : value);
const id = z
  .string()
  .trim()
  .regex(/^[0-9A-Za-z]{1,20}$/);
const optional = <Type extends z.ZodType>(type: Type) => z.preprocess(blank, type.optional());
const choice = <const Value extends string>(values: readonly [Value, ...Value[]], usual: NoInfer<Value>) =>
  z.preprocess((given) => blank(given) ?? usual, z.enum(values));

const shape = z.object({
  appId: id,
  merId: id,
  privateKey: z.string().trim().min(1),
  gatewayPublicKey: z.string().trim().min(1),
  signType: choice(['RSA2', 'RSA'], 'RSA2'),
  replySignType: choice(['RSA', 'RSA2'], 'RSA'),
  storeCode: optional(id),
  merProtocolNo: optional(id),
  payMode: choice(['9', '10', '13'], '9'),
  accessType: choice(['7', '8', '9'], '9'),
  shopAppId: optional(z.string().trim().max(32)),
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
      zh: `工行渠道配置有误：${title?.title ?? field}${why.zh}`,
      en: `ICBC cannot work with this configuration: ${title?.titleEn ?? field} ${why.en}`,
    },
    { field },
    cause === undefined ? {} : { cause },
  );
}

/** ICBC's tools give bare base64; a PEM is the same with lines around it. */
function rsaKey(field: string, text: string, read: (der: Buffer) => KeyObject): KeyObject {
  const der = Buffer.from(text.replaceAll('\\n', '\n').replace(/-----[^-]+-----|\s/g, ''), 'base64');
  try {
    const key = read(der);
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch (cause) {
    throw refuse(field, { zh: '无法读取，请粘贴完整内容', en: 'cannot be read: paste all of it' }, cause);
  }
  throw refuse(field, { zh: '不是 RSA 密钥', en: 'is no RSA key' });
}

/** @throws PlatformError `CHANNEL_CONFIG` naming the field that is wrong. */
export function readSettings(config: ChannelConfig): IcbcSettings {
  const parsed = shape.safeParse(config);
  if (!parsed.success) {
    const field = String(parsed.error.issues[0]?.path[0] ?? 'appId');
    throw refuse(
      field,
      blank(config[field]) === undefined
        ? { zh: '未填写', en: 'is missing' }
        : { zh: '的值无效', en: 'has no valid value' },
    );
  }
  const given = parsed.data;
  const privateKey = rsaKey('privateKey', given.privateKey, (key) =>
    createPrivateKey({ key, format: 'der', type: 'pkcs8' }),
  );
  const gatewayPublicKey = rsaKey('gatewayPublicKey', given.gatewayPublicKey, (key) =>
    createPublicKey({ key, format: 'der', type: 'spki' }),
  );
  if (gatewayPublicKey.equals(createPublicKey(privateKey))) {
    throw refuse('gatewayPublicKey', {
      zh: '填写的是应用公钥，请填写工行网关公钥',
      en: 'is your own public key: ICBC’s gateway key is wanted',
    });
  }
  return { ...given, privateKey, gatewayPublicKey };
}
