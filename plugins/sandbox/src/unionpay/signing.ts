import { createHash, sign, verify } from 'node:crypto';
import { privateKey, publicKey } from '../keys';
import type { UnionpayCredentials } from './credentials';

type Message = Record<string, string>;

function hexOf(message: Message): Buffer {
  const { signature: _left, ...rest } = message;
  const pairs = Object.entries(rest).sort(([a], [b]) => (a < b ? -1 : 1));
  const text = pairs.map((pair) => pair.join('=')).join('&');
  return Buffer.from(createHash('sha256').update(text).digest('hex'));
}

/** What UnionPay sends, replies and notifications alike: signed, with its certificate in it, url-encoded. */
export function sealed(message: Message, own: UnionpayCredentials, corrupt: boolean): string {
  const whole = { ...message, signPubKeyCert: own.platformCertificate };
  const signature = sign('sha256', hexOf(whole), privateKey(own.platformPrivateKey));
  if (corrupt) signature.writeUInt8(signature.readUInt8(9) ^ 1, 9);
  return new URLSearchParams({ ...whole, signature: signature.toString('base64') }).toString();
}

/** Is it this merchant's word? Its certificate is the one that was registered, and its signature verifies. */
export const isSignedBy = (message: Message, own: UnionpayCredentials): boolean =>
  message.certId === own.certId &&
  message.signMethod === '01' &&
  message.signature !== undefined &&
  verify('sha256', hexOf(message), publicKey(own.certificate), Buffer.from(message.signature, 'base64'));
