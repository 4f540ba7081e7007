import { createCipheriv, createDecipheriv } from 'node:crypto';
import { sm2 } from 'sm-crypto-v2';
import { Digits, isRecord, readJson, sortedJson } from './json';

/** Who seals and whose seal is expected. SM2 keys as sm-crypto-v2 wants them, in hexadecimal digits. */
export interface Seal {
  appId: string;
  appSecret: string;
  /** 64 digits. */
  privateKey: string;
  /** The centre's, uncompressed: 04, x, y. */
  centrePublicKey: string;
}

function sm4(text: string | Buffer, key: string): string {
  const cipher = createCipheriv('sm4-ecb', Buffer.from(key, 'utf8'), null);
  return Buffer.concat([cipher.update(text), cipher.final()])
    .toString('hex')
    .toUpperCase();
}

/** The key that bodies are encrypted with follows from the application's number and secret. */
export const bodyKey = (appId: string, appSecret: string): string =>
  sm4(appSecret, appId.slice(0, 16)).slice(0, 16);

export const encrypt = (text: string, key: string): string => sm4(text, key);

/** @throws Error when the text was not encrypted with this key. */
export function decrypt(hex: string, key: string): string {
  const decipher = createDecipheriv('sm4-ecb', Buffer.from(key, 'utf8'), null);
  return Buffer.concat([decipher.update(Buffer.from(hex, 'hex')), decipher.final()]).toString('utf8');
}

const unsigned = new Set(['signData', 'encData', 'extra']);

/** `k=v&…&key=secret`: sorted, nothing empty, objects as JSON with sorted keys; `data` is the business object. */
export function textToSign(fields: Record<string, unknown>, appSecret: string): string {
  const shown = (value: unknown) =>
    isRecord(value) || Array.isArray(value)
      ? sortedJson(value)
      : value instanceof Digits
        ? value.text
        : String(value);
  const pairs = Object.keys(fields)
    .filter((name) => !unsigned.has(name) && !isEmpty(fields[name]))
    .sort()
    .map((name) => `${name}=${shown(fields[name])}`);
  return [...pairs, `key=${appSecret}`].join('&');
}

const isEmpty = (value: unknown): boolean =>
  value === undefined ||
  value === null ||
  value === '' ||
  (isRecord(value) && Object.keys(value).length === 0);

/** SM2 over SM3 of the text, the application's secret as user id; base64 of r and s. */
export const signText = (text: string, privateKey: string, userId: string): string =>
  Buffer.from(sm2.doSignature(text, privateKey, { hash: true, userId }), 'hex').toString('base64');

export function textVerifies(text: string, signature: string, publicKey: string, userId: string): boolean {
  const raw = Buffer.from(signature, 'base64');
  return (
    raw.length === 64 && sm2.doVerifySignature(text, raw.toString('hex'), publicKey, { hash: true, userId })
  );
}

/** The body of a request. */
export function sealed(business: Record<string, unknown>, seal: Seal, now: Date): string {
  const head = {
    appId: seal.appId,
    encType: 'SM4',
    signType: 'SM2',
    version: '2.0.1',
    timestamp: String(now.getTime()),
  };
  const text = textToSign({ ...head, data: business }, seal.appSecret);
  return JSON.stringify({
    ...head,
    encData: encrypt(JSON.stringify(business), bodyKey(seal.appId, seal.appSecret)),
    signData: signText(text, seal.privateKey, seal.appSecret),
  });
}

export type Opened =
  /** `head`: the envelope's own fields; `data`: the business object, empty when none was sent. */
  | { kind: 'genuine'; head: Record<string, unknown>; data: Record<string, unknown> }
  | { kind: 'refused'; code: 'MALFORMED' | 'DECRYPT' | 'BAD_SIGNATURE'; cause: string };

const refused = (code: Extract<Opened, { kind: 'refused' }>['code'], cause: string): Opened => ({
  kind: 'refused',
  code,
  cause,
});

/** What the centre sealed: decrypted, and believed only with its signature. */
export function opened(text: string, seal: Seal): Opened {
  const head = readJson(text);
  if (!isRecord(head) || typeof head.signData !== 'string') {
    return refused('MALFORMED', 'not a signed envelope');
  }
  const { encData } = head;
  let data: unknown = {};
  if (typeof encData === 'string' && encData !== '') {
    try {
      data = readJson(decrypt(encData, bodyKey(seal.appId, seal.appSecret)));
    } catch {
      return refused('DECRYPT', 'the body does not open with this appId and appSecret');
    }
  }
  if (!isRecord(data)) return refused('MALFORMED', 'the body is no object');
  const signed = textToSign({ ...head, data }, seal.appSecret);
  return textVerifies(signed, head.signData, seal.centrePublicKey, seal.appSecret)
    ? { kind: 'genuine', head, data }
    : refused('BAD_SIGNATURE', 'the envelope does not verify with the configured key of the centre');
}
