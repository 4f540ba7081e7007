import { createHmac } from 'node:crypto';

/**
 * `X-LINE-Authorization`: Base64(HMAC-SHA256(secret, secret ‖ path ‖ content ‖ nonce)). `content` is the exact body of a
 * POST, the query without its `?` of a GET. Source: developers.line.biz, LINE Pay online API v3.
 */
export const signature = (secret: string, path: string, content: string, nonce: string): string =>
  createHmac('sha256', secret)
    .update(secret + path + content + nonce, 'utf8')
    .digest('base64');
