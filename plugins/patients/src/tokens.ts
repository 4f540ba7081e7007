import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/** What the signature of a payment link covers: whoever changes it, even in the database, breaks it. */
export interface SignedFacts {
  code: string;
  merchantCode: string;
  merchantOrderNo: string;
  amountFen: number;
  expiresAt: Date;
}

const codeBytes = 9;
const macBytes = 9;
const shape = /^([\w-]{12})([\w-]{12})$/;

/** 72 random bits; a person may read it out. */
export const newCode = (): string => randomBytes(codeBytes).toString('base64url');

export const codeOf = (token: string): string | undefined => shape.exec(token)?.[1];

/** 24 characters, so that the code printed of it stays coarse: the link's code and 72 bits of HMAC-SHA256. */
export function tokenOf(key: Buffer, facts: SignedFacts): string {
  const { code, merchantCode, merchantOrderNo, amountFen, expiresAt } = facts;
  const seconds = Math.floor(expiresAt.getTime() / 1000);
  const text = JSON.stringify([code, merchantCode, merchantOrderNo, amountFen, seconds]);
  const mac = createHmac('sha256', key).update(text).digest().subarray(0, macBytes);
  return code + mac.toString('base64url');
}

export function isTokenOf(key: Buffer, facts: SignedFacts, token: string): boolean {
  const expected = Buffer.from(tokenOf(key, facts));
  const given = Buffer.from(token);
  return given.length === expected.length && timingSafeEqual(given, expected);
}
