import { generateKeyPairSync, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { type DistinguishedName, issueCertificate } from '../certificate';
import { pem, publicPem, rsaKey, validityFromNow } from '../keys';

export const alipayCredentials = z.object({
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

export type AlipayCredentials = z.infer<typeof alipayCredentials>;

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
/** What a channel account needs to be configured with in order to talk to this merchant's gateway. */
export function alipayConfig(
  alipay: AlipayCredentials,
  url: string,
  choices: Partial<AlipayChannelConfig>,
): AlipayChannelConfig {
  const keyType = choices.keyType ?? 'PKCS8';
  return {
    gateway: `${url}/gateway.do`,
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
    ...choices,
  };
}

/** Fresh keys and certificates for one merchant. */
export function generateAlipay(choices: Partial<AlipayCredentials>): AlipayCredentials {
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
    feeBasisPoints: choices.feeBasisPoints ?? 60,
  };
}
