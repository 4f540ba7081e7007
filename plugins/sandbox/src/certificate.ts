import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';
import { integer, objectId, sequence, tagged, time } from './der';

/**
 * X.509 v3 certificates written by hand in DER: the gateways need a handful of test certificates and
 * nothing else, which is less than any certificate library weighs.
 */
export interface CertificateRequest {
  subject: DistinguishedName;
  issuer: DistinguishedName;
  /** The key the certificate speaks for. */
  key: KeyObject;
  /** The private key of the issuer. */
  signer: KeyObject;
  notBefore: Date;
  notAfter: Date;
  authority: boolean;
  extensions?: readonly Buffer[];
}

export type DistinguishedName = readonly (readonly ['C' | 'O' | 'OU' | 'CN', string])[];

const NAME_OID = { C: '2.5.4.6', O: '2.5.4.10', OU: '2.5.4.11', CN: '2.5.4.3' } as const;
const SHA256_WITH_RSA = '1.2.840.113549.1.1.11';
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';
const BASIC_CONSTRAINTS = '2.5.29.19';

export function issueCertificate(request: CertificateRequest): string {
  const algorithm =
    request.signer.asymmetricKeyType === 'ec'
      ? sequence(objectId(ECDSA_WITH_SHA256))
      : sequence(objectId(SHA256_WITH_RSA), tagged(0x05, Buffer.alloc(0)));
  const publicKey = createPublicKey(request.key.export({ type: 'pkcs8', format: 'pem' }));
  const body = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(serialNumber()),
    algorithm,
    distinguishedName(request.issuer),
    sequence(time(request.notBefore), time(request.notAfter)),
    distinguishedName(request.subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(basicConstraints(request.authority), ...(request.extensions ?? []))),
  );
  const signature = sign('sha256', body, request.signer);
  const der = sequence(body, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

/** 15 random bytes whose first is never 0 and never negative, so that every reader prints the same number. */
function serialNumber(): Buffer {
  const bytes = randomBytes(15);
  bytes[0] = 0x20 | ((bytes[0] ?? 0) & 0x5f);
  return bytes;
}

/** As it stands in a certificate, and wherever one is named. */
export function distinguishedName(parts: DistinguishedName): Buffer {
  return sequence(
    ...parts.map(([kind, value]) =>
      tagged(0x31, sequence(objectId(NAME_OID[kind]), tagged(0x0c, Buffer.from(value, 'utf8')))),
    ),
  );
}

function basicConstraints(authority: boolean): Buffer {
  const value = sequence(...(authority ? [tagged(0x01, Buffer.from([0xff]))] : []));
  return sequence(objectId(BASIC_CONSTRAINTS), tagged(0x01, Buffer.from([0xff])), tagged(0x04, value));
}

/** One that need not be understood. `value`: DER. */
export const extension = (id: string, value: Buffer): Buffer => sequence(objectId(id), tagged(0x04, value));
