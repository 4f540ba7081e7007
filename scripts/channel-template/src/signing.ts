import { createHmac, timingSafeEqual } from 'node:crypto';

/** What a signature covers. `path`: that of the request, also for its answer; `notify` for a notification. */
export interface Signed {
  path: string;
  /** Milliseconds since 1970, as text. */
  timestamp: string;
  body: string | Buffer;
}

/** Hex of HMAC-SHA256(key, path LF timestamp LF body). */
export const sign = (key: string, { path, timestamp, body }: Signed): string =>
  createHmac('sha256', key).update(`${path}\n${timestamp}\n`).update(body).digest('hex');

export function verifies(key: string, signed: Signed, signature: string): boolean {
  const expected = Buffer.from(sign(key, signed));
  const given = Buffer.from(signature);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
