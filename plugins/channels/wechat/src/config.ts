import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type Bilingual, PlatformError } from '@hospital-pay/errors';
import type { ChannelConfig, ConfigSchema } from '@hospital-pay/payments/contract';
import { z } from 'zod';

export const officialHost = 'https://api.mch.weixin.qq.com';
export const backupHost = 'https://api2.mch.weixin.qq.com';
const officialAuthorizeUrl = 'https://open.weixin.qq.com/connect/oauth2/authorize';
const officialIdentityUrl = 'https://api.weixin.qq.com/sns/oauth2/access_token';

export const configSchema: ConfigSchema = {
  type: 'object',
  required: ['mchid', 'appid', 'merchantSerial', 'privateKey', 'apiV3Key', 'verifyMode', 'micropayApi'],
  properties: {
    baseUrl: {
      type: 'string',
      title: '网关地址',
      titleEn: 'Gateway address',
      format: 'uri',
      default: officialHost,
      description: '正式环境保持默认值',
      descriptionEn: 'Leave as it is for the live gateway',
    },
    mchid: { type: 'string', title: '商户号', titleEn: 'Merchant id (mchid)', pattern: '^[0-9]{6,32}$' },
    appid: {
      type: 'string',
      title: 'AppID',
      titleEn: 'AppID',
      minLength: 1,
      maxLength: 32,
      description: '与商户号绑定的公众号、小程序或应用的 AppID',
      descriptionEn: 'AppID of the official account, mini program or app bound to the merchant',
    },
    merchantSerial: {
      type: 'string',
      title: '商户API证书序列号',
      titleEn: 'Merchant certificate serial',
      pattern: '^[0-9A-Fa-f]{8,64}$',
    },
    privateKey: {
      type: 'string',
      title: '商户API私钥 (apiclient_key.pem)',
      titleEn: 'Merchant private key (apiclient_key.pem)',
      format: 'pem',
      secret: true,
    },
    apiV3Key: {
      type: 'string',
      title: 'APIv3密钥',
      titleEn: 'APIv3 key',
      minLength: 32,
      maxLength: 32,
      secret: true,
    },
    verifyMode: {
      type: 'string',
      title: '验签方式',
      titleEn: 'How WeChat is verified',
      enum: ['public_key', 'certificate'],
      enumTitles: {
        public_key: { zh: '微信支付公钥', en: 'WeChat Pay public key' },
        certificate: { zh: '平台证书', en: 'Platform certificate' },
      },
      default: 'public_key',
      description: '新商户只有微信支付公钥',
      descriptionEn: 'New merchants only have the public key',
    },
    publicKeyId: {
      type: 'string',
      title: '微信支付公钥ID',
      titleEn: 'Public key id',
      pattern: '^PUB_KEY_ID_[0-9A-Za-z]+$',
      showWhen: { field: 'verifyMode', in: ['public_key'] },
    },
    publicKey: {
      type: 'string',
      title: '微信支付公钥 (pub_key.pem)',
      titleEn: 'WeChat Pay public key (pub_key.pem)',
      format: 'pem',
      showWhen: { field: 'verifyMode', in: ['public_key'] },
    },
    platformCertificate: {
      type: 'string',
      title: '微信支付平台证书',
      titleEn: 'Platform certificate',
      format: 'pem',
      description: '留空则自动下载',
      descriptionEn: 'Downloaded when left empty',
      showWhen: { field: 'verifyMode', in: ['certificate'] },
    },
    micropayApi: {
      type: 'string',
      title: '付款码接口版本',
      titleEn: 'Payment-code API',
      enum: ['v2', 'v3'],
      enumTitles: {
        v2: { zh: 'V2 (micropay)', en: 'V2 (micropay)' },
        v3: { zh: 'V3 (codepay)', en: 'V3 (codepay)' },
      },
      default: 'v2',
      description: 'V3 付款码是否可用因商户而异，请先向微信支付确认',
      descriptionEn: 'V3 payment codes are not available to every merchant: ask WeChat Pay first',
    },
    apiV2Key: {
      type: 'string',
      title: 'APIv2密钥',
      titleEn: 'APIv2 key',
      minLength: 32,
      maxLength: 32,
      secret: true,
      showWhen: { field: 'micropayApi', in: ['v2'] },
    },
    signTypeV2: {
      type: 'string',
      title: 'V2签名方式',
      titleEn: 'V2 signature',
      enum: ['HMAC-SHA256', 'MD5'],
      default: 'HMAC-SHA256',
      showWhen: { field: 'micropayApi', in: ['v2'] },
    },
    clientCert: {
      type: 'string',
      title: '商户API证书 (apiclient_cert.pem)',
      titleEn: 'Merchant certificate (apiclient_cert.pem)',
      format: 'pem',
      description: 'V2 撤销与退款需要',
      descriptionEn: 'Needed by V2 reverse and refund',
      showWhen: { field: 'micropayApi', in: ['v2'] },
    },
    clientKey: {
      type: 'string',
      title: '商户API证书私钥',
      titleEn: 'Key of the merchant certificate',
      format: 'pem',
      secret: true,
      description: '留空则使用商户API私钥',
      descriptionEn: 'The merchant private key when left empty',
      showWhen: { field: 'micropayApi', in: ['v2'] },
    },
    appSecret: {
      type: 'string',
      title: '公众号 AppSecret',
      titleEn: 'Official account AppSecret',
      secret: true,
      description: '患者在微信内打开缴费页时用于获取 OpenID；不用公众号支付可留空',
      descriptionEn: 'Tells who pays inside WeChat (openid); leave empty without JSAPI payments',
    },
    authorizeUrl: {
      type: 'string',
      title: '网页授权地址',
      titleEn: 'Address of web authorization',
      format: 'uri',
      default: officialAuthorizeUrl,
      description: '正式环境保持默认值',
      descriptionEn: 'Leave as it is for the live gateway',
    },
    identityUrl: {
      type: 'string',
      title: '网页授权接口地址',
      titleEn: 'Address of the authorization API',
      format: 'uri',
      default: officialIdentityUrl,
      description: '正式环境保持默认值',
      descriptionEn: 'Leave as it is for the live gateway',
    },
  },
};

