import {
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  X509Certificate,
} from 'node:crypto';

/** PEM text is read once: a gateway under load must not spend its time on parsing its own keys. */
const privateKeys = new Map<string, KeyObject>();
const publicKeys = new Map<string, KeyObject>();

export function privateKey(pem: string): KeyObject {
  return remembered(privateKeys, pem, createPrivateKey);
}

/** From a public key or from a certificate. */
export function publicKey(pem: string): KeyObject {
  return remembered(publicKeys, pem, (text) =>
    text.includes('BEGIN CERTIFICATE') ? new X509Certificate(text).publicKey : createPublicKey(text),
  );
}

function remembered(keys: Map<string, KeyObject>, pem: string, read: (text: string) => KeyObject): KeyObject {
  const known = keys.get(pem);
  if (known !== undefined) return known;
  const key = read(pem);
  keys.set(pem, key);
  return key;
}

const YEARS_10 = 3_650 * 86_400_000;

/** Ten years from yesterday: what a generated certificate is good for. */
export function validityFromNow(): { notBefore: Date; notAfter: Date } {
  const now = Date.now();
  return { notBefore: new Date(now - 86_400_000), notAfter: new Date(now + YEARS_10) };
}

export function rsaKey(): KeyObject {
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}

export function pem(key: KeyObject, type: 'pkcs8' | 'pkcs1'): string {
  return key.export({ type, format: 'pem' }).toString();
}

export function publicPem(key: KeyObject): string {
  return createPublicKey(pem(key, 'pkcs8')).export({ type: 'spki', format: 'pem' }).toString();
}
