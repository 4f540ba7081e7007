import { type KeyObject, sign, verify } from 'node:crypto';
import type { SignType } from './config';

const algorithms: Record<SignType, string> = { RSA: 'RSA-SHA1', RSA2: 'RSA-SHA256' };

/** The path (without host), `?`, and the parameters sorted by name as they are, before any encoding; empty ones left out. */
export const stringToSign = (path: string, parameters: Record<string, string>): string =>
  `${path}?${Object.keys(parameters)
    .filter((name) => name !== 'sign' && parameters[name] !== '')
    .sort()
    .map((name) => `${name}=${parameters[name]}`)
    .join('&')}`;

export const signText = (text: string, type: SignType, key: KeyObject): string =>
  sign(algorithms[type], Buffer.from(text, 'utf8'), key).toString('base64');

export const textVerifies = (text: string, signature: string, type: SignType, key: KeyObject): boolean =>
  verify(algorithms[type], Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'base64'));

/**
 * A reply taken apart without touching the signed bytes: printing parsed JSON again would not give them back.
 * `undefined` when this is no reply.
 */
export function takeApart(reply: string): { content: string; signature: string } | undefined {
  const match =
    /^\s*\{\s*"response_biz_content"\s*:\s*(\{[\s\S]*\})\s*,\s*"sign"\s*:\s*"([^"]*)"\s*\}\s*$/.exec(reply);
  return match?.[1] !== undefined && match[2] ? { content: match[1], signature: match[2] } : undefined;
}

/** The answer to a notification: the merchant signs the literal text of all that stands before the signature. */
export function signedAnswer(
  answer: { return_code: number; return_msg: string; msg_id: string },
  type: SignType,
  key: KeyObject,
): string {
  const text = `"response_biz_content":${JSON.stringify(answer)},"sign_type":"${type}"`;
  return `{${text},"sign":"${signText(text, type, key)}"}`;
}
