import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

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