export type SignTypeV2 = 'MD5' | 'HMAC-SHA256';

export interface WechatSettings {
  baseUrl: string;
  mchid: string;
  appid: string;
  merchantSerial: string;
  privateKeyPem: string;
  privateKey: KeyObject;
  apiV3Key: Buffer;
  /** Present in public-key mode: the id is sent with every request, so that WeChat answers with this key. */
  publicKey: { id: string; key: KeyObject } | undefined;
  platformCertificate: { serial: string; key: KeyObject } | undefined;
  /** Present when payment codes go over v2. */
  v2: { key: string; signType: SignTypeV2; clientCert: string | undefined; clientKey: string } | undefined;
  /** Present when payers inside WeChat can be identified. */
  payer: { appSecret: string; authorizeUrl: string; identityUrl: string } | undefined;
}

const optionalText = z
  .string()
  .trim()
  .optional()
  .transform((text) => (text ? text : undefined));

const shape = z.object({
  baseUrl: optionalText,
  mchid: z.string().trim().min(1),
  appid: z.string().trim().min(1),
  merchantSerial: z.string().trim().min(1),
  privateKey: z.string().trim().min(1),
  apiV3Key: z.string().trim().min(1),
  verifyMode: z.enum(['certificate', 'public_key']),
  platformCertificate: optionalText,
  publicKeyId: optionalText,
  publicKey: optionalText,
  micropayApi: z.enum(['v3', 'v2']),
  apiV2Key: optionalText,
  signTypeV2: z.enum(['MD5', 'HMAC-SHA256']).default('HMAC-SHA256'),
  clientCert: optionalText,
  clientKey: optionalText,
  appSecret: optionalText,
  authorizeUrl: optionalText,
  identityUrl: optionalText,
});

const titles = configSchema.properties;

function refuse(field: string, why: Bilingual, cause?: unknown): PlatformError {
  const name = titles[field];
  const zh = `微信支付配置有误：${name?.title ?? field}${why.zh}`;
  const en = `WeChat Pay cannot work with this configuration: ${name?.titleEn ?? field} ${why.en}`;
  return new PlatformError(
    'CHANNEL_CONFIG',
    400,
    { zh, en },
    { field },
    cause === undefined ? {} : { cause },
  );
}

