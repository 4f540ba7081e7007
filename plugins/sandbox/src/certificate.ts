import { createPublicKey, type KeyObject, randomBytes, sign } from 'node:crypto';

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
    name(request.issuer),
    sequence(time(request.notBefore), time(request.notAfter)),
    name(request.subject),
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(basicConstraints(request.authority))),
  );
  const signature = sign('sha256', body, request.signer);
  const der = sequence(body, algorithm, tagged(0x03, Buffer.concat([Buffer.from([0]), signature])));
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}

function tagged(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  if (content.length < 0x80) return Buffer.concat([Buffer.from([tag, content.length]), content]);
  const hex = content.length.toString(16);
  const length = Buffer.from(hex.length % 2 === 0 ? hex : `0${hex}`, 'hex');
  return Buffer.concat([Buffer.from([tag, 0x80 | length.length]), length, content]);
}

function sequence(...parts: Buffer[]): Buffer {
  return tagged(0x30, ...parts);
}

function integer(bytes: Buffer): Buffer {
  const first = bytes[0] ?? 0;
  return tagged(0x02, first & 0x80 ? Buffer.concat([Buffer.from([0]), bytes]) : bytes);
}

/** 15 random bytes whose first is never 0 and never negative, so that every reader prints the same number. */
function serialNumber(): Buffer {
  const bytes = randomBytes(15);
  bytes[0] = 0x20 | ((bytes[0] ?? 0) & 0x5f);
  return bytes;
}

function objectId(text: string): Buffer {
  const [first = 0, second = 0, ...rest] = text.split('.').map(Number);
  const bytes = [first * 40 + second];
  for (const arc of rest) {
    const groups = [arc & 0x7f];
    for (let left = Math.floor(arc / 128); left > 0; left = Math.floor(left / 128)) {
      groups.unshift((left & 0x7f) | 0x80);
    }
    bytes.push(...groups);
  }
  return tagged(0x06, Buffer.from(bytes));
}

function name(parts: DistinguishedName): Buffer {
  return sequence(
    ...parts.map(([kind, value]) =>
      tagged(0x31, sequence(objectId(NAME_OID[kind]), tagged(0x0c, Buffer.from(value, 'utf8')))),
    ),
  );
}

function time(at: Date): Buffer {
  const digits = at.toISOString().replace(/[-:T]/g, '').slice(0, 14);
  return tagged(0x17, Buffer.from(`${digits.slice(2)}Z`, 'ascii'));
}

function basicConstraints(authority: boolean): Buffer {
  const value = sequence(...(authority ? [tagged(0x01, Buffer.from([0xff]))] : []));
  return sequence(objectId(BASIC_CONSTRAINTS), tagged(0x01, Buffer.from([0xff])), tagged(0x04, value));
}
