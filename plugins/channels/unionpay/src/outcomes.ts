import {
  chinaCompact,
  type Outcome,
  type PaymentReference,
  type RefundRequest,
  readChinaCompact,
} from '@hospital-pay/payments/contract';
import type { Reply } from './client';
import type { Fields } from './signing';

/**
 * UnionPay's answers as outcomes, one function a verb. Pure: a reply and what was asked go in, an outcome comes out.
 * An answer to a transaction says only that it was accepted; money is decided by the query and the notification.
 */

/** `A6`: succeeded, with defects. */
export const isDone = (code: string | undefined): boolean => code === '00' || code === 'A6';

/** Timeout at the issuer, state unknown, accepted. */
const pendingCodes = new Set(['03', '04', '05']);
/** Not documented as pending, but nothing after which money is surely safe: asked about like those. */
const undecidedCodes = new Set(['06', '12', '37', '42', '83', '99']);

const unknown = (cause: string, code?: string): Outcome & { kind: 'unknown' } => ({
  kind: 'unknown',
  cause,
  ...(code === undefined ? {} : { code }),
});

const silence = (reply: Extract<Reply, { kind: 'none' }>): Outcome => unknown(reply.cause, reply.code);
const message = (fields: Fields): string => fields.respMsg ?? fields.respCode ?? '';

/** An answer about another order or amount is an alarm and never a success. */
function mismatch(fields: Fields, asked: { orderId: string; amount: number }): Outcome | undefined {
  if (fields.orderId !== undefined && fields.orderId !== asked.orderId) {
    return unknown(
      `order mismatch: asked about ${asked.orderId}, answered about ${fields.orderId}`,
      'INTEGRITY',
    );
  }
  if (fields.txnAmt !== undefined && fields.txnAmt !== String(asked.amount)) {
    return unknown(`amount mismatch: asked for ${asked.amount}, answered ${fields.txnAmt}`, 'INTEGRITY');
  }
  return fields.currencyCode === undefined || fields.currencyCode === '156'
    ? undefined
    : unknown(`currency mismatch: answered ${fields.currencyCode}`, 'INTEGRITY');
}

/** Consumption, both ways of scanning. */
export function payOutcome(
  reply: Reply,
  asked: { attemptNo: string; amount: number; scene: string },
): Outcome {
  if (reply.kind === 'none') return silence(reply);
  const { fields } = reply;
  const code = fields.respCode ?? '';
  const wrong = mismatch(fields, { orderId: asked.attemptNo, amount: asked.amount });
  if (wrong) return wrong;
  if (isDone(code)) {
    if (asked.scene === 'micropay') {
      return { kind: 'pending', ...(fields.queryId ? { channelNo: fields.queryId } : {}) };
    }
    return fields.qrCode
      ? { kind: 'pending', payerAction: { kind: 'qr', text: fields.qrCode } }
      : unknown('no QR text in the answer', 'MALFORMED');
  }
  return pendingCodes.has(code) || undecidedCodes.has(code)
    ? unknown(message(fields), code)
    : { kind: 'failed', code, message: message(fields) };
}

/** After this time a scanned payment code can no longer turn into a transaction: it lives a minute, a request less. */
const micropayGraceMs = 10 * 60_000;
/** How long after its time a QR's payment may still be on its way. */
const expiryGraceMs = 60_000;

const isOver = (asked: PaymentReference, now: Date): boolean =>
  asked.scene === 'micropay'
    ? now.getTime() - asked.createdAt.getTime() > micropayGraceMs
    : asked.expiresAt !== undefined && now.getTime() > asked.expiresAt.getTime() + expiryGraceMs;