const missing: Bilingual = { zh: '未填写', en: 'is missing' };

/** Forms and environment variables turn line breaks into `\n`; a PEM needs real ones. */
const pem = (text: string) => text.replaceAll('\\n', '\n').replaceAll('\r\n', '\n');

function rsaKey(field: string, read: () => KeyObject): KeyObject {
  let key: KeyObject;
  try {
    key = read();
  } catch (cause) {
    throw refuse(field, { zh: '不是有效的 PEM 内容', en: 'is not valid PEM' }, cause);
  }
  if (key.asymmetricKeyType !== 'rsa') throw refuse(field, { zh: '不是 RSA 密钥', en: 'is no RSA key' });
  return key;
}

/** @throws PlatformError `CHANNEL_CONFIG` naming the field that is wrong. */
export function readSettings(config: ChannelConfig): WechatSettings {
  const parsed = shape.safeParse(config);
  if (!parsed.success) {
    const field = String(parsed.error.issues[0]?.path[0] ?? 'mchid');
    const given = config[field];
    throw refuse(
      field,
      given === undefined || given === '' ? missing : { zh: '的值无效', en: 'has no valid value' },
    );
  }
  const given = parsed.data;
  const apiV3Key = Buffer.from(given.apiV3Key, 'utf8');
  if (apiV3Key.length !== 32) throw refuse('apiV3Key', { zh: '必须为 32 个字节', en: 'must have 32 bytes' });

  const privateKeyPem = pem(given.privateKey);
  const baseUrl = (given.baseUrl ?? officialHost).replace(/\/+$/, '');
  if (!/^https?:\/\/[^/?#]+(\/[^?#]*)?$/.test(baseUrl)) {
    throw refuse('baseUrl', { zh: '不是有效的网址', en: 'is no valid address' });
  }
  const settings: WechatSettings = {
    baseUrl,
    mchid: given.mchid,
    appid: given.appid,
    merchantSerial: given.merchantSerial,
    privateKeyPem,
    privateKey: rsaKey('privateKey', () => createPrivateKey(privateKeyPem)),
    apiV3Key,
    publicKey: undefined,
    platformCertificate: undefined,
    v2: undefined,
    payer: given.appSecret
      ? {
          appSecret: given.appSecret,
          authorizeUrl: given.authorizeUrl ?? officialAuthorizeUrl,
          identityUrl: given.identityUrl ?? officialIdentityUrl,
        }
      : undefined,
  };

  const { platformCertificate, publicKeyId, publicKey } = given;
  if (given.verifyMode === 'public_key') {
    if (!publicKeyId) throw refuse('publicKeyId', missing);
    if (!publicKeyId.startsWith('PUB_KEY_ID_')) {
      throw refuse('publicKeyId', { zh: '应以 PUB_KEY_ID_ 开头', en: 'must begin with PUB_KEY_ID_' });
    }
    if (!publicKey) throw refuse('publicKey', missing);
    settings.publicKey = { id: publicKeyId, key: rsaKey('publicKey', () => createPublicKey(pem(publicKey))) };
  }
  if (platformCertificate) {
    const key = rsaKey('platformCertificate', () => new X509Certificate(pem(platformCertificate)).publicKey);
    const serial = new X509Certificate(pem(platformCertificate)).serialNumber.toLowerCase();
    settings.platformCertificate = { serial, key };
  }
  if (given.micropayApi === 'v2') {
    if (!given.apiV2Key) throw refuse('apiV2Key', missing);
    const clientCert = given.clientCert ? pem(given.clientCert) : undefined;
    if (baseUrl.startsWith('https:') && !clientCert) throw refuse('clientCert', missing);
    const clientKey = given.clientKey ? pem(given.clientKey) : privateKeyPem;
    if (clientCert) {
      rsaKey('clientCert', () => new X509Certificate(clientCert).publicKey);
      rsaKey('clientKey', () => createPrivateKey(clientKey));
    }
    settings.v2 = { key: given.apiV2Key, signType: given.signTypeV2, clientCert, clientKey };
  }
  return settings;
}
