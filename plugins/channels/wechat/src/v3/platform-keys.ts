import { type KeyObject, X509Certificate } from 'node:crypto';
import { z } from 'zod';
import type { WechatSettings } from '../config';
import { decryptResource } from '../gcm';
import { readJson } from '../json';
import { canonicalSerial, checkEnvelope, type Refusal, type SignedText, signatureMatches } from '../signing';

export interface CertificateAnswer {
  status: number;
  text: string;
  signed: SignedText | undefined;
}

export type CertificateDownload =
  | { kind: 'keys'; keys: Map<string, KeyObject> }
  | { kind: 'refused'; code: string; cause: string };

const certificatesBody = z.object({
  data: z.array(
    z.object({
      serial_no: z.string(),
      encrypt_certificate: z.object({
        nonce: z.string(),
        associated_data: z.string().optional(),
        ciphertext: z.string(),
      }),
    }),
  ),
});

const errorBody = z.object({ code: z.string(), message: z.string().default('') });

/** Forged notifications with made-up serials must not make us ask WeChat each time. */
const refreshPauseMs = 60_000;

/**
 * The keys that WeChat signs with, by serial. In certificate mode they are fetched when none was given, and once
 * more when WeChat signs with one that we do not know.
 */
export class PlatformKeys {
  private keys = new Map<string, KeyObject>();
  private lastDownload = Number.NEGATIVE_INFINITY;
  private running: Promise<CertificateDownload> | undefined;

  constructor(
    private readonly settings: WechatSettings,
    private readonly now: () => Date,
    private readonly fetchCertificates: () => Promise<CertificateAnswer | { cause: string; code: string }>,
  ) {
    if (settings.publicKey) this.keys.set(settings.publicKey.id, settings.publicKey.key);
    if (settings.platformCertificate) {
      this.keys.set(settings.platformCertificate.serial, settings.platformCertificate.key);
    }
  }

  async verify(text: SignedText | undefined): Promise<Refusal | undefined> {
    if (!text) return 'HEADERS_MISSING';
    const refusal = checkEnvelope(text, this.now());
    if (refusal) return refusal;
    const key = await this.keyOf(text.serial);
    if (!key) return 'UNKNOWN_SERIAL';
    return signatureMatches(text, key) ? undefined : 'BAD_SIGNATURE';
  }

  private async keyOf(serial: string): Promise<KeyObject | undefined> {
    const wanted = canonicalSerial(serial);
    const known = this.keys.get(wanted);
    if (known || this.settings.publicKey) return known;
    if (this.now().getTime() - this.lastDownload < refreshPauseMs && !this.running) return undefined;
    await this.download();
    return this.keys.get(wanted);
  }

  /** What fields for WeChat's eyes are encrypted with. Its serial goes along, as WeChat writes it. */
  async encryptionKey(): Promise<{ serial: string; key: KeyObject } | undefined> {
    if (this.keys.size === 0) await this.download();
    const latest = [...this.keys].at(-1);
    if (!latest) return undefined;
    const [serial, key] = latest;
    return { serial: this.settings.publicKey ? serial : serial.toUpperCase(), key };
  }

  /** Several callers at once share one download. */
  download(): Promise<CertificateDownload> {
    this.running ??= this.downloadOnce().finally(() => {
      this.running = undefined;
    });
    return this.running;
  }

  private async downloadOnce(): Promise<CertificateDownload> {
    this.lastDownload = this.now().getTime();
    const answer = await this.fetchCertificates();
    if ('cause' in answer) return { kind: 'refused', code: answer.code, cause: answer.cause };
    if (answer.status !== 200) {
      const error = errorBody.safeParse(readJson(answer.text));
      const message = error.success ? `${error.data.code}: ${error.data.message}` : `HTTP ${answer.status}`;
      const none = /平台证书|公钥/.test(message) || answer.status === 404;
      const code = none ? 'NO_PLATFORM_CERTIFICATE' : error.success ? error.data.code : 'HTTP_ERROR';
      return { kind: 'refused', code, cause: message };
    }
    const keys = this.decrypt(answer.text);
    if (!keys) {
      return { kind: 'refused', code: 'UNVERIFIED', cause: 'certificates do not open with this APIv3 key' };
    }
    // The list is signed by one of the certificates inside it; only the holder of the APIv3 key could have sealed them.
    const { signed } = answer;
    const signer = signed && keys.get(canonicalSerial(signed.serial));
    if (!signed || checkEnvelope(signed, this.now()) || !signer || !signatureMatches(signed, signer)) {
      return { kind: 'refused', code: 'UNVERIFIED', cause: 'the certificate list does not verify' };
    }
    this.keys = new Map([...this.keys, ...keys]);
    return { kind: 'keys', keys };
  }

  private decrypt(text: string): Map<string, KeyObject> | undefined {
    const body = certificatesBody.safeParse(readJson(text));
    if (!body.success) return undefined;
    try {
      return new Map(
        body.data.data.map((entry) => {
          const certificate = decryptResource(this.settings.apiV3Key, entry.encrypt_certificate);
          return [canonicalSerial(entry.serial_no), new X509Certificate(certificate).publicKey];
        }),
      );
    } catch {
      return undefined;
    }
  }
}