/** Query `00`/`00` of a consumption: paid only when both the query and the transaction say so. */
export function queryOutcome(reply: Reply, asked: PaymentReference, now: Date): Outcome {
  if (reply.kind === 'none') return silence(reply);
  const { fields } = reply;
  const code = fields.respCode ?? '';
  if (code === '34') {
    if (isOver(asked, now)) return { kind: 'closed', reversed: false };
    // Before the patient scans our QR there is no transaction: unpaid, not failed.
    return asked.scene === 'micropay'
      ? unknown('UnionPay has not (yet) heard of this payment', 'ORDER_NOT_FOUND')
      : { kind: 'pending' };
  }
  if (!isDone(code)) return unknown(message(fields), code);
  const wrong = mismatch(fields, { orderId: asked.attemptNo, amount: asked.amount });
  if (wrong) return wrong;
  const { origRespCode = '', queryId } = fields;
  if (isDone(origRespCode)) {
    if (!queryId || fields.txnAmt === undefined) {
      return unknown('a paid answer without amount or query number', 'MALFORMED');
    }
    return {
      kind: 'paid',
      amount: asked.amount,
      currency: 'CNY',
      channelNo: queryId,
      paidAt: transactionTime(fields) ?? now,
    };
  }
  if (pendingCodes.has(origRespCode) || undecidedCodes.has(origRespCode)) return { kind: 'pending' };
  if (origRespCode === '') return unknown('the query does not say what became of the payment', 'MALFORMED');
  return { kind: 'failed', code: origRespCode, message: fields.origRespMsg ?? origRespCode };
}

/** Refund `04`/`00`: accepted at best. */
export function refundOutcome(reply: Reply, asked: RefundRequest): Outcome {
  if (reply.kind === 'none') return silence(reply);
  const { fields } = reply;
  const code = fields.respCode ?? '';
  const wrong = mismatch(fields, { orderId: asked.refundNo, amount: asked.amount });
  if (wrong) return wrong;
  if (isDone(code)) return { kind: 'pending', ...(fields.queryId ? { channelNo: fields.queryId } : {}) };
  return pendingCodes.has(code) || undecidedCodes.has(code)
    ? unknown(message(fields), code)
    : { kind: 'failed', code, message: message(fields) };
}

/** Query `00`/`00` of a refund. */
export function refundQueryOutcome(reply: Reply, asked: RefundRequest, now: Date): Outcome {
  if (reply.kind === 'none') return silence(reply);
  const { fields } = reply;
  const code = fields.respCode ?? '';
  if (code === '34') return unknown('UnionPay knows no refund of this number', 'REFUND_NOT_FOUND');
  if (!isDone(code)) return unknown(message(fields), code);
  const wrong = mismatch(fields, { orderId: asked.refundNo, amount: asked.amount });
  if (wrong) return wrong;
  const { origRespCode = '', queryId } = fields;
  if (isDone(origRespCode)) {
    if (!queryId || fields.txnAmt === undefined) {
      return unknown('a refunded answer without amount or query number', 'MALFORMED');
    }
    const refundedAt = transactionTime(fields) ?? now;
    return { kind: 'refunded', amount: asked.amount, currency: 'CNY', channelNo: queryId, refundedAt };
  }
  if (pendingCodes.has(origRespCode) || undecidedCodes.has(origRespCode)) return { kind: 'pending' };
  if (origRespCode === '') return unknown('the query does not say what became of the refund', 'MALFORMED');
  return { kind: 'failed', code: origRespCode, message: fields.origRespMsg ?? origRespCode };
}

/** `traceTime` (MMDDhhmmss, no year) is when it happened; `txnTime` is when it was asked for. */
export function transactionTime(fields: Fields): Date | undefined {
  const asked = readChinaCompact(fields.txnTime);
  return withYear(fields.traceTime, asked) ?? asked;
}

/** A `MMDDhhmmss` in the year that brings it nearest to another moment. */
export function withYear(text: string | undefined, near: Date | undefined): Date | undefined {
  if (text === undefined || near === undefined) return undefined;
  const year = Number(chinaCompact(near).slice(0, 4));
  return [year - 1, year, year + 1]
    .map((candidate) => readChinaCompact(`${candidate}${text}`))
    .filter((date) => date !== undefined)
    .sort((a, b) => Math.abs(a.getTime() - near.getTime()) - Math.abs(b.getTime() - near.getTime()))[0];
}
