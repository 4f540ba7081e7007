import { createHash, createSign, createVerify, X509Certificate } from 'node:crypto';
import { privateKey, publicKey } from '../keys';

/** `k=v&…` over every non-empty parameter but the ones left out, sorted, values as they are. */
export function canonical(params: Record<string, string>, without: readonly string[]): string {
  return Object.keys(params)
    .filter((key) => !without.includes(key) && params[key] !== '')
    .sort()
    .map((key) => `${key}=${params[key]}`)
    .join('&');
}

export function verifyRequest(params: Record<string, string>, appPublicKey: string): boolean {
  const sign = params.sign;
  if (sign === undefined || sign === '') return false;
  return createVerify('RSA-SHA256')
    .update(canonical(params, ['sign']), 'utf8')
    .verify(publicKey(appPublicKey), sign, 'base64');
}

export function signText(text: string, key: string): string {
  return createSign('RSA-SHA256').update(text, 'utf8').sign(privateKey(key), 'base64');
}

/** Notifications leave out `sign_type` too, unlike requests. */
export function signNotification(params: Record<string, string>, key: string): string {
  return signText(canonical(params, ['sign', 'sign_type']), key);
}

/** MD5 of the issuer, written backwards, and the decimal serial number. */
export function certificateSn(pem: string): string {
  const certificate = new X509Certificate(pem);
  const issuer = certificate.issuer.split('\n').reverse().join(',');
  const serial = BigInt(`0x${certificate.serialNumber}`).toString();
  return createHash('md5').update(`${issuer}${serial}`, 'utf8').digest('hex');
}

/** The SNs of every RSA certificate of the bundle; other algorithms are passed over. */
export function rootCertificateSn(bundle: string): string {
  const pems = bundle.match(/-----BEGIN CERTIFICATE-----[\s\S]+?-----END CERTIFICATE-----/g) ?? [];
  return pems
    .filter((pem) => new X509Certificate(pem).publicKey.asymmetricKeyType === 'rsa')
    .map(certificateSn)
    .join('_');
}
