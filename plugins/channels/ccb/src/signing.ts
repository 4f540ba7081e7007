import { createCipheriv, createHash, type KeyObject, verify } from 'node:crypto';

export type Fields = [name: string, value: string][];

export const joined = (fields: Fields): string => fields.map((pair) => pair.join('=')).join('&');

const md5 = (text: string): string => createHash('md5').update(text, 'utf8').digest('hex');

/** MAC of a QR order (530550): the fields in the bank's order, and PUB, which is signed and not sent. */
export const qrMac = (fields: Fields, pub: string): string => md5(joined([...fields, ['PUB', pub]]));

/** MAC of a query (410408): the password is left empty in what is signed. */
export const queryMac = (fields: Fields): string =>
  md5(joined(fields.map(([name, value]) => [name, name === 'QUPWD' ? '' : value])));

/** A constant of the bank's own library. */
const barcodeSalt = '20120315201809041004';

/** SIGN of a payment-code message: its fields that have a value, sorted. */
export const barcodeSign = (fields: Fields): string =>
  md5(joined(fields.filter(([, value]) => value !== '').sort(([a], [b]) => (a < b ? -1 : 1))) + barcodeSalt);

/**
 * `ccbParam` before url-encoding: UTF-16BE with its mark, as Java's `getBytes("utf-16")` gives it; DES-ECB with the first
 * eight characters of PUB; base64 with `,` for `+`. OpenSSL 3 has no single DES: three times the same key is the same.
 */
export function ccbParam(fields: Fields, pub: string): string {
  const text = Buffer.from(`\uFEFF${joined(fields)}`, 'utf16le').swap16();
  const cipher = createCipheriv('des-ede3-ecb', pub.slice(0, 8).repeat(3), null);
  return Buffer.concat([cipher.update(text), cipher.final()])
    .toString('base64')
    .replaceAll('+', ',');
}

/** MD5withRSA in hex, with the counter's key. */
export const bankSigned = (text: string, signature: string, key: KeyObject): boolean =>
  /^(?:[0-9a-fA-F]{2})+$/.test(signature) &&
  verify('RSA-MD5', Buffer.from(text, 'utf8'), key, Buffer.from(signature, 'hex'));
