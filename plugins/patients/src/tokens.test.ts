import { randomBytes } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { codeOf, isTokenOf, newCode, type SignedFacts, tokenOf } from './tokens';

const key = randomBytes(32);
const facts = (): SignedFacts => ({
  code: newCode(),
  merchantCode: 'H001',
  merchantOrderNo: 'CF20260001',
  amountFen: 1999,
  expiresAt: new Date('2026-11-25T10:00:00.123Z'),
});

describe('the token of a payment link', () => {
  test('is short, safe in an address, and leads back to its code', () => {
    const link = facts();
    const token = tokenOf(key, link);
    expect(token).toMatch(/^[\w-]{24}$/);
    expect(codeOf(token)).toBe(link.code);
    expect(isTokenOf(key, link, token)).toBe(true);
  });

  test('is refused with any one character changed', () => {
    const link = facts();
    const token = tokenOf(key, link);
    fc.assert(
      fc.property(fc.nat(23), fc.constantFrom(...'abcXYZ019-_'), (at, letter) => {
        fc.pre(token[at] !== letter);
        expect(isTokenOf(key, link, token.slice(0, at) + letter + token.slice(at + 1))).toBe(false);
      }),
    );
  });

  test('does not survive a change of amount, payee, number or time, nor another key', () => {
    const link = facts();
    const token = tokenOf(key, link);
    const changed: Partial<SignedFacts>[] = [
      { amountFen: 1 },
      { merchantCode: 'H002' },
      { merchantOrderNo: 'CF20260002' },
      { expiresAt: new Date('2027-11-25T10:00:00Z') },
    ];
    for (const change of changed) expect(isTokenOf(key, { ...link, ...change }, token)).toBe(false);
    expect(isTokenOf(randomBytes(32), link, token)).toBe(false);
  });

  test('is the same after the database has rounded the time to seconds', () => {
    const link = facts();
    expect(tokenOf(key, { ...link, expiresAt: new Date('2026-11-25T10:00:00Z') })).toBe(tokenOf(key, link));
  });
});
