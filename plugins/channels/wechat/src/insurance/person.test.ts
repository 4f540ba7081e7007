import { constants, generateKeyPairSync, privateDecrypt } from 'node:crypto';
import { describe, expect, test } from '@jest/globals';
import { idDigest, sealedPerson } from './person';

describe('a person, for WeChat', () => {
  test('is known by the published digest, whatever the case of the check digit', () => {
    expect(idDigest('44030019000101123x')).toBe('09eb26e839ff3a2e3980352ae45ef09e');
    expect(idDigest('44030019000101123X')).toBe(idDigest(' 44030019000101123x'));
  });

  test('of an old number of fifteen digits by the one of eighteen', () => {
    expect(idDigest('110105491231002')).toBe(idDigest('11010519491231002X'));
  });

  test('is sealed for the holder of the key only', () => {
    const { publicKey, privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const sealed = sealedPerson(
      { name: '张三', id_no: '44030019000101123x', card_type: 'ID_CARD' },
      publicKey,
    );
    const open = (text: string) =>
      privateDecrypt(
        { key: privateKey, padding: constants.RSA_PKCS1_OAEP_PADDING, oaepHash: 'sha1' },
        Buffer.from(text, 'base64'),
      ).toString('utf8');
    expect([open(sealed.name), open(sealed.id_digest)]).toEqual(['张三', '09eb26e839ff3a2e3980352ae45ef09e']);
    expect(JSON.stringify(sealed)).not.toContain('张三');
  });
});
