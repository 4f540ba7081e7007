import {
  createCipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  randomBytes,
  sign,
  X509Certificate,
} from 'node:crypto';
import { distinguishedName } from '../certificate';
import { integer, objectId, sequence, tagged, time } from '../der';
import { privateKey } from '../keys';
import { type ApplepayCredentials, INTERMEDIATE, p256 } from './credentials';

/** Cards on the patient's device, by what their issuer makes of a payment. */
export const cards = {
  pays: '4761120010000492',
  waits: '4761120010000518',
  declined: '4761120010000534',
} as const;

export interface TokenRequest {
  /** In minor units. */
  amount: number;
  /** ISO 4217 number. */
  currencyCode: string;
  card: keyof typeof cards;
  signedAt: Date;
  transactionId?: string;
}

/** What the device makes when its owner has agreed to an amount: a PKPaymentToken (`EC_v1`) as JSON text. */
export function makeToken(own: ApplepayCredentials, asked: TokenRequest): string {
  const transactionId = asked.transactionId ?? randomBytes(32).toString('hex');
  const card = {
    applicationPrimaryAccountNumber: cards[asked.card],
    applicationExpirationDate: '391231',
    currencyCode: asked.currencyCode,
    transactionAmount: asked.amount,
    deviceManufacturerIdentifier: '040010030273',
    paymentDataType: '3DSecure',
    paymentData: { onlinePaymentCryptogram: randomBytes(20).toString('base64'), eciIndicator: '7' },
  };
  const { ephemeral, data } = seal(own, Buffer.from(JSON.stringify(card)));
  const signed = Buffer.concat([ephemeral, data, Buffer.from(transactionId, 'hex')]);
  const processing = publicDer(own.processingKey);
  return JSON.stringify({
    paymentData: {
      version: 'EC_v1',
      data: data.toString('base64'),
      signature: signedMessage(own, signed, asked.signedAt).toString('base64'),
      header: {
        ephemeralPublicKey: ephemeral.toString('base64'),
        publicKeyHash: createHash('sha256').update(processing).digest('base64'),
        transactionId,
      },
    },
    paymentMethod: { displayName: 'Visa 0492', network: 'Visa', type: 'credit' },
    transactionIdentifier: transactionId.toUpperCase(),
  });
}

const publicDer = (pem: string): Buffer => createPublicKey(pem).export({ type: 'spki', format: 'der' });

/** Only the holder of the processing key who also knows the merchant identifier can open it. */
function seal(own: ApplepayCredentials, clear: Buffer): { ephemeral: Buffer; data: Buffer } {
  const once = p256();
  const shared = diffieHellman({ privateKey: once, publicKey: createPublicKey(own.processingKey) });
  const merchant = createHash('sha256').update(own.merchantIdentifier).digest();
  const material = [
    Buffer.from('00000001', 'hex'),
    shared,
    Buffer.from('\rid-aes256-GCMApple', 'latin1'),
    merchant,
  ];
  const key = createHash('sha256').update(Buffer.concat(material)).digest();
  const cipher = createCipheriv('aes-256-gcm', key, Buffer.alloc(16));
  const sealed = [cipher.update(clear), cipher.final()];
  return {
    ephemeral: createPublicKey(once.export({ type: 'pkcs8', format: 'pem' })).export({
      type: 'spki',
      format: 'der',
    }),
    data: Buffer.concat([...sealed, cipher.getAuthTag()]),
  };
}

const set = (...parts: Buffer[]) => tagged(0x31, ...parts);
/** A part of a length that is told by its end: the outer parts of Apple's messages are written so. */
const openEnded = (tag: number, ...parts: Buffer[]) =>
  Buffer.concat([Buffer.from([tag, 0x80]), ...parts, Buffer.from([0, 0])]);
const octets = (bytes: Buffer) => tagged(0x04, bytes);
const certificateDer = (pem: string) => new X509Certificate(pem).raw;

const DATA = objectId('1.2.840.113549.1.7.1');
const SIGNED_DATA = objectId('1.2.840.113549.1.7.2');
const SHA256 = sequence(objectId('2.16.840.1.101.3.4.2.1'), tagged(0x05));
const ECDSA_WITH_SHA256 = sequence(objectId('1.2.840.10045.4.3.2'));
const CONTENT_TYPE = objectId('1.2.840.113549.1.9.3');
const MESSAGE_DIGEST = objectId('1.2.840.113549.1.9.4');
const SIGNING_TIME = objectId('1.2.840.113549.1.9.5');

/** A detached CMS signature with the leaf's key, carrying leaf and intermediate. */
function signedMessage(own: ApplepayCredentials, content: Buffer, at: Date): Buffer {
  const attributes = [
    sequence(CONTENT_TYPE, set(DATA)),
    sequence(SIGNING_TIME, set(time(at))),
    sequence(MESSAGE_DIGEST, set(octets(createHash('sha256').update(content).digest()))),
  ];
  const serial = Buffer.from(new X509Certificate(own.leafCertificate).serialNumber, 'hex');
  const signer = sequence(
    integer(Buffer.from([1])),
    sequence(distinguishedName(INTERMEDIATE), integer(serial)),
    SHA256,
    tagged(0xa0, ...attributes),
    ECDSA_WITH_SHA256,
    octets(sign('sha256', set(...attributes), privateKey(own.leafKey))),
  );
  const certificates = [own.leafCertificate, own.intermediateCertificate].map(certificateDer);
  const message = openEnded(
    0x30,
    integer(Buffer.from([1])),
    set(SHA256),
    openEnded(0x30, DATA),
    openEnded(0xa0, ...certificates),
    set(signer),
  );
  return openEnded(0x30, SIGNED_DATA, openEnded(0xa0, message));
}
