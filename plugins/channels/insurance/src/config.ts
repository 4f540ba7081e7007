import { type Bilingual, PlatformError } from '@hospital-pay/errors';
import type { ChannelConfig, ConfigSchema } from '@hospital-pay/payments/contract';
import { sm2 } from 'sm-crypto-v2';
import { z } from 'zod';
import type { Seal } from './envelope';

export const configSchema: ConfigSchema = {
  type: 'object',
  required: ['gateway', 'appId', 'appSecret', 'privateKey', 'centrePublicKey', 'orgCodg'],
  properties: {
    gateway: {
      type: 'string',
      title: '移动支付中心地址',
      titleEn: 'Address of the mobile-payment centre',
      format: 'uri',
      description: '由省级医保移动支付中心分配，填到 /org 之前为止',
      descriptionEn: 'Given by the province’s centre; up to, and without, /org',
    },
    appId: {
      type: 'string',
      title: '应用编号 appId',
      titleEn: 'Application id (appId)',
      pattern: '^[0-9A-Za-z]{16,64}$',
      description: '移动支付中心“渠道应用”中的应用编号',
      descriptionEn: 'The number of the application registered at the centre',
    },
    appSecret: {
      type: 'string',
      title: '应用密钥 appSecret',
      titleEn: 'Application secret (appSecret)',
      minLength: 16,
      maxLength: 64,
      secret: true,
    },
    privateKey: {
      type: 'string',
      title: '医院 SM2 私钥（Base64）',
      titleEn: 'The hospital’s SM2 private key (Base64)',
      secret: true,
      description: '与登记在移动支付中心的公钥成对，32 或 33 字节',
      descriptionEn: 'The other half of the key registered at the centre; 32 or 33 bytes',
    },
    centrePublicKey: {
      type: 'string',
      title: '移动支付中心 SM2 公钥（Base64）',
      titleEn: 'The centre’s SM2 public key (Base64)',
      description: '65 字节，以 04 开头的未压缩公钥；不是医院自己的公钥',
      descriptionEn: '65 bytes, uncompressed (it begins with 04); not the hospital’s own',
    },
    orgCodg: {
      type: 'string',
      title: '定点医药机构编号 orgCodg',
      titleEn: 'Institution number (orgCodg)',
      pattern: '^[0-9A-Za-z]{6,30}$',
      description: '国家医保编码，如 H44030000001',
      descriptionEn: 'The national number of the institution, such as H44030000001',
    },
  },
};

export interface InsuranceSettings {
  gateway: string;
  orgCodg: string;
  seal: Seal;
}

/** A form leaves an untouched field as an empty text. */
const blank = (value: unknown) => (typeof value === 'string' && value.trim() === '' ? undefined : value);

const shape = z.object({
  gateway: z.url({ protocol: /^https?$/ }).transform((url) => url.replace(/\/+$/, '')),
  appId: z
    .string()
    .trim()
    .regex(/^[0-9A-Za-z]{16,64}$/),
  // It is an SM4 plaintext, a user id and part of the signed text: bytes and characters must be one.
  appSecret: z
    .string()
    .trim()
    .regex(/^[\x21-\x7e]{16,64}$/),
  privateKey: z.string().trim().min(1),
  centrePublicKey: z.string().trim().min(1),
  orgCodg: z
    .string()
    .trim()
    .regex(/^[0-9A-Za-z]{6,30}$/),
});

function refuse(field: string, why: Bilingual): PlatformError {
  const title = configSchema.properties[field];
  return new PlatformError(
    'CHANNEL_CONFIG',
    400,
    {
      zh: `医保移动支付配置有误：${title?.title ?? field}${why.zh}`,
      en: `The mobile-payment centre cannot be used with this configuration: ${title?.titleEn ?? field} ${why.en}`,
    },
    { field },
  );
}

/** @throws PlatformError `CHANNEL_CONFIG` naming the field that is wrong. */
export function readSettings(config: ChannelConfig): InsuranceSettings {
  const parsed = shape.safeParse(config);
  if (!parsed.success) {
    const field = String(parsed.error.issues[0]?.path[0] ?? 'gateway');
    throw refuse(
      field,
      blank(config[field]) === undefined
        ? { zh: '未填写', en: 'is missing' }
        : { zh: '的值无效', en: 'has no valid value' },
    );
  }
  const { gateway, orgCodg, appId, appSecret } = parsed.data;
  const secret = Buffer.from(parsed.data.privateKey, 'base64');
  if (secret.length !== 32 && !(secret.length === 33 && secret[0] === 0)) {
    throw refuse('privateKey', { zh: '不是 32 字节的 SM2 私钥', en: 'is no SM2 private key of 32 bytes' });
  }
  const privateKey = secret.subarray(-32).toString('hex');
  const centrePublicKey = Buffer.from(parsed.data.centrePublicKey, 'base64').toString('hex');
  if (!/^04[0-9a-f]{128}$/.test(centrePublicKey) || !sm2.verifyPublicKey(centrePublicKey)) {
    throw refuse('centrePublicKey', {
      zh: '不是未压缩的 SM2 公钥（65 字节）',
      en: 'is no uncompressed SM2 public key (65 bytes)',
    });
  }
  if (centrePublicKey === sm2.getPublicKeyFromPrivateKey(privateKey)) {
    throw refuse('centrePublicKey', {
      zh: '填写的是医院公钥，请填写移动支付中心公钥',
      en: 'is the hospital’s own key: the centre’s is wanted',
    });
  }
  return { gateway, orgCodg, seal: { appId, appSecret, privateKey, centrePublicKey } };
}
