import {
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  randomBytes,
  X509Certificate,
} from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { type DistinguishedName, issueCertificate } from './certificate';

const alipayCredentials = z.object({
  appId: z.string(),
  sellerId: z.string(),
  sellerEmail: z.string(),
  /** The merchant's own key, in both encodings that merchants meet. */
  privateKeyPkcs8: z.string(),
  privateKeyPkcs1: z.string(),
  appPublicKey: z.string(),
  /** Alipay's key: the private half never leaves the sandbox. */
  alipayPrivateKey: z.string(),
  alipayPublicKey: z.string(),
  appCert: z.string(),
  alipayPublicCert: z.string(),
  alipayRootCert: z.string(),
  /** Service fee in hundredths of a percent. */
  feeBasisPoints: z.number().int().nonnegative(),
});

const wechatCredentials = z.object({
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

const sandboxCredentials = z.object({
  alipay: alipayCredentials,
  wechat: wechatCredentials,
  his: z.object({ secret: z.string() }),
});

export type AlipayCredentials = z.infer<typeof alipayCredentials>;
export type WechatCredentials = z.infer<typeof wechatCredentials>;
export type SandboxCredentials = z.infer<typeof sandboxCredentials>;

export interface CredentialChoices {
  appId?: string;
  sellerId?: string;
  mchid?: string;
  appid?: string;
  wechatVerifyMode?: 'certificate' | 'public_key';
  feeBasisPoints?: number;
  hisSecret?: string;
}

const YEARS_10 = 3_650 * 86_400_000;
const ANT_ROOT: DistinguishedName = [
  ['C', 'CN'],
  ['O', 'Ant Financial Sandbox'],
  ['OU', 'Certification Authority'],
  ['CN', 'Sandbox Ant Root Certification Authority R1'],
];
const ANT_CLASS_1: DistinguishedName = [
  ['C', 'CN'],
  ['O', 'Ant Financial Sandbox'],
  ['OU', 'Certification Authority'],
  ['CN', 'Sandbox Ant Class 1 R1'],
];
const ANT_ROOT_EC: DistinguishedName = [
  ['C', 'CN'],
  ['O', 'Ant Financial Sandbox'],
  ['CN', 'Sandbox Ant Root Certification Authority E1'],
];
const TENPAY_ROOT: DistinguishedName = [
  ['C', 'CN'],
  ['O', 'Tenpay Sandbox'],
  ['OU', 'Tenpay Sandbox CA Center'],
  ['CN', 'Tenpay Sandbox Root CA'],
];

/** Fresh keys and certificates for one merchant on each gateway. */
export function generateCredentials(choices: CredentialChoices = {}): SandboxCredentials {
  const feeBasisPoints = choices.feeBasisPoints ?? 60;
  return {
    alipay: generateAlipay(choices, feeBasisPoints),
    wechat: generateWechat(choices, feeBasisPoints),
    his: { secret: choices.hisSecret ?? randomBytes(24).toString('hex') },
  };
}

/** The demo hospital's credentials: made once, then read from the folder, so that a restart keeps them valid. */
export function demoCredentials(folder: string, choices: CredentialChoices = {}): SandboxCredentials {
  const file = join(folder, 'credentials.json');
  if (existsSync(file)) return sandboxCredentials.parse(JSON.parse(readFileSync(file, 'utf8')));
  const credentials = generateCredentials(choices);
  mkdirSync(folder, { recursive: true });
  const draft = `${file}.${process.pid}`;
  writeFileSync(draft, JSON.stringify(credentials, null, 2), { mode: 0o600 });
  renameSync(draft, file);
  return credentials;
}

export interface AlipayChannelConfig {
  gateway: string;
  appId: string;
  mode: 'key' | 'cert';
  privateKey: string;
  keyType: 'PKCS8' | 'PKCS1';
  alipayPublicKey: string;
  appCert: string;
  alipayPublicCert: string;
  alipayRootCert: string;
  sellerId: string;
  signType: 'RSA2';
  nativeProduct: 'QR_CODE_OFFLINE' | 'FACE_TO_FACE_PAYMENT';
}

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
}

export interface ChannelConfigChoices {
  alipay?: Partial<AlipayChannelConfig>;
  wechat?: Partial<WechatChannelConfig>;
}

/** What a channel account needs to be configured with in order to talk to this sandbox. */
export function channelConfigs(
  credentials: SandboxCredentials,
  baseUrl: string,
  choices: ChannelConfigChoices = {},
): { alipay: AlipayChannelConfig; wechat: WechatChannelConfig } {
  const { alipay, wechat } = credentials;
  const keyType = choices.alipay?.keyType ?? 'PKCS8';
  return {
    alipay: {
      gateway: `${baseUrl}/alipay/gateway.do`,
      appId: alipay.appId,
      mode: 'key',
      privateKey: keyType === 'PKCS8' ? alipay.privateKeyPkcs8 : alipay.privateKeyPkcs1,
      keyType,
      alipayPublicKey: alipay.alipayPublicKey,
      appCert: alipay.appCert,
      alipayPublicCert: alipay.alipayPublicCert,
      alipayRootCert: alipay.alipayRootCert,
      sellerId: alipay.sellerId,
      signType: 'RSA2',
      nativeProduct: 'QR_CODE_OFFLINE',
      ...choices.alipay,
    },
    wechat: {
      baseUrl: `${baseUrl}/wechat`,
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
      ...choices.wechat,
    },
  };
}

function generateAlipay(choices: CredentialChoices, feeBasisPoints: number): AlipayCredentials {
  const app = rsaKey();
  const alipay = rsaKey();
  const root = rsaKey();
  const intermediate = rsaKey();
  const rootEc = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const sellerId = choices.sellerId ?? '2088102176283101';
  const appId = choices.appId ?? '2021000122600101';
  const validity = validityFromNow();
  // The real bundle also holds certificates of another algorithm, which the SN calculation must leave out.
  const alipayRootCert = [
    issueCertificate({
      subject: ANT_ROOT_EC,
      issuer: ANT_ROOT_EC,
      key: rootEc,
      signer: rootEc,
      authority: true,
      ...validity,
    }),
    issueCertificate({
      subject: ANT_ROOT,
      issuer: ANT_ROOT,
      key: root,
      signer: root,
      authority: true,
      ...validity,
    }),
    issueCertificate({
      subject: ANT_CLASS_1,
      issuer: ANT_ROOT,
      key: intermediate,
      signer: root,
      authority: true,
      ...validity,
    }),
  ].join('');
  const issued = (subject: DistinguishedName, key: KeyObject) =>
    issueCertificate({
      subject,
      issuer: ANT_CLASS_1,
      key,
      signer: intermediate,
      authority: false,
      ...validity,
    });
  return {
    appId,
    sellerId,
    sellerEmail: 'pay@hospital.example',
    privateKeyPkcs8: pem(app, 'pkcs8'),
    privateKeyPkcs1: pem(app, 'pkcs1'),
    appPublicKey: publicPem(app),
    alipayPrivateKey: pem(alipay, 'pkcs8'),
    alipayPublicKey: publicPem(alipay),
    appCert: issued(
      [
        ['C', 'CN'],
        ['O', 'Demo Hospital'],
        ['OU', 'Alipay'],
        ['CN', `${sellerId}-${appId}`],
      ],
      app,
    ),
    alipayPublicCert: issued(
      [
        ['C', 'CN'],
        ['O', 'Alipay Sandbox'],
        ['OU', 'Alipay'],
        ['CN', sellerId],
      ],
      alipay,
    ),
    alipayRootCert,
    feeBasisPoints,
  };
}

function generateWechat(choices: CredentialChoices, feeBasisPoints: number): WechatCredentials {
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
    verifyMode: choices.wechatVerifyMode ?? 'public_key',
    feeBasisPoints,
  };
}

function validityFromNow(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 86_400_000), notAfter: new Date(now + YEARS_10) };
}

function rsaKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

function pem(key: KeyObject, type: 'pkcs8' | 'pkcs1'): string {
  return key.export({ type, format: 'pem' }).toString();
}

function publicPem(key: KeyObject): string {
  return createPublicKey(pem(key, 'pkcs8')).export({ type: 'spki', format: 'pem' }).toString();
}
