import { createHash, type KeyObject, sign, verify, X509Certificate } from 'node:crypto';
import type { UnionpaySettings } from './config';

export type Fields = Record<string, string>;

/** ACP 5.1.0: names sorted by their bytes, the signature itself left out, joined without any encoding. */
export const canonical = (fields: Fields): string =>
  Object.keys(fields)
    .filter((name) => name !== 'signature')
    .sort()
    .map((name) => `${name}=${fields[name]}`)
    .join('&');

/** What RSA signs is not the text but its SHA-256 in lower-case hex. */
export const digest = (fields: Fields): string =>
  createHash('sha256').update(canonical(fields), 'utf8').digest('hex');

/** Empty values are neither sent nor signed. */
export function signed(fields: Record<string, string | undefined>, key: KeyObject): Fields {
  const given: Fields = {};
  for (const [name, value] of Object.entries(fields)) if (value) given[name] = value;
  return { ...given, signature: sign('RSA-SHA256', Buffer.from(digest(given)), key).toString('base64') };
}

export type Verdict = { ok: true } | { ok: false; cause: string };

/**
 * UnionPay sends the certificate it signed with along: it is worth only as much as its chain to the configured root,
 * its validity today and the name in it.
 */
export function createVerifier(
  settings: Pick<UnionpaySettings, 'middle' | 'root' | 'signerName'>,
  now: () => Date,
): (fields: Fields) => Verdict {
  const chainFault = (certificate: X509Certificate): string | undefined => {
    const { middle, root } = settings;
    const time = now().getTime();
    const links: [X509Certificate, X509Certificate][] = [
      [certificate, middle],
      [middle, root],
    ];
    for (const [child, parent] of links) {
      if (!parent.ca || !child.checkIssued(parent) || !child.verify(parent.publicKey)) {
        return 'its certificate does not lead to the configured UnionPay root';
      }
    }
    const isCurrent = [certificate, middle, root].every(
      ({ validFrom, validTo }) => Date.parse(validFrom) <= time && time <= Date.parse(validTo),
    );
    if (!isCurrent) return 'a certificate of its chain is not valid today';
    const name = /^CN=(.*)$/m.exec(certificate.subject)?.[1] ?? '';
    // `041@...@中国银联股份有限公司@...`: the organisation is the third part.
    return name === settings.signerName || name.split('@')[2] === settings.signerName
      ? undefined
      : `its certificate speaks for ${name || 'nobody'}`;
  };
  return (fields) => {
    const { signature, signPubKeyCert } = fields;
    if (!signature || !signPubKeyCert)
      return { ok: false, cause: 'it carries no signature or no certificate' };
    let certificate: X509Certificate;
    try {
      certificate = new X509Certificate(signPubKeyCert);
    } catch {
      return { ok: false, cause: 'its certificate cannot be read' };
    }
    const fault = chainFault(certificate);
    if (fault !== undefined) return { ok: false, cause: fault };
    return verify(
      'RSA-SHA256',
      Buffer.from(digest(fields)),
      certificate.publicKey,
      Buffer.from(signature, 'base64'),
    )
      ? { ok: true }
      : { ok: false, cause: 'its signature does not verify' };
  };
}

/**
 * A message as fields: url-encoded, or (as some gateways answer) `k=v&k=v` as it is, where a `{…}` may hold `&` of
 * its own. `undefined` when it is neither, or names a field twice.
 */
export function readFields(text: string): Fields | undefined {
  const isRaw = text.includes('-----BEGIN CERTIFICATE-----');
  const fields: Fields = {};
  const pairs = isRaw ? rawPairs(text) : [...new URLSearchParams(text)];
  for (const [name, value] of pairs) {
    if (name === '' || Object.hasOwn(fields, name)) return undefined;
    fields[name] = value;
  }
  return pairs.length > 0 ? fields : undefined;
}

const rawPairs = (text: string): [string, string][] =>
  (text.match(/(?:\{[^}]*\}|[^&])+/g) ?? []).map((pair) => {
    const at = pair.indexOf('=');
    return at < 0 ? ['', ''] : [pair.slice(0, at), pair.slice(at + 1)];
  });
