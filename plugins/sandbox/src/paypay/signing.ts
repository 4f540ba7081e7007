import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

export interface OpaRequest {
  method: string;
  /** Without its query, below the gateway's address. */
  path: string;
  contentType: string;
  body: Buffer;
  authorization: string;
}

/** Two minutes either way. */
const SKEW_S = 120;

/** `hmac OPA-Auth:{key}:{mac}:{nonce}:{epoch}:{hash}`; `now` in epoch seconds. */
export function readAuthorization(request: OpaRequest): {
  apiKey: string;
  verify(secret: string, now: number): string | null;
} | null {
  const match = /^hmac OPA-Auth:([^:]+):([^:]+):([^:]+):(\d+):(.+)$/.exec(request.authorization);
  if (match === null) return null;
  const [, apiKey = '', mac = '', nonce = '', epoch = '', hash = ''] = match;
  return {
    apiKey,
    verify(secret, now) {
      const empty = request.body.length === 0;
      const contentType = empty ? 'empty' : request.contentType;
      const digest = empty
        ? 'empty'
        : createHash('md5').update(Buffer.from(contentType)).update(request.body).digest('base64');
      if (digest !== hash) return 'the hash is not that of the body';
      const text = [request.path, request.method, nonce, epoch, contentType, digest].join('\n');
      const expected = createHmac('sha256', secret).update(text).digest();
      const given = Buffer.from(mac, 'base64');
      if (given.length !== expected.length || !timingSafeEqual(given, expected)) return 'wrong mac';
      return Math.abs(now - Number(epoch)) > SKEW_S ? 'the epoch is too far off' : null;
    },
  };
}
