import { manifest } from '@hospital-pay/channel-applepay';
import type { ChannelDriver, PaymentReference, PayRequest } from '@hospital-pay/payments/contract';
import { generateCredentials, listenForAppleSessions, makeAppleToken } from '@hospital-pay/sandbox';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type Desk, openDesk } from './desk';

const amount = 3_300;
let desk: Desk;
let driver: ChannelDriver;
beforeAll(async () => {
  desk = await openDesk(manifest, 'applepay');
  driver = desk.connect();
});
afterAll(() => desk.close());

type Choices = Partial<Parameters<typeof makeAppleToken>[1]>;
const tokenOf = (choices: Choices = {}, own = desk.credentials.applepay): string =>
  makeAppleToken(own, { amount, currencyCode: '392', card: 'pays', signedAt: new Date(), ...choices });
const order = (token: string): PayRequest & PaymentReference => desk.order(amount, { scene: 'h5', token });

/** Why it was refused; fails when the PSP heard anything. */
async function refusal(token: string, by = driver): Promise<string> {
  const before = desk.records.length;
  const outcome = await by.pay(order(token));
  expect(desk.records.slice(before)).toEqual([]);
  return outcome.kind === 'failed' ? outcome.code : outcome.kind;
}

interface TokenJson {
  paymentData: Record<string, unknown> & { header: Record<string, unknown> };
}
/** The token with one part of it made another. */
function altered(token: string, change: (data: TokenJson['paymentData']) => void): string {
  const json: TokenJson = JSON.parse(token);
  change(json.paymentData);
  return JSON.stringify(json);
}

/** `step`: of the long parts every fifth byte is altered, of the short ones each. */
const signedParts = [
  { part: 'data', inHeader: false, encoding: 'base64', step: 5 },
  { part: 'signature', inHeader: false, encoding: 'base64', step: 5 },
  { part: 'ephemeralPublicKey', inHeader: true, encoding: 'base64', step: 1 },
  { part: 'publicKeyHash', inHeader: true, encoding: 'base64', step: 1 },
  { part: 'transactionId', inHeader: true, encoding: 'hex', step: 1 },
] as const;

describe('a token', () => {
  test('is opened, handed to the PSP as a card, and pays', async () => {
    const request = order(tokenOf());
    expect(await driver.pay(request)).toMatchObject({ kind: 'paid', amount, currency: 'JPY' });
    expect(await driver.query(request)).toMatchObject({ kind: 'paid', amount });
  });

  test('whose card is declined does not pay', async () => {
    expect(await driver.pay(order(tokenOf({ card: 'declined' })))).toMatchObject({
      kind: 'failed',
      code: 'declined',
    });
  });

  test.each(signedParts)(
    'with a byte of its $part altered is refused',
    async ({ part, inHeader, encoding, step }) => {
      const before = desk.records.length;
      const token = tokenOf();
      const heard: number[] = [];
      let length = 1;
      for (let at = 0; at < length; at += step) {
        const forged = altered(token, (data) => {
          const holder = inHeader ? data.header : data;
          const bytes = Buffer.from(String(holder[part]), encoding);
          length = bytes.length;
          bytes[at] = (bytes[at] ?? 0) ^ 1;
          holder[part] = bytes.toString(encoding);
        });
        const outcome = await driver.pay(order(forged));
        if (outcome.kind !== 'failed' || !outcome.code.startsWith('TOKEN_')) heard.push(at);
      }
      expect(heard).toEqual([]);
      expect(desk.records).toHaveLength(before);
    },
  );

  test.each(['version', 'data', 'signature'])('without its %s is refused', async (part) => {
    const without = altered(tokenOf(), (data) => delete data[part]);
    expect(await refusal(without)).toBe('TOKEN_MALFORMED');
  });

  test('with application data that was not signed is refused', async () => {
    const added = altered(tokenOf(), (data) => {
      data.header.applicationData = 'ab'.repeat(32);
    });
    expect(await refusal(added)).toBe('TOKEN_SIGNATURE');
  });

  test('of another version, or no token at all, is refused', async () => {
    const other = altered(tokenOf(), (data) => {
      data.version = 'RSA_v1';
    });
    expect(await refusal(other)).toBe('TOKEN_VERSION');
    for (const text of ['', '{}', 'token', '{"paymentData":null}', '[]'])
      expect(await refusal(text)).toBe('TOKEN_MALFORMED');
  });

  test('signed by anybody but Apple is refused', async () => {
    const { applepay: mine } = desk.credentials;
    const { applepay: theirs } = generateCredentials();
    const forged = { ...theirs, processingKey: mine.processingKey };
    expect(await refusal(tokenOf({}, forged))).toBe('TOKEN_SIGNATURE');
    // Issued by Apple, but not to sign tokens: the merchant's own certificate has no mark of the leaf.
    const identity = { ...mine, leafCertificate: mine.identityCertificate, leafKey: mine.identityKey };
    expect(await refusal(tokenOf({}, identity))).toBe('TOKEN_SIGNATURE');
  });

  test.each([-6, 6])('signed %i minutes from now is refused', async (minutes) => {
    const signedAt = new Date(Date.now() + minutes * 60_000);
    expect(await refusal(tokenOf({ signedAt }))).toBe('TOKEN_STALE');
  });

  test('for another merchant is refused, by its identifier and by its key', async () => {
    const elsewhere = desk.connect({ merchantIdentifier: 'merchant.example.other' });
    expect(await refusal(tokenOf(), elsewhere)).toBe('TOKEN_KEY');
    const { processingKey } = generateCredentials().applepay;
    expect(await refusal(tokenOf({}, { ...desk.credentials.applepay, processingKey }))).toBe('TOKEN_KEY');
  });

  test('for another amount or currency is refused', async () => {
    expect(await refusal(tokenOf({ amount: amount - 1 }))).toBe('TOKEN_AMOUNT');
    expect(await refusal(tokenOf({ currencyCode: '156' }))).toBe('TOKEN_AMOUNT');
    expect(await refusal(tokenOf({ currencyCode: '999' }))).toBe('TOKEN_AMOUNT');
  });

  test('pays one attempt, however often that is sent, and no other, however it is spelled', async () => {
    const transactionId = 'ab'.repeat(32);
    const token = tokenOf({ transactionId });
    const request = order(token);
    await driver.pay(request);
    expect(await driver.pay(request)).toMatchObject({ kind: 'paid' });
    expect(await refusal(token)).toBe('TOKEN_USED');
    expect(await refusal(token.replaceAll(transactionId, transactionId.toUpperCase()))).toBe('TOKEN_USED');
    expect(await refusal(tokenOf({ transactionId }), desk.connect())).toBe('TOKEN_USED');
  });

  test('is asked for: a payment without one is refused', async () => {
    const { token: _, ...request } = order('');
    expect(await driver.pay(request)).toMatchObject({ kind: 'failed', code: 'TOKEN_MISSING' });
  });

  test('leaves neither card, cryptogram nor key in the log', () => {
    const log = JSON.stringify(desk.records);
    expect(log).not.toMatch(/47611200|ryptogram|EC_v1|PRIVATE/);
  });
});

