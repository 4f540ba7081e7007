import {
  createHash,
  createHmac,
  type KeyObject,
  randomBytes,
  sign,
  timingSafeEqual,
  verify,
} from 'node:crypto';
import type { SignTypeV2 } from './config';

/** WeChat and we may disagree on the time by this much; older answers may be replays. */
export const allowedSkewSeconds = 300;

export const randomNonce = () => randomBytes(16).toString('hex');

const lines = (...parts: string[]) => `${parts.join('\n')}\n`;

export const requestMessage = (
  method: string,
  path: string,
  timestamp: string,
  nonce: string,
  body: string,
) => lines(method, path, timestamp, nonce, body);

export const answerMessage = (timestamp: string, nonce: string, body: string) =>
  lines(timestamp, nonce, body);

export const rsaSign = (key: KeyObject, message: string) =>
  sign('sha256', Buffer.from(message, 'utf8'), key).toString('base64');

export interface MerchantIdentity {
  mchid: string;
  merchantSerial: string;
  privateKey: KeyObject;
}

/** `path` begins with a slash and carries the query, exactly as it goes over the wire. */
export function authorizationHeader(
  merchant: MerchantIdentity,
  request: { method: string; path: string; body: string; now: Date; nonce: string },
): string {
  const timestamp = String(Math.floor(request.now.getTime() / 1000));
  const message = requestMessage(request.method, request.path, timestamp, request.nonce, request.body);
  const signature = rsaSign(merchant.privateKey, message);
  return (
    `WECHATPAY2-SHA256-RSA2048 mchid="${merchant.mchid}",nonce_str="${request.nonce}",` +
    `signature="${signature}",timestamp="${timestamp}",serial_no="${merchant.merchantSerial}"`
  );
}

/** Serials are compared in lower case: certificates print them in either case. Key ids are taken as they are. */
export const canonicalSerial = (serial: string) =>
  serial.startsWith('PUB_KEY_ID_') ? serial : serial.toLowerCase();

export interface SignedText {
  timestamp: string;
  nonce: string;
  signature: string;
  serial: string;
  body: string;
}

export type Refusal = 'HEADERS_MISSING' | 'SIGNTEST' | 'STALE_TIMESTAMP' | 'UNKNOWN_SERIAL' | 'BAD_SIGNATURE';

export function readSignatureHeaders(headers: Record<string, string>, body: string): SignedText | undefined {
  const timestamp = headers['wechatpay-timestamp'];
  const nonce = headers['wechatpay-nonce'];
  const signature = headers['wechatpay-signature'];
  const serial = headers['wechatpay-serial'];
  if (!timestamp || !nonce || !signature || !serial) return undefined;
  return { timestamp, nonce, signature, serial, body };
}

/** What can be refused before any key is looked up, so that forgeries cost us nothing. */
export function checkEnvelope(text: SignedText, now: Date): Refusal | undefined {
  if (text.signature.startsWith('WECHATPAY/SIGNTEST/')) return 'SIGNTEST';
  if (!/^\d{1,12}$/.test(text.timestamp)) return 'STALE_TIMESTAMP';
  const skew = Math.abs(now.getTime() / 1000 - Number(text.timestamp));
  return skew > allowedSkewSeconds ? 'STALE_TIMESTAMP' : undefined;
}

export function signatureMatches(text: SignedText, key: KeyObject): boolean {
  const message = Buffer.from(answerMessage(text.timestamp, text.nonce, text.body), 'utf8');
  return verify('sha256', message, key, Buffer.from(text.signature, 'base64'));
}

export const jsapiMessage = (appid: string, timestamp: string, nonce: string, prepayId: string) =>
  lines(appid, timestamp, nonce, `prepay_id=${prepayId}`);

export const appMessage = (appid: string, timestamp: string, nonce: string, prepayId: string) =>
  lines(appid, timestamp, nonce, prepayId);

interface Invocation {
  appid: string;
  mchid: string;
  privateKey: KeyObject;
  prepayId: string;
  now: Date;
  nonce: string;
}

/** What `wx.requestPayment` takes in a mini program or an official account. */
export function jsapiParameters(invocation: Invocation): Record<string, string> {
  const { appid, privateKey, prepayId, now, nonce } = invocation;
  const timeStamp = String(Math.floor(now.getTime() / 1000));
  return {
    appId: appid,
    timeStamp,
    nonceStr: nonce,
    package: `prepay_id=${prepayId}`,
    signType: 'RSA',
    paySign: rsaSign(privateKey, jsapiMessage(appid, timeStamp, nonce, prepayId)),
  };
}

/** What the WeChat SDK takes inside an app. */
export function appParameters(invocation: Invocation): Record<string, string> {
  const { appid, mchid, privateKey, prepayId, now, nonce } = invocation;
  const timestamp = String(Math.floor(now.getTime() / 1000));
  return {
    appid,
    partnerid: mchid,
    prepayid: prepayId,
    package: 'Sign=WXPay',
    noncestr: nonce,
    timestamp,
    sign: rsaSign(privateKey, appMessage(appid, timestamp, nonce, prepayId)),
  };
}

/** v2: non-empty parameters except the signature itself, sorted by name, then the key. */
export function signV2(parameters: Record<string, string>, key: string, type: SignTypeV2): string {
  const text = Object.keys(parameters)
    .filter((name) => name !== 'sign' && parameters[name] !== '')
    .sort()
    .map((name) => `${name}=${parameters[name]}&`)
    .join('');
  const message = `${text}key=${key}`;
  const digest =
    type === 'MD5'
      ? createHash('md5').update(message, 'utf8').digest('hex')
      : createHmac('sha256', key).update(message, 'utf8').digest('hex');
  return digest.toUpperCase();
}

export function verifyV2(parameters: Record<string, string>, key: string, type: SignTypeV2): boolean {
  const expected = Buffer.from(signV2(parameters, key, type));
  const given = Buffer.from(parameters.sign ?? '');
  return expected.length === given.length && timingSafeEqual(expected, given);
}
