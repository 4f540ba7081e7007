import {
  constants,
  createPrivateKey,
  createPublicKey,
  type KeyObject,
  verify as verifySignature,
  X509Certificate,
} from 'node:crypto';
import { AlipaySdk } from 'alipay-sdk';
import type { AlipayConfig } from './config';
import { alipayError } from './errors';

const body = (text: string): string => text.replace(/-----[^-]+-----/g, '').replace(/\s+/g, '');

/**
 * Reads a private key however it was pasted: PEM or bare base64, PKCS#8 or PKCS#1. `keyType` is only what to try
 * first: people mix the two up, and the bytes tell.
 */
export function readPrivateKey(text: string, keyType: 'PKCS8' | 'PKCS1'): KeyObject {
  const der = Buffer.from(body(text), 'base64');
  const types = keyType === 'PKCS8' ? (['pkcs8', 'pkcs1'] as const) : (['pkcs1', 'pkcs8'] as const);
  let cause: unknown;
  for (const type of types) {
    try {
      const key = createPrivateKey({ key: der, format: 'der', type });
      if (key.asymmetricKeyType !== 'rsa' || (key.asymmetricKeyDetails?.modulusLength ?? 0) < 2048) {
        throw alipayError('ALIPAY_PRIVATE_KEY_WEAK');
      }
      return key;
    } catch (error) {
      if (error instanceof Error && error.name === 'PlatformError') throw error;
      cause = error;
    }
  }
  throw alipayError('ALIPAY_PRIVATE_KEY_UNREADABLE', { field: 'privateKey' }, { cause });
}

function readPublicKey(text: string): KeyObject {
  try {
    const key = createPublicKey({ key: Buffer.from(body(text), 'base64'), format: 'der', type: 'spki' });
    if (key.asymmetricKeyType === 'rsa') return key;
  } catch (cause) {
    throw alipayError('ALIPAY_PUBLIC_KEY_UNREADABLE', { field: 'alipayPublicKey' }, { cause });
  }
  throw alipayError('ALIPAY_PUBLIC_KEY_UNREADABLE', { field: 'alipayPublicKey' });
}

function readCertificate(text: string, field: string): X509Certificate {
  try {
    return new X509Certificate(text);
  } catch (cause) {
    throw alipayError('ALIPAY_CERT_UNREADABLE', { field }, { cause });
  }
}

const spki = (key: KeyObject): string => key.export({ format: 'der', type: 'spki' }).toString('base64');

export interface Signer {
  /** Every parameter of a call, signed. */
  parameters(method: string, publicParameters: Record<string, string>, bizContent: object): URLSearchParams;
  /** A page's signed address. */
  pageUrl(method: string, publicParameters: Record<string, string>, bizContent: object): string;
  /** The order text that Alipay's mobile SDK takes. */
  orderString(method: string, publicParameters: Record<string, string>, bizContent: object): string;
  /** RSA2 with Alipay's key. */
  verifies(content: string, signature: string): boolean;
  /** A notification's form, values as decoded once. */
  notificationVerifies(form: Record<string, string>): boolean;
  /** Certificate mode: serial number of the certificate we hold for Alipay. */
  alipayCertSn: string | undefined;
}

/**
 * Everything that is signed or verified with this account's keys. Signing is the SDK's; replies are verified here
 * against their raw bytes, because the SDK neither hands these out nor survives a reply without a signature.
 * @throws PlatformError telling which key or certificate cannot work.
 */
export function createSigner(config: AlipayConfig): Signer {
  const privateKey = readPrivateKey(config.privateKey, config.keyType);
  const own = spki(createPublicKey(privateKey));
  const alipayKey =
    config.mode === 'key'
      ? readPublicKey(config.alipayPublicKey)
      : readCertificate(config.alipayPublicCert, 'alipayPublicCert').publicKey;
  if (spki(alipayKey) === own) throw alipayError('ALIPAY_PUBLIC_KEY_IS_OWN');
  if (config.mode === 'cert') {
    if (spki(readCertificate(config.appCert, 'appCert').publicKey) !== own)
      throw alipayError('ALIPAY_CERT_NOT_OURS');
  }
  const sdk = openSdk(config, privateKey, alipayKey);

  const signed = (method: string, publicParameters: Record<string, string>, bizContent: object): string =>
    // Camel-casing back and forth would rename keys such as `a1_b`; ours are written as the wire wants them.
    sdk.sdkExecute(
      method,
      { ...withoutEmpty(publicParameters), bizContent: withoutEmpty(bizContent) },
      { bizContentAutoSnakeCase: false },
    );

  return {
    parameters: (...call) => new URLSearchParams(signed(...call)),
    orderString: signed,
    pageUrl: (method, publicParameters, bizContent) =>
      sdk.pageExecute(method, 'GET', {
        ...withoutEmpty(publicParameters),
        bizContent: withoutEmpty(bizContent),
      }),
    verifies: (content, signature) =>
      verifySignature(
        'RSA-SHA256',
        Buffer.from(content, 'utf8'),
        { key: alipayKey, padding: constants.RSA_PKCS1_PADDING },
        Buffer.from(signature, 'base64'),
      ),
    notificationVerifies: (form) =>
      sdk.checkNotifySignV2({ ...form }) || sdk.checkNotifySignV2({ ...withoutEmpty(form) }),
    alipayCertSn: config.mode === 'cert' ? sdk.config.alipayCertSn : undefined,
  };
}

