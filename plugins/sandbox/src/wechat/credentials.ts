import { createHash, type KeyObject, randomBytes, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { type DistinguishedName, issueCertificate } from '../certificate';
import { pem, publicPem, rsaKey, validityFromNow } from '../keys';

export const wechatCredentials = z.object({
  mchid: z.string(),
  appid: z.string(),
  merchantName: z.string(),
  merchantSerial: z.string(),
  merchantCertificate: z.string(),
  privateKey: z.string(),
  apiV3Key: z.string(),
  apiV2Key: z.string(),
  platformSerial: z.string(),
  platformCertificate: z.string(),
  platformPrivateKey: z.string(),
  publicKeyId: z.string(),
  publicKey: z.string(),
  publicKeyPrivateKey: z.string(),
  /** Which key WeChat Pay signs notifications with, and replies to callers who do not name one. */
  verifyMode: z.enum(['certificate', 'public_key']),
  feeBasisPoints: z.number().int().nonnegative(),
});

export type WechatCredentials = z.infer<typeof wechatCredentials>;

export interface WechatChannelConfig {
  baseUrl: string;
  mchid: string;
  appid: string;
  merchantSerial: string;
  privateKey: string;
  apiV3Key: string;
  verifyMode: 'certificate' | 'public_key';
  platformCertificate: string;
  publicKeyId: string;
  publicKey: string;
  micropayApi: 'v3' | 'v2';
  apiV2Key: string;
  signTypeV2: 'MD5' | 'HMAC-SHA256';
  clientCert: string;
  clientKey: string;
  appSecret: string;
  authorizeUrl: string;
  identityUrl: string;
}

const TENPAY_ROOT: DistinguishedName = [
  ['C', 'CN'],
  ['O', 'Tenpay Sandbox'],
  ['OU', 'Tenpay Sandbox CA Center'],
  ['CN', 'Tenpay Sandbox Root CA'],
];

/** What a channel account needs to be configured with in order to talk to this merchant's gateway. */
export function wechatConfig(
  wechat: WechatCredentials,
  url: string,
  choices: Partial<WechatChannelConfig>,
): WechatChannelConfig {
  return {
    baseUrl: url,
    mchid: wechat.mchid,
    appid: wechat.appid,
    merchantSerial: wechat.merchantSerial,
    privateKey: wechat.privateKey,
    apiV3Key: wechat.apiV3Key,
    verifyMode: wechat.verifyMode,
    platformCertificate: wechat.platformCertificate,
    publicKeyId: wechat.publicKeyId,
    publicKey: wechat.publicKey,
    micropayApi: 'v3',
    apiV2Key: wechat.apiV2Key,
    signTypeV2: 'HMAC-SHA256',
    clientCert: wechat.merchantCertificate,
    clientKey: wechat.privateKey,
    appSecret: appSecretOf(wechat),
    authorizeUrl: `${url}/connect/oauth2/authorize`,
    identityUrl: `${url}/sns/oauth2/access_token`,
    ...choices,
  };
}

/** The official account's AppSecret; it follows from the merchant's own keys, so that it need not be kept. */
export const appSecretOf = ({ apiV2Key }: Pick<WechatCredentials, 'apiV2Key'>): string =>
  createHash('sha256').update(`app secret ${apiV2Key}`).digest('hex').slice(0, 32);

/** Fresh keys and certificates for one merchant. */
export function generateWechat(choices: Partial<WechatCredentials>): WechatCredentials {
  const merchant = rsaKey();
  const platform = rsaKey();
  const publicKey = rsaKey();
  const root = rsaKey();
  const validity = validityFromNow();
  const mchid = choices.mchid ?? '1900006891';
  const issued = (subject: DistinguishedName, key: KeyObject) =>
    issueCertificate({ subject, issuer: TENPAY_ROOT, key, signer: root, authority: false, ...validity });
  const merchantCertificate = issued(
    [
      ['C', 'CN'],
      ['O', 'Tenpay Sandbox'],
      ['OU', 'Demo Hospital'],
      ['CN', mchid],
    ],
    merchant,
  );
  const platformCertificate = issued(
    [
      ['C', 'CN'],
      ['O', 'Tenpay Sandbox'],
      ['CN', 'Tenpay Sandbox sign'],
    ],
    platform,
  );
  return {
    mchid,
    appid: choices.appid ?? 'wx5edab3bdfba3dc1c',
    merchantName: '示范医院',
    merchantSerial: new X509Certificate(merchantCertificate).serialNumber,
    merchantCertificate,
    privateKey: pem(merchant, 'pkcs8'),
    apiV3Key: randomBytes(16).toString('hex'),
    apiV2Key: randomBytes(16).toString('hex'),
    platformSerial: new X509Certificate(platformCertificate).serialNumber,
    platformCertificate,
    platformPrivateKey: pem(platform, 'pkcs8'),
    publicKeyId: `PUB_KEY_ID_0${mchid}${randomBytes(11).toString('hex').replace(/[a-f]/g, '0')}`,
    publicKey: publicPem(publicKey),
    publicKeyPrivateKey: pem(publicKey, 'pkcs8'),
    verifyMode: choices.verifyMode ?? 'public_key',
    feeBasisPoints: choices.feeBasisPoints ?? 60,
  };
}
