import { createHash, generateKeyPairSync, type KeyObject } from 'node:crypto';
import { z } from 'zod';
import { type DistinguishedName, extension, issueCertificate } from '../certificate';
import { sequence, tagged } from '../der';
import { pem, validityFromNow } from '../keys';
import { pspCredentials } from '../psp/gateway';
import { generatePsp } from '../psp/wallet';

/** A merchant at the PSP and at Apple, and what Apple itself signs with: made at run time, trusted by nobody else. */
export const applepayCredentials = pspCredentials.extend({
  merchantIdentifier: z.string(),
  displayName: z.string(),
  domain: z.string(),
  rootCertificate: z.string(),
  intermediateCertificate: z.string(),
  leafCertificate: z.string(),
  leafKey: z.string(),
  /** The payment processing key: tokens are sealed for it. */
  processingKey: z.string(),
  /** Who asks for a merchant session. */
  identityCertificate: z.string(),
  identityKey: z.string(),
  /** The session gateway's own, for 127.0.0.1. */
  gatewayCertificate: z.string(),
  gatewayKey: z.string(),
});

export type ApplepayCredentials = z.infer<typeof applepayCredentials>;

const ROOT: DistinguishedName = [
  ['CN', 'Sandbox Root CA - G3'],
  ['O', 'Apple Inc. (sandbox)'],
];
export const INTERMEDIATE: DistinguishedName = [
  ['CN', 'Sandbox Application Integration CA - G3'],
  ['O', 'Apple Inc. (sandbox)'],
];

const NULL = tagged(0x05);
const leafMarker = extension('1.2.840.113635.100.6.29', NULL);
const intermediateMarker = extension('1.2.840.113635.100.6.2.14', NULL);
const localhost = extension('2.5.29.17', sequence(tagged(0x87, Buffer.from([127, 0, 0, 1]))));

/** What a merchant's certificate says of its merchant identifier. */
export const merchantMark = (merchantIdentifier: string): Buffer =>
  Buffer.from(`.@${createHash('sha256').update(merchantIdentifier).digest('hex').toUpperCase()}`, 'ascii');

export const p256 = (): KeyObject => generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;

export function generateApplepay(choices: Partial<ApplepayCredentials>): ApplepayCredentials {
  const [root, intermediate, leaf, processing, identity, gateway] = [
    p256(),
    p256(),
    p256(),
    p256(),
    p256(),
    p256(),
  ];
  const merchantIdentifier = choices.merchantIdentifier ?? 'merchant.example.hospital';
  const validity = validityFromNow();
  const issued = (
    name: string,
    key: KeyObject,
    from: { name: DistinguishedName; key: KeyObject },
    extensions: readonly Buffer[],
  ) =>
    issueCertificate({
      subject: [['CN', name]],
      issuer: from.name,
      key,
      signer: from.key,
      authority: false,
      extensions,
      ...validity,
    });
  const byRoot = { name: ROOT, key: root };
  const byIntermediate = { name: INTERMEDIATE, key: intermediate };
  const authority = (subject: DistinguishedName, key: KeyObject, extensions: readonly Buffer[]) =>
    issueCertificate({ subject, issuer: ROOT, key, signer: root, authority: true, extensions, ...validity });
  return {
    ...generatePsp({}),
    merchantIdentifier,
    displayName: '示范医院',
    domain: 'pay.hospital.example',
    rootCertificate: authority(ROOT, root, []),
    intermediateCertificate: authority(INTERMEDIATE, intermediate, [intermediateMarker]),
    leafCertificate: issued('ecc-smp-broker-sign', leaf, byIntermediate, [leafMarker]),
    leafKey: pem(leaf, 'pkcs8'),
    processingKey: pem(processing, 'pkcs8'),
    identityCertificate: issued(
      `Apple Pay Merchant Identity:${merchantIdentifier}`,
      identity,
      byIntermediate,
      [extension('1.2.840.113635.100.6.32', tagged(0x0c, merchantMark(merchantIdentifier)))],
    ),
    identityKey: pem(identity, 'pkcs8'),
    gatewayCertificate: issued('127.0.0.1', gateway, byRoot, [localhost]),
    gatewayKey: pem(gateway, 'pkcs8'),
    ...choices,
  };
}