function openSdk(config: AlipayConfig, privateKey: KeyObject, alipayKey: KeyObject): AlipaySdk {
  const shared = {
    appId: config.appId,
    gateway: config.gateway,
    keyType: 'PKCS8' as const,
    privateKey: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
    camelcase: false,
  };
  if (config.mode === 'key') return new AlipaySdk({ ...shared, alipayPublicKey: spki(alipayKey) });
  let cause: unknown;
  try {
    const sdk = new AlipaySdk({
      ...shared,
      appCertContent: config.appCert,
      alipayPublicCertContent: config.alipayPublicCert,
      alipayRootCertContent: config.alipayRootCert,
    });
    // Without an RSA root the SDK would leave both certificate parameters out of every call.
    if (sdk.config.alipayRootCertSn) return sdk;
  } catch (error) {
    cause = error;
  }
  throw alipayError('ALIPAY_CERT_UNREADABLE', { field: 'alipayRootCert' }, { cause });
}

/** The gateway drops empty values before it verifies; one that was sent and signed breaks the signature. */
const withoutEmpty = (values: object): Record<string, unknown> =>
  Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined && value !== ''));

/** A reply taken apart without touching the signed bytes. */
export interface TakenApart {
  /** The inner object exactly as sent: this is what was signed. */
  content: string;
  signature: string | undefined;
  certSn: string | undefined;
}

/**
 * Finds the raw text of the members of a JSON object. Parsing and printing again would not give the signed bytes back
 * (`\/` escapes, key order, spaces), and searching for `"sign"` finds it inside a subject, too.
 * @returns `undefined` when the text is no JSON object, or names a member twice.
 */
export function rawMembers(text: string): Map<string, string> | undefined {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) return undefined;
  } catch {
    return undefined;
  }
  // The text is valid JSON from here on, so only strings and depth have to be followed.
  const members = new Map<string, string>();
  let at = text.indexOf('{') + 1;
  for (;;) {
    while (/[\s,]/.test(text.charAt(at))) at++;
    if (text.charAt(at) !== '"') return members;
    const keyEnd = stringEnd(text, at);
    const key: unknown = JSON.parse(text.slice(at, keyEnd));
    at = text.indexOf(':', keyEnd) + 1;
    while (/\s/.test(text.charAt(at))) at++;
    const end = valueEnd(text, at);
    if (typeof key !== 'string' || members.has(key)) return undefined;
    members.set(key, text.slice(at, end));
    at = end;
  }
}

function stringEnd(text: string, start: number): number {
  let at = start + 1;
  while (text.charAt(at) !== '"') at += text.charAt(at) === '\\' ? 2 : 1;
  return at + 1;
}

function valueEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text.charAt(at);
    if (character === '"') {
      at = stringEnd(text, at) - 1;
      if (depth === 0) return at + 1;
    } else if (character === '{' || character === '[') depth++;
    else if (character === '}' || character === ']') {
      if (depth === 0) return at;
      depth--;
      if (depth === 0) return at + 1;
    } else if (depth === 0 && /[,\s]/.test(character)) return at;
  }
  return text.length;
}

/** @returns `undefined` when this is no reply to `method`. */
export function takeApart(text: string, method: string): TakenApart | undefined {
  const members = rawMembers(text);
  const content = members?.get(`${method.replaceAll('.', '_')}_response`) ?? members?.get('error_response');
  if (members === undefined || !content?.startsWith('{')) return undefined;
  return { content, signature: textOf(members.get('sign')), certSn: textOf(members.get('alipay_cert_sn')) };
}

function textOf(raw: string | undefined): string | undefined {
  if (!raw?.startsWith('"')) return undefined;
  const value: unknown = JSON.parse(raw);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
