import { sign, verify } from 'node:crypto';
import { privateKey, publicKey } from '../keys';
import type { IcbcCredentials } from './credentials';

type Form = Record<string, string>;

const digestOf = (signType: string | undefined): 'sha1' | 'sha256' | null =>
  signType === 'RSA' ? 'sha1' : signType === 'RSA2' ? 'sha256' : null;

/** `/path?a=1&b=2`, sorted, unencoded, without the signature. */
function toSign(path: string, form: Form): Buffer {
  const names = Object.keys(form).filter((name) => name !== 'sign' && form[name] !== '');
  return Buffer.from(
    `${path}?${names
      .sort()
      .map((name) => `${name}=${form[name]}`)
      .join('&')}`,
  );
}

export function isSignedBy(path: string, form: Form, own: IcbcCredentials): boolean {
  const digest = digestOf(form.sign_type);
  if (digest === null || form.sign === undefined) return false;
  return verify(digest, toSign(path, form), publicKey(own.publicKey), Buffer.from(form.sign, 'base64'));
}

/** A reply; its signature is SHA-1 whatever the request was signed with, as public SDKs expect. */
export function sealedReply(body: Record<string, unknown>, own: IcbcCredentials, corrupt: boolean): string {
  const content = JSON.stringify(body);
  const signature = sign('sha1', Buffer.from(content), privateKey(own.gatewayPrivateKey));
  if (corrupt) signature.writeUInt8(signature.readUInt8(9) ^ 1, 9);
  return `{"response_biz_content":${content},"sign":"${signature.toString('base64')}"}`;
}

/** A notification's form, signed over the path it is sent to. */
export function sealedNotice(path: string, form: Form, own: IcbcCredentials): string {
  const signature = sign('sha1', toSign(path, form), privateKey(own.gatewayPrivateKey));
  return new URLSearchParams({ ...form, sign: signature.toString('base64') }).toString();
}

/** Is the answer to a notification the merchant's, and does it say that the notification was taken? */
export function acknowledges(answer: string, own: IcbcCredentials): boolean {
  const match = /^\{("response_biz_content":(\{.*\}),"sign_type":"(RSA2?)"),"sign":"([^"]+)"\}$/s.exec(
    answer,
  );
  const digest = digestOf(match?.[3]);
  if (match?.[1] === undefined || match[2] === undefined || match[4] === undefined || digest === null)
    return false;
  const isTheirs = verify(
    digest,
    Buffer.from(match[1]),
    publicKey(own.publicKey),
    Buffer.from(match[4], 'base64'),
  );
  return isTheirs && /"return_code":0[,}]/.test(match[2]);
}
