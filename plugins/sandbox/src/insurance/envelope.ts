import { createCipheriv, createDecipheriv } from 'node:crypto';
import { sm2 } from 'sm-crypto-v2';
import type { InsuranceCredentials } from './credentials';

export type Business = Record<string, unknown>;

function key16(own: InsuranceCredentials): Buffer {
  const cipher = createCipheriv('sm4-ecb', own.appId.slice(0, 16), null);
  const hex = Buffer.concat([cipher.update(own.appSecret), cipher.final()]).toString('hex');
  return Buffer.from(hex.toUpperCase().slice(0, 16));
}

const ordered = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(ordered);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([one], [other]) => (one < other ? -1 : 1))
      .map(([name, inner]) => [name, ordered(inner)]),
  );
};

/** This centre writes every amount as text, so that no number has to be printed twice alike. */
function signable(fields: Business, own: InsuranceCredentials): string {
  const parts: string[] = [];
  for (const name of Object.keys(fields).sort()) {
    if (name === 'signData' || name === 'encData' || name === 'extra') continue;
    const value = fields[name];
    if (value === undefined || value === null || value === '') continue;
    const shown = typeof value === 'object' ? JSON.stringify(ordered(value)) : String(value);
    if (shown !== '{}') parts.push(`${name}=${shown}`);
  }
  parts.push(`key=${own.appSecret}`);
  return parts.join('&');
}

/** A request's business object, or null when it is not this application's, or altered. */
export function unsealed(envelope: Business, own: InsuranceCredentials): Business | null {
  const { encData, signData } = envelope;
  if (envelope.encType !== 'SM4' || envelope.signType !== 'SM2' || envelope.version !== '2.0.1') return null;
  if (typeof encData !== 'string' || typeof signData !== 'string') return null;
  try {
    const decipher = createDecipheriv('sm4-ecb', key16(own), null);
    const plain = Buffer.concat([decipher.update(encData, 'hex'), decipher.final()]).toString('utf8');
    const data: unknown = JSON.parse(plain);
    if (typeof data !== 'object' || data === null) return null;
    const text = signable({ ...envelope, data }, own);
    const signature = Buffer.from(signData, 'base64').toString('hex');
    const isTheirs = sm2.doVerifySignature(text, signature, own.publicKey, {
      hash: true,
      userId: own.appSecret,
    });
    return isTheirs ? { ...data } : null;
  } catch {
    return null;
  }
}

/** What the centre says: an answer with `code` and `message`, or a notification without. */
export function sealedBy(
  own: InsuranceCredentials,
  head: Business,
  data: Business,
  at: number,
  corrupt = false,
): string {
  const fields = {
    appId: own.appId,
    encType: 'SM4',
    signType: 'SM2',
    version: '2.0.1',
    timestamp: `${at}`,
    ...head,
  };
  const cipher = createCipheriv('sm4-ecb', key16(own), null);
  const encData = Buffer.concat([cipher.update(JSON.stringify(data)), cipher.final()]);
  const text = signable({ ...fields, data }, own);
  const signature = sm2.doSignature(corrupt ? `${text} ` : text, own.centrePrivateKey, {
    hash: true,
    userId: own.appSecret,
  });
  return JSON.stringify({
    ...fields,
    encData: encData.toString('hex').toUpperCase(),
    signData: Buffer.from(signature, 'hex').toString('base64'),
  });
}
