import { createPublicKey, generateKeyPairSync, randomBytes } from 'node:crypto';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { pem } from '../keys';

export const ccbCredentials = z.object({
  merchantId: z.string(),
  posId: z.string(),
  branchId: z.string(),
  /** The counter's pair: the bank signs with the private half; the public one, in hex, is all the merchant gets. */
  privateKey: z.string(),
  publicKey: z.string(),
  queryPassword: z.string(),
  ebsUser: z.string(),
  ebsPassword: z.string(),
  /** Where the merchant's EBS program puts what it downloads. */
  ebsFolder: z.string(),
});

export type CcbCredentials = z.infer<typeof ccbCredentials>;

export interface CcbChannelConfig {
  merchantId: string;
  posId: string;
  branchId: string;
  publicKey: string;
  barcodeSign: boolean;
  queryPassword: string;
  ebsAddress: string;
  ebsUser: string;
  ebsPassword: string;
  ebsFolder: string;
  ebsNoRecords: string;
  gateway: string;
}

/** Chosen: the bank's own code for a query that finds nothing is not published. */
export const NO_RECORDS = '0130Z110C107';

export const ccbConfig = (
  own: CcbCredentials,
  url: string,
  choices: Partial<CcbChannelConfig>,
): CcbChannelConfig => ({
  merchantId: own.merchantId,
  posId: own.posId,
  branchId: own.branchId,
  publicKey: own.publicKey,
  barcodeSign: true,
  queryPassword: own.queryPassword,
  ebsAddress: `${url}/ebs`,
  ebsUser: own.ebsUser,
  ebsPassword: own.ebsPassword,
  ebsFolder: own.ebsFolder,
  ebsNoRecords: NO_RECORDS,
  gateway: `${url}/CCBIS`,
  ...choices,
});

/** A fresh key and fresh passwords for one counter. */
export function generateCcb(choices: Partial<CcbCredentials>): CcbCredentials {
  // 1024 bits, as the bank gives them: its own choice, not ours.
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
  const hex = () => randomBytes(8).toString('hex');
  return {
    merchantId: choices.merchantId ?? '105000000000001',
    posId: choices.posId ?? '000000001',
    branchId: choices.branchId ?? '440000000',
    privateKey: pem(privateKey, 'pkcs8'),
    publicKey: createPublicKey(pem(privateKey, 'pkcs8'))
      .export({ type: 'spki', format: 'der' })
      .toString('hex'),
    queryPassword: hex(),
    ebsUser: '001',
    ebsPassword: hex(),
    ebsFolder: choices.ebsFolder ?? join(tmpdir(), `ccb-ebs-${hex()}`),
  };
}
