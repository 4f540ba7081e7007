import { createHash, createHmac } from 'node:crypto';

export interface Signed {
  apiKey: string;
  secret: string;
  method: 'GET' | 'POST' | 'DELETE';
  /** Path without its query. */
  path: string;
  nonce: string;
  /** Seconds since 1970; PayPay tolerates two minutes. */
  epoch: number;
  /** Both absent for a request without a body. */
  contentType?: string;
  body?: string;
}

/** Base64(MD5(content type ‖ body)), or `empty`. */
export function bodyHash(contentType: string | undefined, body: string | undefined): string {
  if (contentType === undefined || body === undefined || body === '') return 'empty';
  return createHash('md5').update(contentType, 'utf8').update(body, 'utf8').digest('base64');
}

/** Base64(HMAC-SHA256(path, method, nonce, epoch, content type, hash; joined by line feeds)). Source: OPA documentation. */
export function mac(signed: Signed): string {
  const hash = bodyHash(signed.contentType, signed.body);
  const contentType = hash === 'empty' ? 'empty' : signed.contentType;
  const lines = [signed.path, signed.method, signed.nonce, String(signed.epoch), contentType, hash];
  return createHmac('sha256', signed.secret).update(lines.join('\n'), 'utf8').digest('base64');
}

export const authorization = (signed: Signed): string =>
  `hmac OPA-Auth:${signed.apiKey}:${mac(signed)}:${signed.nonce}:${signed.epoch}:${bodyHash(signed.contentType, signed.body)}`;
