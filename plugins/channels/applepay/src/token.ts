import {
  createDecipheriv,
  createHash,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  type X509Certificate,
} from 'node:crypto';
import type { Currency } from '@hospital-pay/payments/contract';
import { readJson } from '@hospital-pay/wallets';
import { z } from 'zod';
import { verifyAppleSignature } from './signature';

/** The one text of these bytes: another spelling of the same token is not taken for another token. */
const base64 = z
  .base64()
  .min(1)
  .refine((text) => Buffer.from(text, 'base64').toString('base64') === text)
  .transform((text) => Buffer.from(text, 'base64'));
const hex = z
  .hex()
  .refine((text) => text.length > 0 && text.length % 2 === 0)
  .transform((text) => Buffer.from(text, 'hex'));

/**
 * What Apple signed of a PKPaymentToken, as bytes; the rest of it (name and network of the card) is nobody's word and is
 * not read. Base64 throughout, but `transactionId` and `applicationData`, which are hex.
 */
const paymentToken = z
  .object({
    paymentData: z.object({
      version: z.literal('EC_v1'),
      data: base64,
      signature: base64,
      header: z.object({
        ephemeralPublicKey: base64,
        publicKeyHash: base64,
        transactionId: hex,
        applicationData: hex.optional(),
      }),
    }),
  })
  .transform(({ paymentData: { header, ...rest } }) => ({ ...rest, ...header }));

const versioned = z.object({ paymentData: z.object({ version: z.string() }) });

export type PaymentToken = z.output<typeof paymentToken>;

const decrypted = z.object({
  applicationPrimaryAccountNumber: z.string().regex(/^\d{12,19}$/),
  applicationExpirationDate: z.string().regex(/^\d{6}$/),
  currencyCode: z.string().regex(/^\d{3}$/),
  transactionAmount: z.number().int().nonnegative(),
  paymentDataType: z.enum(['3DSecure', 'EMV']),
  paymentData: z.record(z.string(), z.unknown()),
});

export type CardData = z.output<typeof decrypted>;

/** ISO 4217 numbers, as a token names currencies. */
const currencyNumbers: Record<string, Currency> = {
  '392': 'JPY',
  '156': 'CNY',
  '901': 'TWD',
  '764': 'THB',
  '344': 'HKD',
  '840': 'USD',
};

export class TokenError extends Error {
  override readonly name = 'TokenError';
  constructor(
    readonly code:
      | 'TOKEN_MALFORMED'
      | 'TOKEN_VERSION'
      | 'TOKEN_SIGNATURE'
      | 'TOKEN_STALE'
      | 'TOKEN_KEY'
      | 'TOKEN_AMOUNT',
    message: string,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** @throws TokenError `TOKEN_MALFORMED`, or `TOKEN_VERSION` (`RSA_v1` is not taken). */
export function readToken(text: string): PaymentToken {
  const json = readJson(text);
  const version = versioned.safeParse(json).data?.paymentData.version ?? 'EC_v1';
  if (version !== 'EC_v1') throw new TokenError('TOKEN_VERSION', 'tokens of this version are not taken');
  const token = paymentToken.safeParse(json);
  if (!token.success) throw new TokenError('TOKEN_MALFORMED', 'not a payment token');
  return token.data;
}

/** Older or newer than this, a token is a replay. */
export const freshMs = 5 * 60_000;

/** Signed by Apple, just now? @throws TokenError `TOKEN_SIGNATURE`, `TOKEN_STALE` */
export async function verifyToken(token: PaymentToken, root: X509Certificate, now: Date): Promise<void> {
  const { ephemeralPublicKey, data, transactionId, applicationData = Buffer.alloc(0) } = token;
  const content = Buffer.concat([ephemeralPublicKey, data, transactionId, applicationData]);
  let signedAt: Date;
  try {
    signedAt = await verifyAppleSignature(token.signature, content, root, now);
  } catch (cause) {
    throw new TokenError('TOKEN_SIGNATURE', 'the token is not signed by Apple', { cause });
  }
  if (Math.abs(now.getTime() - signedAt.getTime()) > freshMs)
    throw new TokenError('TOKEN_STALE', `signed at ${signedAt.toISOString()}`);
}

/**
 * What the card is, in the clear. Key agreement on P-256, the X9.63 KDF with SHA-256, AES-256-GCM with an IV of zeros.
 * Source: Apple, Payment token format reference, steps 4 to 8. @throws TokenError `TOKEN_KEY`, `TOKEN_MALFORMED`
 */
export function decryptToken(token: PaymentToken, key: KeyObject, merchantIdentifier: string): CardData {
  const ownKey = createPublicKey(key.export({ type: 'pkcs8', format: 'pem' })).export({
    type: 'spki',
    format: 'der',
  });
  if (!createHash('sha256').update(ownKey).digest().equals(token.publicKeyHash))
    throw new TokenError('TOKEN_KEY', 'the token is for another processing key');
  let clear: string;
  try {
    const publicKey = createPublicKey({ key: token.ephemeralPublicKey, format: 'der', type: 'spki' });
    const secret = derive(diffieHellman({ privateKey: key, publicKey }), merchantIdentifier);
    const decipher = createDecipheriv('aes-256-gcm', secret, Buffer.alloc(16), { authTagLength: 16 });
    decipher.setAuthTag(token.data.subarray(-16));
    clear = decipher.update(token.data.subarray(0, -16), undefined, 'utf8') + decipher.final('utf8');
  } catch (cause) {
    throw new TokenError('TOKEN_KEY', 'the token cannot be decrypted', { cause });
  }
  const card = decrypted.safeParse(readJson(clear));
  if (!card.success) throw new TokenError('TOKEN_MALFORMED', 'the token holds no card');
  return card.data;
}

function derive(shared: Buffer, merchantIdentifier: string): Buffer {
  return createHash('sha256')
    .update(Buffer.from([0, 0, 0, 1]))
    .update(shared)
    .update(Buffer.from('\x0did-aes256-GCM', 'latin1'))
    .update('Apple')
    .update(createHash('sha256').update(merchantIdentifier).digest())
    .digest();
}

/** The payer agreed to this amount, in this currency's minor unit, and to no other. @throws TokenError */
export function checkAmount(card: CardData, asked: { amount: number; currency: Currency }): void {
  const currency = currencyNumbers[card.currencyCode];
  if (currency !== asked.currency || card.transactionAmount !== asked.amount) {
    throw new TokenError(
      'TOKEN_AMOUNT',
      `agreed to ${card.transactionAmount} ${currency ?? card.currencyCode}, asked ${asked.amount} ${asked.currency}`,
    );
  }
}
