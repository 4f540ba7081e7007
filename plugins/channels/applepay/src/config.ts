import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import type { ChannelConfig, ConfigSchema, Currency } from '@hospital-pay/payments/contract';
import { pem, pspFields, pspRequired, pspShape, readSettings, refuseSetting } from '@hospital-pay/wallets';
import { z } from 'zod';

const currencies = ['JPY', 'CNY', 'TWD', 'THB', 'HKD', 'USD'] as const satisfies readonly Currency[];
const zones: Record<Currency, string> = {
  JPY: 'Asia/Tokyo',
  CNY: 'Asia/Shanghai',
  TWD: 'Asia/Taipei',
  THB: 'Asia/Bangkok',
  HKD: 'Asia/Hong_Kong',
  USD: 'America/New_York',
};

const currency = z.enum(currencies).catch('JPY');
export function placeOf(config: ChannelConfig): { currency: Currency; zone: string } {
  const chosen = currency.parse(config.currency);
  return { currency: chosen, zone: zones[chosen] };
}

export const configSchema: ConfigSchema = {
  type: 'object',
  required: [
    ...pspRequired,
    'currency',
    'merchantIdentifier',
    'displayName',
    'domain',
    'appleRootCertificate',
    'identityCertificate',
    'identityKey',
    'processingKey',
  ],
  properties: {
    currency: { type: 'string', title: '币种', titleEn: 'Currency', enum: [...currencies], default: 'JPY' },
    merchantIdentifier: {
      type: 'string',
      title: 'Apple Pay 商户标识 (Merchant ID)',
      titleEn: 'Apple Pay merchant identifier',
      pattern: '^merchant\\..+',
      maxLength: 128,
    },
    displayName: {
      type: 'string',
      title: '付款单上显示的名称',
      titleEn: 'Name on the payment sheet',
      minLength: 1,
      maxLength: 64,
    },
    domain: {
      type: 'string',
      title: '已验证的网站域名',
      titleEn: 'Verified domain of the web page',
      pattern: '^[0-9a-z.-]+$',
      maxLength: 253,
    },
    domainAssociation: {
      type: 'string',
      title: '域名验证文件内容',
      titleEn: 'Domain association file',
      description:
        '由 Apple 开发者网站下载；平台在 /.well-known/apple-developer-merchantid-domain-association 提供',
      descriptionEn:
        'From Apple’s developer site; served at /.well-known/apple-developer-merchantid-domain-association',
      maxLength: 20000,
    },
    appleRootCertificate: {
      type: 'string',
      title: 'Apple 根证书 (Apple Root CA - G3)',
      titleEn: 'Apple Root CA - G3',
      format: 'pem',
      description: '由 apple.com/certificateauthority 下载并转为 PEM',
      descriptionEn: 'From apple.com/certificateauthority, as PEM',
    },
    identityCertificate: {
      type: 'string',
      title: '商户身份证书 (Merchant Identity)',
      titleEn: 'Merchant identity certificate',
      format: 'pem',
    },
    identityKey: {
      type: 'string',
      title: '商户身份证书私钥',
      titleEn: 'Key of the merchant identity certificate',
      format: 'pem',
      secret: true,
    },
    processingKey: {
      type: 'string',
      title: '支付处理证书私钥 (Payment Processing)',
      titleEn: 'Key of the payment processing certificate',
      format: 'pem',
      secret: true,
    },
    sessionUrl: {
      type: 'string',
      title: 'Apple 会话网关地址',
      titleEn: 'Address of the session gateway',
      format: 'uri',
      default: 'https://apple-pay-gateway.apple.com',
      description: '中国大陆为 https://cn-apple-pay-gateway.apple.com',
      descriptionEn: 'In mainland China https://cn-apple-pay-gateway.apple.com',
    },
    sessionAuthority: {
      type: 'string',
      title: '会话网关的根证书',
      titleEn: 'Authority of the session gateway',
      format: 'pem',
      description: '仅当经院内代理访问、网关证书非公共机构签发时填写',
      descriptionEn:
        'Only where the gateway is reached through a proxy with a certificate of the hospital’s own',
    },
    ...pspFields,
  },
};

const text = z.string().trim().min(1);
const shape = pspShape.extend({
  currency: z.enum(currencies),
  merchantIdentifier: text.startsWith('merchant.'),
  displayName: text,
  domain: text,
  appleRootCertificate: text,
  identityCertificate: text,
  identityKey: text,
  processingKey: text,
  sessionUrl: z
    .url({ protocol: /^https?$/ })
    .default('https://apple-pay-gateway.apple.com')
    .transform((url) => url.replace(/\/+$/, '')),
  /** Forms leave an empty text where nothing was filled in. */
  sessionAuthority: z
    .string()
    .optional()
    .transform((given) => given || undefined),
});

export interface ApplePaySettings extends z.output<typeof shape> {
  root: X509Certificate;
  /** The payment processing key: tokens are sealed for it. */
  key: KeyObject;
}

/** Apple fetches this file from the page's domain before it is verified. */
export const wellKnown = ({ domainAssociation }: ChannelConfig): Record<string, string> =>
  typeof domainAssociation === 'string' && domainAssociation !== ''
    ? { 'apple-developer-merchantid-domain-association': domainAssociation }
    : {};

/** @throws PlatformError `CHANNEL_CONFIG` naming the field that is wrong. */
export function readConfig(config: ChannelConfig): ApplePaySettings {
  const given = readSettings(configSchema, shape, config);
  const read = <Value>(field: string, text: string, open: (text: string) => Value): Value => {
    try {
      return open(pem(text));
    } catch (cause) {
      return refuseSetting(configSchema, field, { zh: '不是有效的 PEM 内容', en: 'is not valid PEM' }, cause);
    }
  };
  const openCertificate = (text: string) => new X509Certificate(text);
  const root = read('appleRootCertificate', given.appleRootCertificate, openCertificate);
  const identity = read('identityCertificate', given.identityCertificate, openCertificate);
  const identityKey = read('identityKey', given.identityKey, createPrivateKey);
  if (!identity.checkPrivateKey(identityKey))
    refuseSetting(configSchema, 'identityKey', {
      zh: '与证书不匹配',
      en: 'does not belong to the certificate',
    });
  const key = read('processingKey', given.processingKey, createPrivateKey);
  if (key.asymmetricKeyType !== 'ec' || key.asymmetricKeyDetails?.namedCurve !== 'prime256v1')
    refuseSetting(configSchema, 'processingKey', { zh: '不是 P-256 密钥', en: 'is no P-256 key' });
  if (given.sessionAuthority !== undefined) read('sessionAuthority', given.sessionAuthority, openCertificate);
  return { ...given, root, key };
}
