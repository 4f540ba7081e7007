import { createDecipheriv, createHash, sign } from 'node:crypto';
import { privateKey } from '../keys';
import type { CcbCredentials } from './credentials';

export type Fields = Record<string, string>;

const md5 = (text: string) => createHash('md5').update(text).digest('hex');
const pub = (own: CcbCredentials) => own.publicKey.slice(-30);
const line = (fields: Fields, names: readonly string[]) =>
  names.map((name) => `${name}=${fields[name] ?? ''}`).join('&');

const QR_FIELDS = [
  'MERCHANTID',
  'POSID',
  'BRANCHID',
  'ORDERID',
  'PAYMENT',
  'CURCODE',
  'TXCODE',
  'REMARK1',
  'REMARK2',
  'RETURNTYPE',
  'TIMEOUT',
];
const QUERY_FIELDS = [
  'MERCHANTID',
  'BRANCHID',
  'POSID',
  'ORDERDATE',
  'BEGORDERTIME',
  'ENDORDERTIME',
  'ORDERID',
  'QUPWD',
  'TXCODE',
  'TYPE',
  'KIND',
  'STATUS',
  'SEL_TYPE',
  'PAGE',
  'OPERATOR',
  'CHANNEL',
];

export const isQrOrder = (form: Fields, own: CcbCredentials): boolean =>
  form.MAC === md5(`${line(form, QR_FIELDS)}&PUB=${pub(own)}`) && form.PUB === undefined;

export const isQuery = (form: Fields, own: CcbCredentials): boolean =>
  form.QUPWD === own.queryPassword && form.MAC === md5(line({ ...form, QUPWD: '' }, QUERY_FIELDS));

/** What a payment-code message says, or null when its key or its SIGN is wrong. */
export function openParam(param: string, own: CcbCredentials): Fields | null {
  try {
    const key = Buffer.from(pub(own).slice(0, 8));
    const decipher = createDecipheriv('des-ede3-ecb', Buffer.concat([key, key, key]), null);
    const bytes = Buffer.concat([
      decipher.update(Buffer.from(param.replaceAll(',', '+'), 'base64')),
      decipher.final(),
    ]);
    const text = bytes.swap16().toString('utf16le');
    if (!text.startsWith('\uFEFF')) return null;
    const fields: Fields = {};
    for (const pair of text.slice(1).split('&')) {
      const at = pair.indexOf('=');
      fields[pair.slice(0, at)] = pair.slice(at + 1);
    }
    const { SIGN, ...rest } = fields;
    const given = Object.keys(rest).filter((name) => rest[name] !== '');
    return SIGN === md5(`${line(rest, given.sort())}20120315201809041004`) ? rest : null;
  } catch {
    return null;
  }
}

/** MD5withRSA in hex. */
export function bankSign(text: string, own: CcbCredentials, corrupt = false): string {
  const signature = sign('md5', Buffer.from(text), privateKey(own.privateKey));
  if (corrupt) signature.writeUInt8(signature.readUInt8(9) ^ 1, 9);
  return signature.toString('hex');
}
