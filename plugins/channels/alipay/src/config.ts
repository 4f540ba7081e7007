import type { ChannelConfig, ConfigSchema } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import { alipayError } from './errors';

export const defaultGateway = 'https://openapi.alipay.com/gateway.do';

const keyMode = { field: 'mode', in: ['key'] };
const certMode = { field: 'mode', in: ['cert'] };

/** The configuration of one Alipay application, as the form draws it. */
export const alipayConfigSchema: ConfigSchema = {
  type: 'object',
  required: ['appId', 'mode', 'privateKey'],
  properties: {
    appId: {
      type: 'string',
      title: '应用 APPID',
      titleEn: 'Application ID',
      pattern: '^\\d{16}$',
      description: '开放平台控制台“应用信息”中的 16 位 APPID',
      descriptionEn: 'The 16-digit APPID shown in the open platform console',
    },
    sellerId: {
      type: 'string',
      title: '收款账号 PID',
      titleEn: 'Seller ID (PID)',
      pattern: '^2088\\d{12}$',
      description: '以 2088 开头的 16 位商户号；填写后，异步通知和账单会核对收款方',
      descriptionEn:
        '16 digits starting with 2088; when given, notifications and bills must name this seller',
    },
    mode: {
      type: 'string',
      title: '加签方式',
      titleEn: 'Signing mode',
      enum: ['key', 'cert'],
      enumTitles: {
        key: { zh: '公钥', en: 'Public key' },
        cert: { zh: '公钥证书', en: 'Certificate' },
      },
      default: 'key',
    },
    keyType: {
      type: 'string',
      title: '私钥格式',
      titleEn: 'Private key format',
      enum: ['PKCS8', 'PKCS1'],
      enumTitles: {
        PKCS8: { zh: 'PKCS8（Java 适用）', en: 'PKCS8 (for Java)' },
        PKCS1: { zh: 'PKCS1（非 Java 适用）', en: 'PKCS1 (not for Java)' },
      },
      default: 'PKCS8',
    },
    privateKey: {
      type: 'string',
      title: '应用私钥',
      titleEn: 'Application private key',
      format: 'pem',
      secret: true,
    },
    alipayPublicKey: {
      type: 'string',
      title: '支付宝公钥',
      titleEn: 'Alipay public key',
      format: 'pem',
      showWhen: keyMode,
      description: '注意不是应用公钥',
      descriptionEn: 'Not your own application public key',
    },
    appCert: {
      type: 'string',
      title: '应用公钥证书',
      titleEn: 'Application certificate',
      format: 'pem',
      showWhen: certMode,
      description: 'appCertPublicKey_<APPID>.crt 的内容',
      descriptionEn: 'Content of appCertPublicKey_<APPID>.crt',
    },
    alipayPublicCert: {
      type: 'string',
      title: '支付宝公钥证书',
      titleEn: 'Alipay certificate',
      format: 'pem',
      showWhen: certMode,
      description: 'alipayCertPublicKey_RSA2.crt 的内容',
      descriptionEn: 'Content of alipayCertPublicKey_RSA2.crt',
    },
    alipayRootCert: {
      type: 'string',
      title: '支付宝根证书',
      titleEn: 'Alipay root certificates',
      format: 'pem',
      showWhen: certMode,
      description: 'alipayRootCert.crt 的内容',
      descriptionEn: 'Content of alipayRootCert.crt',
    },
    nativeProduct: {
      type: 'string',
      title: '扫码产品',
      titleEn: 'QR product',
      enum: ['QR_CODE_OFFLINE', 'FACE_TO_FACE_PAYMENT'],
      enumTitles: {
        QR_CODE_OFFLINE: { zh: '订单码支付', en: 'Order code' },
        FACE_TO_FACE_PAYMENT: { zh: '当面付（旧）', en: 'Face to face (older contracts)' },
      },
      default: 'QR_CODE_OFFLINE',
      description: '以签约的产品为准',
      descriptionEn: 'As your contract says',
    },
    opAppId: {
      type: 'string',
      title: '小程序 APPID',
      titleEn: 'Mini program ID',
      pattern: '^\\d{16}$',
      description: '生活号/小程序内支付（JSAPI）时填写',
      descriptionEn: 'Only for payments inside an Alipay mini program (JSAPI)',
    },
    gateway: {
      type: 'string',
      title: '网关地址',
      titleEn: 'Gateway',
      format: 'uri',
      default: defaultGateway,
    },
  },
};

/** A form leaves an untouched field as an empty text. */
const blank = (value: unknown): unknown =>
  typeof value === 'string' && value.trim() === '' ? undefined : value;
const optional = <T extends z.ZodType>(type: T) => z.preprocess(blank, type.optional());
const withDefault = <T extends z.ZodType<string>>(type: T, value: z.output<T>) =>
  z.preprocess((given) => blank(given) ?? value, type);

const shared = {
  gateway: withDefault(z.url({ protocol: /^https?$/ }), defaultGateway),
  appId: z
    .string()
    .trim()
    .regex(/^\d{16}$/),
  sellerId: optional(
    z
      .string()
      .trim()
      .regex(/^2088\d{12}$/),
  ),
  privateKey: z.string().trim().min(1),
  keyType: withDefault(z.enum(['PKCS8', 'PKCS1']), 'PKCS8'),
  nativeProduct: withDefault(z.enum(['QR_CODE_OFFLINE', 'FACE_TO_FACE_PAYMENT']), 'QR_CODE_OFFLINE'),
  opAppId: optional(
    z
      .string()
      .trim()
      .regex(/^\d{16}$/),
  ),
};

const alipayConfig = z.discriminatedUnion('mode', [
  z.object({ ...shared, mode: z.literal('key'), alipayPublicKey: z.string().trim().min(1) }),
  z.object({
    ...shared,
    mode: z.literal('cert'),
    appCert: z.string().trim().min(1),
    alipayPublicCert: z.string().trim().min(1),
    alipayRootCert: z.string().trim().min(1),
  }),
]);

export type AlipayConfig = z.output<typeof alipayConfig>;

/** @throws PlatformError ALIPAY_CONFIG_INVALID naming the fields that are missing or malformed. */
export function readConfig(config: ChannelConfig): AlipayConfig {
  const reading = alipayConfig.safeParse({ ...config, mode: blank(config.mode) ?? 'key' });
  if (reading.success) return reading.data;
  const fields = [...new Set(reading.error.issues.map((issue) => String(issue.path[0] ?? 'mode')))];
  const titles = fields.map((field) => alipayConfigSchema.properties[field]);
  throw alipayError('ALIPAY_CONFIG_INVALID', {
    fields,
    zh: `支付宝渠道配置不完整或格式有误：${titles.map((field, at) => field?.title ?? fields[at]).join('、')}`,
    en: `Missing or malformed: ${titles.map((field, at) => field?.titleEn ?? fields[at]).join(', ')}`,
  });
}
