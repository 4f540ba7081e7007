import { createHash, createHmac, timingSafeEqual } from 'node:crypto';

const digest = (bytes: Buffer | string) => createHash('sha256').update(bytes).digest('hex');

/** Base64 HMAC-SHA256 over lines; the last one is always the SHA-256 of a body. */
export const sealOf = (secret: string, lines: readonly string[], body: Buffer | string): string =>
  createHmac('sha256', secret)
    .update([...lines, digest(body)].join('\n'))
    .digest('base64');

export function sealFits(given: string, expected: string): boolean {
  const [one, other] = [Buffer.from(given), Buffer.from(expected)];
  return one.length === other.length && timingSafeEqual(one, other);
}
