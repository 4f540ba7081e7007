import { verify, X509Certificate } from 'node:crypto';
import { type Certificate, ContentInfo, SignedData, type SignerInfo } from 'pkijs';

/** Apple's markers: of the leaf that signs tokens, and of the authority that issued it. */
const leafMarker = '1.2.840.113635.100.6.29';
const intermediateMarker = '1.2.840.113635.100.6.2.14';
const signingTimeAttribute = '1.2.840.113549.1.9.5';
const sha256 = '2.16.840.1.101.3.4.2.1';
const ecdsaWithSha256 = '1.2.840.10045.4.3.2';
/** NULL, the parameters of an algorithm that has none. */
const nothing = Buffer.from([0x05, 0x00]);

/**
 * Verifies a detached CMS signature over `content` up to Apple's root, and gives back when it says it was made.
 * Source: Apple, Payment token format reference, steps 1 and 2. @throws Error saying what does not fit.
 */
export async function verifyAppleSignature(
  signature: Buffer,
  content: Buffer,
  root: X509Certificate,
  now: Date,
): Promise<Date> {
  const signed = readSignedData(signature);
  const certificates = (signed.certificates ?? []).filter(isCertificate);
  const signing = pick(certificates, leafMarker, 'leaf');
  const leaf = toX509(signing);
  const intermediate = toX509(pick(certificates, intermediateMarker, 'intermediate'));
  checkIssued(intermediate, root, now);
  checkIssued(leaf, intermediate, now);
  const [signer, another] = signed.signerInfos;
  if (signer === undefined || another !== undefined) throw new Error('not exactly one signer');
  checkForm(signed, signer);
  // The library picks the signer's certificate by issuer and serial number; only the checked leaf is left to pick.
  signed.certificates = [signing];
  const verifies = await signed.verify({ signer: 0, data: arrayBuffer(content), checkChain: false });
  if (!verifies || !isStrictlySigned(signer, leaf)) throw new Error('the signature does not verify');
  const time = signer.signedAttrs?.attributes.find(({ type }) => type === signingTimeAttribute)?.values[0];
  const date: unknown = typeof time?.toDate === 'function' ? time.toDate() : undefined;
  if (!(date instanceof Date)) throw new Error('no signing time');
  return date;
}

function readSignedData(bytes: Buffer): SignedData {
  const info = ContentInfo.fromBER(arrayBuffer(bytes));
  if (info.contentType !== ContentInfo.SIGNED_DATA) throw new Error('no signed data');
  // The parser forgives lengths that do not fit; a message that is written otherwise than it was read is another one.
  if (!Buffer.from(info.toSchema().toBER()).equals(bytes)) throw new Error('not well encoded');
  return new SignedData({ schema: info.content });
}

/** Detached, of version 1, with SHA-256 and ECDSA: the library would take other forms as well. */
function checkForm(signed: SignedData, signer: SignerInfo): void {
  if (signed.version !== 1 || signer.version !== 1) throw new Error('not of version 1');
  // What is signed stands in the token; content of its own would be verified in its place.
  const { eContentType, eContent } = signed.encapContentInfo;
  if (eContentType !== ContentInfo.DATA || eContent !== undefined)
    throw new Error('the signature is not detached');
  for (const { algorithmId, algorithmParams } of [signer.digestAlgorithm, ...signed.digestAlgorithms]) {
    const parameters = algorithmParams === undefined ? nothing : Buffer.from(algorithmParams.toBER());
    if (algorithmId !== sha256 || !parameters.equals(nothing)) throw new Error('the digest is not SHA-256');
  }
  if (signer.signatureAlgorithm.algorithmId !== ecdsaWithSha256)
    throw new Error('not signed with ECDSA and SHA-256');
}

/** The library reads numbers leniently; OpenSSL knows one way to write a signature. */
function isStrictlySigned({ signedAttrs, signature }: SignerInfo, leaf: X509Certificate): boolean {
  const signed = Buffer.from(signedAttrs?.encodedValue ?? new ArrayBuffer(0));
  return verify('sha256', signed, leaf.publicKey, signature.valueBlock.valueHexView);
}

const isCertificate = (entry: object): entry is Certificate => 'tbsView' in entry || 'tbs' in entry;

function toX509(certificate: Certificate): X509Certificate {
  return new X509Certificate(Buffer.from(certificate.toSchema().toBER(false)));
}

function pick(certificates: Certificate[], marker: string, what: string): Certificate {
  const found = certificates.filter(({ extensions }) => extensions?.some(({ extnID }) => extnID === marker));
  const [certificate, another] = found;
  if (certificate === undefined || another !== undefined)
    throw new Error(`not exactly one ${what} certificate`);
  return certificate;
}

function checkIssued(certificate: X509Certificate, issuer: X509Certificate, now: Date): void {
  if (!certificate.checkIssued(issuer) || !certificate.verify(issuer.publicKey) || !issuer.ca)
    throw new Error(`${certificate.subject} is not issued by ${issuer.subject}`);
  if (now < new Date(certificate.validFrom) || now > new Date(certificate.validTo))
    throw new Error(`${certificate.subject} is not valid now`);
}

const arrayBuffer = (bytes: Buffer): ArrayBuffer => Uint8Array.from(bytes).buffer;
