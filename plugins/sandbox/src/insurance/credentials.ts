import { randomBytes } from 'node:crypto';
import { sm2 } from 'sm-crypto-v2';
import { z } from 'zod';

export const insuranceCredentials = z.object({
  appId: z.string(),
  appSecret: z.string(),
  orgCodg: z.string(),
  /** SM2 in hexadecimal digits; the centre holds the hospital's public half. */
  privateKey: z.string(),
  publicKey: z.string(),
  centrePrivateKey: z.string(),
  centrePublicKey: z.string(),
});

export type InsuranceCredentials = z.infer<typeof insuranceCredentials>;

export interface InsuranceChannelConfig {
  gateway: string;
  appId: string;
  appSecret: string;
  privateKey: string;
  centrePublicKey: string;
  orgCodg: string;
}

const base64 = (hex: string) => Buffer.from(hex, 'hex').toString('base64');

export const insuranceConfig = (
  own: InsuranceCredentials,
  url: string,
  choices: Partial<InsuranceChannelConfig>,
): InsuranceChannelConfig => ({
  gateway: url,
  appId: own.appId,
  appSecret: own.appSecret,
  privateKey: base64(own.privateKey),
  centrePublicKey: base64(own.centrePublicKey),
  orgCodg: own.orgCodg,
  ...choices,
});

const upperHex = () => randomBytes(16).toString('hex').toUpperCase();

/** Fresh keys for one institution. */
export function generateInsurance(choices: Partial<InsuranceCredentials>): InsuranceCredentials {
  const [hospital, centre] = [sm2.generateKeyPairHex(), sm2.generateKeyPairHex()];
  return {
    appId: choices.appId ?? upperHex(),
    appSecret: choices.appSecret ?? upperHex(),
    orgCodg: choices.orgCodg ?? 'H44030000001',
    privateKey: hospital.privateKey,
    publicKey: hospital.publicKey,
    centrePrivateKey: centre.privateKey,
    centrePublicKey: centre.publicKey,
  };
}
