import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto';
import type { Vault } from './types';

const version = 'v1:';
const ivLength = 12;
const tagLength = 16;

/** AES-256-GCM; the context is authenticated, so a sealed text cannot be moved to another account or field. */
export function createVault(key: Buffer): Vault {
  if (key.length !== 32) throw new Error('the secrets key must have 32 bytes');
  return {
    seal(text, context) {
      const iv = randomBytes(ivLength);
      const cipher = createCipheriv('aes-256-gcm', key, iv).setAAD(Buffer.from(context));
      const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final()]);
      return version + Buffer.concat([iv, cipher.getAuthTag(), sealed]).toString('base64');
    },
    open(sealed, context) {
      if (!sealed.startsWith(version)) throw new Error('a sealed text of an unknown version');
      const bytes = Buffer.from(sealed.slice(version.length), 'base64');
      const tag = bytes.subarray(ivLength, ivLength + tagLength);
      const decipher = createDecipheriv('aes-256-gcm', key, bytes.subarray(0, ivLength), {
        authTagLength: tagLength,
      })
        .setAAD(Buffer.from(context))
        .setAuthTag(tag);
      const opened = Buffer.concat([decipher.update(bytes.subarray(ivLength + tagLength)), decipher.final()]);
      return opened.toString('utf8');
    },
    keyFor: (purpose) => Buffer.from(hkdfSync('sha256', key, '', purpose, 32)),
  };
}

/**
 * Reads SECRETS_KEY (32 bytes as base64 or hex).
 * @throws Error when it is missing in production, or unusable anywhere.
 */
export function keyFrom(environment: {
  SECRETS_KEY?: string | undefined;
  NODE_ENV?: string | undefined;
}): Buffer {
  const text = environment.SECRETS_KEY?.trim();
  if (!text) {
    if (environment.NODE_ENV === 'production') {
      throw new Error(
        '缺少 SECRETS_KEY（32 字节，base64 或 hex） / SECRETS_KEY is missing (32 bytes, base64 or hex)',
      );
    }
    return createHash('sha256').update('hospital-pay development').digest();
  }
  const key = /^[0-9a-f]{64}$/i.test(text) ? Buffer.from(text, 'hex') : Buffer.from(text, 'base64');
  if (key.length !== 32)
    throw new Error('SECRETS_KEY 须为 32 字节 / SECRETS_KEY must be 32 bytes, base64 or hex');
  return key;
}
