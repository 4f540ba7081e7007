import { constants, createHash, type KeyObject, publicEncrypt } from 'node:crypto';
import { z } from 'zod';

export const personSchema = z.object({
  name: z.string().min(1),
  id_no: z.string().min(6),
  card_type: z.string().default('ID_CARD'),
});

export type Person = z.output<typeof personSchema>;

const weights = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];
const checkDigits = '10X98765432';

/** The old numbers of fifteen digits leave out the century and the check digit. */
function full(idNo: string): string {
  if (!/^\d{15}$/.test(idNo)) return idNo;
  const digits = `${idNo.slice(0, 6)}19${idNo.slice(6)}`;
  const sum = weights.reduce((total, weight, place) => total + weight * Number(digits[place]), 0);
  return digits + checkDigits[sum % 11];
}

/** What WeChat knows a person by: MD5 of the number, in upper case and with eighteen digits. */
export const idDigest = (idNo: string): string =>
  createHash('md5').update(full(idNo.trim().toUpperCase())).digest('hex');

/** RSA-OAEP with SHA-1, as WeChat opens it. */
const encrypted = (text: string, key: KeyObject): string =>
  publicEncrypt(
    { key, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
    Buffer.from(text, 'utf8'),
  ).toString('base64');

export const sealedPerson = ({ name, id_no, card_type }: Person, key: KeyObject) => ({
  name: encrypted(name, key),
  id_digest: encrypted(idDigest(id_no), key),
  card_type,
});