describe('a merchant session', () => {
  let gateway: Awaited<ReturnType<typeof listenForAppleSessions>>;
  let authority: { sessionUrl: string; sessionAuthority: string };
  beforeAll(async () => {
    const { applepay } = desk.credentials;
    gateway = await listenForAppleSessions(applepay);
    authority = { sessionUrl: gateway.url, sessionAuthority: applepay.rootCertificate };
  });
  afterAll(() => gateway.close());

  const domain = 'pay.hospital.example';
  const open = (by: ChannelDriver, asked: { validationUrl?: string; domain?: string } = {}) =>
    by.openSession?.({ validationUrl: `${gateway.url}/paymentservices/startSession`, domain, ...asked });

  test('is opened with the merchant identity certificate, and handed on as it is', async () => {
    expect(await open(desk.connect(authority))).toMatchObject({
      kind: 'opened',
      session: {
        merchantIdentifier: 'merchant.example.hospital',
        domainName: domain,
        displayName: '示范医院',
      },
    });
    expect(JSON.stringify(desk.records.at(-1))).not.toContain('merchantSessionIdentifier');
  });

  test('is refused to a certificate that Apple did not issue, or issued to another merchant', async () => {
    const stranger = generateCredentials().applepay;
    const foreign = {
      identityCertificate: stranger.identityCertificate,
      identityKey: stranger.identityKey,
    };
    expect(await open(desk.connect({ ...authority, ...foreign }))).toMatchObject({ kind: 'refused' });
    const { leafCertificate, leafKey } = desk.credentials.applepay;
    const other = { identityCertificate: leafCertificate, identityKey: leafKey };
    expect(await open(desk.connect({ ...authority, ...other }))).toMatchObject({ code: 'HTTP_417' });
  });

  test('is not asked for at a gateway whose certificate is unknown', async () => {
    const { sessionUrl } = authority;
    expect(await open(desk.connect({ sessionUrl }))).toMatchObject({ kind: 'refused', code: 'NETWORK' });
  });

  test('is asked for at nobody but Apple, and for the verified domain only', async () => {
    const by = desk.connect(authority);
    const before = desk.records.length;
    for (const validationUrl of [
      'https://evil.example/paymentservices/startSession',
      'https://apple-pay-gateway.apple.com.evil.example/',
      'https://user@evil.example#apple-pay-gateway.apple.com',
      'http://apple-pay-gateway.apple.com/',
      'https://apple-pay-gateway.apple.com:8443/',
      'https://127.0.0.1:1/',
      'apple-pay-gateway.apple.com',
      '',
    ])
      expect(await open(by, { validationUrl })).toMatchObject({ kind: 'refused', code: 'SESSION_HOST' });
    expect(await open(by, { domain: 'elsewhere.example' })).toMatchObject({ code: 'SESSION_DOMAIN' });
    expect(desk.records).toHaveLength(before);
  });
});

describe('an account', () => {
  test.each([
    ['appleRootCertificate', 'no certificate'],
    ['identityKey', generateCredentials().applepay.identityKey],
    ['processingKey', 'no key'],
    ['merchantIdentifier', 'hospital'],
    ['processingKey', undefined],
  ])('whose %s is wrong is refused with the name of the field', (field, value) => {
    expect(() => desk.connect({ [field]: value })).toThrow(
      expect.objectContaining({ code: 'CHANNEL_CONFIG', details: { field } }),
    );
  });
});
