import { X509Certificate } from 'node:crypto';
import { z } from 'zod';
import { type DistinguishedName, issueCertificate } from '../certificate';
import { pem, rsaKey, validityFromNow } from '../keys';

export const unionpayCredentials = z.object({
  merId: z.string(),
  /** The merchant's own pair; UnionPay knows the certificate by its serial number in decimal digits. */
  certificate: z.string(),
  privateKey: z.string(),
  certId: z.string(),
  /** What UnionPay signs with, and the chain it comes from. */
  platformCertificate: z.string(),
  platformPrivateKey: z.string(),
  middleCertificate: z.string(),
  rootCertificate: z.string(),
  feeBasisPoints: z.number().int().nonnegative(),
});

export type UnionpayCredentials = z.infer<typeof unionpayCredentials>;

export interface UnionpayChannelConfig {
  merId: string;
  certificate: string;
  privateKey: string;
  middleCertificate: string;
  rootCertificate: string;
  termId: string;
  gateway: string;
  fileGateway: string;
}

export const unionpayConfig = (
  own: UnionpayCredentials,
  url: string,
  choices: Partial<UnionpayChannelConfig>,
): UnionpayChannelConfig => ({
  merId: own.merId,
  certificate: own.certificate,
  privateKey: own.privateKey,
  middleCertificate: own.middleCertificate,
  rootCertificate: own.rootCertificate,
  termId: '49000002',
  gateway: `${url}/gateway/api`,
  fileGateway: `${url}/file`,
  ...choices,
});

const ROOT: DistinguishedName = [
  ['C', 'CN'],
  ['O', 'CFCA Sandbox'],
  ['CN', 'CFCA Sandbox CS CA'],
];
const MIDDLE: DistinguishedName = [
  ['C', 'CN'],
  ['O', 'CFCA Sandbox'],
  ['CN', 'CFCA Sandbox OCA1'],
];

/** Fresh keys and certificates for one merchant. */
export function generateUnionpay(choices: Partial<UnionpayCredentials>): UnionpayCredentials {
  const [root, middle, platform, merchant] = [rsaKey(), rsaKey(), rsaKey(), rsaKey()];
  const validity = validityFromNow();
  const merId = choices.merId ?? '777290058110048';
  const authority = (subject: DistinguishedName, key: typeof root) =>
    issueCertificate({ subject, issuer: ROOT, key, signer: root, authority: true, ...validity });
  const issued = (name: string, key: typeof root) =>
    issueCertificate({
      subject: [
        ['C', 'CN'],
        ['O', 'CFCA Sandbox OCA1'],
        ['CN', name],
      ],
      issuer: MIDDLE,
      key,
      signer: middle,
      authority: false,
      ...validity,
    });
  const certificate = issued(`041@Z2016@示范医院@${merId}`, merchant);
  return {
    merId,
    certificate,
    privateKey: pem(merchant, 'pkcs8'),
    certId: BigInt(`0x${new X509Certificate(certificate).serialNumber}`).toString(10),
    platformCertificate: issued('041@8310000000083040@中国银联股份有限公司@00016493', platform),
    platformPrivateKey: pem(platform, 'pkcs8'),
    middleCertificate: authority(MIDDLE, middle),
    rootCertificate: authority(ROOT, root),
    feeBasisPoints: choices.feeBasisPoints ?? 60,
  };
}
