import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { type Bilingual, PlatformError } from '@hospital-pay/errors';
import type { ChannelConfig, ConfigSchema } from '@hospital-pay/payments/contract';
import { z } from 'zod';

const officialGateway = 'https://gateway.95516.com/gateway/api';
const officialFileGateway = 'https://filedownload.95516.com/';
const officialSigner = '中国银联股份有限公司';

export const configSchema: ConfigSchema = {
  type: 'object',
  required: ['merId', 'certificate', 'privateKey', 'middleCertificate', 'rootCertificate'],
  properties: {
    merId: {
      type: 'string',
      title: '商户号',
      titleEn: 'Merchant number (merId)',
      pattern: '^\\d{15}$',
      description: '银联分配的 15 位商户号，见入网通知或商户服务网站“账户信息”',
      descriptionEn:
        'The 15 digits UnionPay assigned, in the notice of admission or on the merchant service site',
    },
    certificate: {
      type: 'string',
      title: '商户签名证书',
      titleEn: 'Merchant signing certificate',
      format: 'pem',
      description:
        '从 cfca 下载的 acp_prod_sign.pfx 导出：openssl pkcs12 -legacy -in acp_prod_sign.pfx -clcerts -nokeys',
      descriptionEn:
        'Exported from the .pfx fetched from CFCA: openssl pkcs12 -legacy -in acp_prod_sign.pfx -clcerts -nokeys',
    },
    privateKey: {
      type: 'string',
      title: '商户签名私钥',
      titleEn: 'Merchant signing key',
      format: 'pem',
      secret: true,
      description: '同一 .pfx 文件导出：openssl pkcs12 -legacy -in acp_prod_sign.pfx -nocerts -nodes',
      descriptionEn: 'From the same .pfx: openssl pkcs12 -legacy -in acp_prod_sign.pfx -nocerts -nodes',
    },
    middleCertificate: {
      type: 'string',
      title: '银联中级证书',
      titleEn: 'UnionPay intermediate certificate',
      format: 'pem',
      description: 'acp_prod_middle.cer 的内容，在商户服务网站“相关下载”中',
      descriptionEn: 'Content of acp_prod_middle.cer, under the downloads of the merchant service site',
    },
    rootCertificate: {
      type: 'string',
      title: '银联根证书',
      titleEn: 'UnionPay root certificate',
      format: 'pem',
      description: 'acp_prod_root.cer 的内容，在商户服务网站“相关下载”中',
      descriptionEn: 'Content of acp_prod_root.cer, under the downloads of the merchant service site',
    },
    signerName: {
      type: 'string',
      title: '银联验签证书名称',
      titleEn: 'Name in UnionPay’s certificate',
      default: officialSigner,
      description: '正式环境保持默认值；测试环境证书的名称不同（00040000:SIGN）',
      descriptionEn: 'Leave as it is for production; the test environment signs as 00040000:SIGN',
    },
    termId: {
      type: 'string',
      title: '终端号',
      titleEn: 'Terminal number (termId)',
      pattern: '^[0-9A-Za-z]{8}$',
      description: '被扫（付款码）交易上送的 8 位终端号，由收单机构分配；未分配则留空',
      descriptionEn:
        'The 8 characters sent with scanned payment codes, from the acquirer; empty when none was given',
    },
    gateway: {
      type: 'string',
      title: '交易网关地址',
      titleEn: 'Gateway',
      format: 'uri',
      default: officialGateway,
      description: '正式环境保持默认值；测试环境为 gateway.test.95516.com',
      descriptionEn: 'Leave as it is for production; the test environment is gateway.test.95516.com',
    },
    fileGateway: {
      type: 'string',
      title: '文件下载地址',
      titleEn: 'File download address',
      format: 'uri',
      default: officialFileGateway,
      description: '正式环境保持默认值；测试环境为 filedownload.test.95516.com',
      descriptionEn: 'Leave as it is for production; the test environment is filedownload.test.95516.com',
    },
  },
};

export interface UnionpaySettings {
  merId: string;
  privateKey: KeyObject;
  /** Serial number of our certificate in decimal digits: how UnionPay finds the key it verifies us with. */
  certId: string;
  middle: X509Certificate;
  root: X509Certificate;
  signerName: string;
  termId?: string | undefined;
  gateway: string;
  fileGateway: string;
}

/** A form leaves an untouched field as an empty text. */
const blank = (value: unknown) => (typeof value === 'string' && value.trim() === '' ? undefined : value);
const address = (official: string) =>
  z
    .preprocess((given) => blank(given) ?? official, z.url({ protocol: /^https?$/ }))
    .transform((url) => url.replace(/\/+$/, ''));
/** Forms and environment variables turn line breaks into `\n`; a PEM needs real ones. */
const pem = z
  .string()
  .trim()
  .min(1)
  .transform((text) => text.replaceAll('\\n', '\n'));

const shape = z.object({
  merId: z
    .string()
    .trim()
    .regex(/^\d{15}$/),
  certificate: pem,
  privateKey: pem,
  middleCertificate: pem,
  rootCertificate: pem,
  signerName: z.preprocess((given) => blank(given) ?? officialSigner, z.string().trim()),
  termId: z.preprocess(
    blank,
    z
      .string()
      .trim()
      .regex(/^[0-9A-Za-z]{8}$/)
      .optional(),
  ),
  gateway: address(officialGateway),
  fileGateway: address(officialFileGateway),
});

function refuse(field: string, why: Bilingual, cause?: unknown): PlatformError {
  const title = configSchema.properties[field];
  return new PlatformError(
    'CHANNEL_CONFIG',
    400,
    {
      zh: `云闪付渠道配置有误：${title?.title ?? field}${why.zh}`,
      en: `UnionPay cannot work with this configuration: ${title?.titleEn ?? field} ${why.en}`,
    },
    { field },
    cause === undefined ? {} : { cause },
  );
}

function reading<Result>(field: string, read: () => Result): Result {
  try {
    return read();
  } catch (cause) {
    throw refuse(field, { zh: '不是有效的 PEM 内容', en: 'is not valid PEM' }, cause);
  }
}

/** @throws PlatformError `CHANNEL_CONFIG` naming the field that is wrong. */
export function readSettings(config: ChannelConfig): UnionpaySettings {
  const parsed = shape.safeParse(config);
  if (!parsed.success) {
    const field = String(parsed.error.issues[0]?.path[0] ?? 'merId');
    throw refuse(
      field,
      blank(config[field]) === undefined
        ? { zh: '未填写', en: 'is missing' }
        : { zh: '的值无效', en: 'has no valid value' },
    );
  }
  const { certificate, privateKey, middleCertificate, rootCertificate, ...plain } = parsed.data;
  const own = reading('certificate', () => new X509Certificate(certificate));
  const key = reading('privateKey', () => createPrivateKey(privateKey));
  const isPair = key.asymmetricKeyType === 'rsa' && own.publicKey.equals(createPublicKey(key));
  if (!isPair) {
    throw refuse('privateKey', {
      zh: '与商户签名证书不是一对',
      en: 'does not belong to the merchant signing certificate',
    });
  }
  const middle = reading('middleCertificate', () => new X509Certificate(middleCertificate));
  const root = reading('rootCertificate', () => new X509Certificate(rootCertificate));
  if (!middle.checkIssued(root) || !middle.verify(root.publicKey)) {
    throw refuse('middleCertificate', { zh: '不是该根证书签发的', en: 'was not issued by this root' });
  }
  return { ...plain, privateKey: key, certId: BigInt(`0x${own.serialNumber}`).toString(), middle, root };
}
