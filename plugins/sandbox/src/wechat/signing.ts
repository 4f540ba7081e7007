import { createCipheriv, createHash, createHmac, createSign, createVerify, randomBytes } from 'node:crypto';
import { privateKey, publicKey } from '../keys';

export interface V3Authorization {
  mchid: string;
  nonce: string;
  timestamp: string;
  serial: string;
  signature: string;
}

/** `WECHATPAY2-SHA256-RSA2048 mchid="…",nonce_str="…",…` in any order. */
export function parseAuthorization(header: string): V3Authorization | null {
  const match = /^WECHATPAY2-SHA256-RSA2048 (.+)$/.exec(header);
  if (match === null) return null;
  const fields = new Map<string, string>();
  for (const part of (match[1] ?? '').matchAll(/(\w+)="([^"]*)"/g)) fields.set(part[1] ?? '', part[2] ?? '');
  const [mchid, nonce, timestamp, serial, signature] = [
    'mchid',
    'nonce_str',
    'timestamp',
    'serial_no',
    'signature',
  ].map((name) => fields.get(name) ?? '');
  if (!mchid || !nonce || !timestamp || !serial || !signature) return null;
  return { mchid, nonce, timestamp, serial, signature };
}

export function requestText(
  method: string,
  url: string,
  timestamp: string,
  nonce: string,
  body: string,
): string {
  return `${method}\n${url}\n${timestamp}\n${nonce}\n${body}\n`;
}

export function replyText(timestamp: string, nonce: string, body: string): string {
  return `${timestamp}\n${nonce}\n${body}\n`;
}

export function verifySha256(text: string, signature: string, key: string): boolean {
  return createVerify('RSA-SHA256').update(text, 'utf8').verify(publicKey(key), signature, 'base64');
}

export function signSha256(text: string, key: string): string {
  return createSign('RSA-SHA256').update(text, 'utf8').sign(privateKey(key), 'base64');
}

export interface EncryptedResource {
  algorithm: 'AEAD_AES_256_GCM';
  nonce: string;
  associated_data: string;
  ciphertext: string;
}

export function encryptResource(
  apiV3Key: string,
  plaintext: string,
  associatedData: string,
  nonce = randomBytes(6).toString('hex'),
): EncryptedResource {
  const cipher = createCipheriv('aes-256-gcm', Buffer.from(apiV3Key, 'utf8'), Buffer.from(nonce, 'utf8'));
  cipher.setAAD(Buffer.from(associatedData, 'utf8'));
  const sealed = Buffer.concat([cipher.update(plaintext, 'utf8'), cipher.final(), cipher.getAuthTag()]);
  return {
    algorithm: 'AEAD_AES_256_GCM',
    nonce,
    associated_data: associatedData,
    ciphertext: sealed.toString('base64'),
  };
}

export type V2SignType = 'MD5' | 'HMAC-SHA256';

export function signV2(params: Record<string, string>, apiV2Key: string, type: V2SignType): string {
  const text = Object.keys(params)
    .filter((key) => key !== 'sign' && params[key] !== '')
    .sort()
    .map((key) => `${key}=${params[key]}`)
    .concat(`key=${apiV2Key}`)
    .join('&');
  const hash = type === 'MD5' ? createHash('md5') : createHmac('sha256', apiV2Key);
  return hash.update(text, 'utf8').digest('hex').toUpperCase();
}
