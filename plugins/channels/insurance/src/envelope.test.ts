import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sm2 } from 'sm-crypto-v2';
import { bodyKey, decrypt, encrypt, opened, sealed, signText, textToSign, textVerifies } from './envelope';
import { sortedJson } from './json';

const appId = '8680E5AB99D74DBE96F8CAC5CEFAC232';
const appSecret = 'F75E27032F5541A7943C2A7F2615F80A';
const { privateKey, publicKey } = sm2.generateKeyPairHex();
const seal = { appId, appSecret, privateKey, centrePublicKey: publicKey };
const now = new Date('2026-03-01T02:03:04Z');

describe('the envelope of the mobile-payment centre', () => {
  test('derives the key of bodies and encrypts as the public sample does', () => {
    const key = bodyKey(appId, appSecret);
    expect(key).toBe('D230D556969E11A1');
    expect(encrypt('{"a":"1"}', key)).toBe('E5E09CF39FB1D88420ACFA49DAE5802E');
    expect(decrypt('E5E09CF39FB1D88420ACFA49DAE5802E', key)).toBe('{"a":"1"}');
  });

  test('verifies the published signature of GB/T 32918.5, with its user id', () => {
    const [x, y] = [
      '09F9DF311E5421A150DD7D161E4BC5C672179FAD1833FC076BB08FF356F35020',
      'CCEA490CE26775A52DC6EA718CC1AA600AED05FBF35E084A6632F6072DA9AD13',
    ];
    const [r, s] = [
      'F5A03B0648D2C4630EEAC513E1BB81A15944DA3827D5B74143AC7EACEEE720B3',
      'B1B6AA29DF212FD8763182BC0D421CA1BB9038FD1F7F42D4840B69C485BBC1AA',
    ];
    const signature = Buffer.from(`${r}${s}`, 'hex').toString('base64');
    expect(textVerifies('message digest', signature, `04${x}${y}`, '1234567812345678')).toBe(true);
    expect(textVerifies('message digest', signature, `04${x}${y}`, '1234567812345679')).toBe(false);
  });

  test('signs sorted fields without empty ones, the business object as JSON with sorted keys', () => {
    expect(
      textToSign(
        {
          version: '2.0.1',
          appId: 'A',
          extra: 'x',
          encData: 'E',
          signData: 'S',
          message: '',
          success: true,
          data: { b: '2', a: { d: [{ f: '1', e: '2' }], c: '3' } },
        },
        'secret',
      ),
    ).toBe(
      'appId=A&data={"a":{"c":"3","d":[{"e":"2","f":"1"}]},"b":"2"}&success=true&version=2.0.1&key=secret',
    );
  });

  test('opens what it sealed', () => {
    const envelope = sealed({ payOrdId: 'P1', amount: '0.10' }, seal, now);
    expect(opened(envelope, seal)).toMatchObject({
      kind: 'genuine',
      data: { payOrdId: 'P1', amount: '0.10' },
    });
  });

  test('opens whatever text and depth it sealed, to the letter', () => {
    const { tree } = fc.letrec((tie) => ({
      tree: fc.oneof(
        { depthSize: 'small' },
        fc.string({ unit: 'grapheme' }),
        fc.boolean(),
        fc.array(tie('tree'), { maxLength: 3 }),
        fc.dictionary(fc.string({ unit: 'grapheme' }), tie('tree'), { maxKeys: 3 }),
      ),
    }));
    fc.assert(
      fc.property(fc.dictionary(fc.string(), tree, { maxKeys: 4 }), (business) => {
        const plain = JSON.parse(JSON.stringify(business));
        const result = opened(sealed(plain, seal, now), seal);
        expect(result.kind === 'genuine' && sortedJson(result.data)).toBe(sortedJson(plain));
      }),
      { numRuns: 40, examples: [[{ '9': '\u0000 1', a: '"12" -3.40 {}' }]] },
    );
  });

  test('verifies numbers as they were written', () => {
    const business = '{"feeSumamt":202.00}';
    const head = { appId, encType: 'SM4', signType: 'SM2', version: '2.0.1', timestamp: '1' };
    const text = `appId=${appId}&data=${business}&encType=SM4&signType=SM2&timestamp=1&version=2.0.1&key=${appSecret}`;
    const envelope = {
      ...head,
      encData: encrypt(business, bodyKey(appId, appSecret)),
      signData: signText(text, privateKey, appSecret),
    };
    expect(opened(JSON.stringify(envelope), seal)).toMatchObject({
      kind: 'genuine',
      data: { feeSumamt: { text: '202.00' } },
    });
  });

  test('refuses another key, another secret, and a body put under another signature', () => {
    const envelope = sealed({ payOrdId: 'P1' }, seal, now);
    const other = sealed({ payOrdId: 'P2' }, seal, now);
    const stranger = sm2.generateKeyPairHex();
    expect(opened(envelope, { ...seal, centrePublicKey: stranger.publicKey })).toMatchObject({
      code: 'BAD_SIGNATURE',
    });
    expect(opened(envelope, { ...seal, appSecret: appSecret.toLowerCase() }).kind).toBe('refused');
    const swapped = { ...JSON.parse(envelope), encData: JSON.parse(other).encData };
    expect(opened(JSON.stringify(swapped), seal)).toMatchObject({ code: 'BAD_SIGNATURE' });
    expect(opened('{}', seal)).toMatchObject({ code: 'MALFORMED' });
  });
});
