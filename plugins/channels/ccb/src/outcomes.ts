import {
  type Outcome,
  type PaymentReference,
  parseAmount,
  type RefundRequest,
  readChinaCompact,
} from '@hospital-pay/payments/contract';
import type { Answer, BarcodeReply, QueryReply } from './client';
import type { EbsReply, RefundRow } from './ebs';

/**
 * CCB's answers as outcomes, one function a verb. Pure: an answer and what was asked go in, an outcome comes out.
 * The bank gives a payment no number of its own: it goes by the merchant's order number everywhere.
 */

const unknown = (cause: string, code?: string): Outcome & { kind: 'unknown' } => ({
  kind: 'unknown',
  cause,
  ...(code === undefined ? {} : { code }),
});

const integrity = (cause: string): Outcome => unknown(cause, 'INTEGRITY');

export function amountOf(text: string): number | undefined {
  try {
    return parseAmount(text);
  } catch {
    return undefined;
  }
}

/** An answer about another order or amount is an alarm and never a success. */
function mismatch(
  told: { ORDERID: string; AMOUNT: string },
  asked: { attemptNo: string; amount: number },
): Outcome | undefined {
  if (told.ORDERID !== asked.attemptNo) {
    return integrity(
      `order mismatch: asked about ${asked.attemptNo}, answered about ${told.ORDERID || 'none'}`,
    );
  }
  const amount = amountOf(told.AMOUNT);
  return amount === asked.amount
    ? undefined
    : integrity(`amount mismatch: asked for ${asked.amount}, answered ${amount ?? 'no amount'}`);
}

const paid = (asked: { attemptNo: string; amount: number }, paidAt: Date): Outcome => ({
  kind: 'paid',
  amount: asked.amount,
  currency: 'CNY',
  channelNo: asked.attemptNo,
  paidAt,
});

/** PAY100. */
export function barcodeOutcome(
  answer: Answer<BarcodeReply>,
  asked: { attemptNo: string; amount: number },
  now: Date,
): Outcome {
  if (answer.kind === 'none') return unknown(answer.cause, answer.code);
  const { RESULT, ERRCODE, ERRMSG } = answer.body;
  switch (RESULT) {
    case 'Y':
      return mismatch(answer.body, asked) ?? paid(asked, now);
    case 'N':
      return { kind: 'failed', code: ERRCODE || 'RESULT_N', message: ERRMSG };
    case 'Q':
      return { kind: 'pending' };
    default:
      return unknown(ERRMSG || `RESULT=${RESULT}`, ERRCODE || `RESULT_${RESULT}`);
  }
}

/** A payment code lives a minute: until then our PAY100 may still reach the bank. */
const codeLifeMs = 60_000;

/** PAY101. `N` is also said of an order that the bank does not know (yet). */
export function barcodeQueryOutcome(
  answer: Answer<BarcodeReply>,
  asked: PaymentReference,
  now: Date,
): Outcome {
  const outcome = barcodeOutcome(answer, asked, now);
  const isYoung = now.getTime() - asked.createdAt.getTime() < codeLifeMs;
  return outcome.kind === 'failed' && isYoung ? unknown(outcome.message, outcome.code) : outcome;
}

/** 530550. The bank does not sign its answer, so a refusal is no certainty either. */
export function qrOutcome(answer: Answer<string>): Outcome {
  return answer.kind === 'none'
    ? unknown(answer.cause, answer.code)
    : { kind: 'pending', payerAction: { kind: 'qr', text: answer.body } };
}

/** How long after its time a QR's payment may still be on its way. */
const expiryGraceMs = 5 * 60_000;

/** 410408. */
export function queryOutcome(answer: Answer<QueryReply>, asked: PaymentReference, now: Date): Outcome {
  if (answer.kind === 'none') return unknown(answer.cause, answer.code);
  const { RETURN_CODE, RETURN_MSG, QUERYORDER } = answer.body;
  if (RETURN_CODE !== '000000') return unknown(RETURN_MSG, RETURN_CODE);
  const order = QUERYORDER.find(({ ORDERID }) => ORDERID === asked.attemptNo);
  if (order === undefined) {
    // The bank was given the QR's time (TIMEOUT) and knows no payment: none can come any more.
    const isOver = asked.expiresAt !== undefined && now.getTime() > asked.expiresAt.getTime() + expiryGraceMs;
    return isOver ? { kind: 'closed', reversed: false } : { kind: 'pending' };
  }
  switch (order.STATUSCODE) {
    case '0':
      return { kind: 'failed', code: 'STATUS_0', message: order.STATUS };
    // Refunded in part or in full: it had been paid.
    case '1':
    case '3':
    case '4':
      return mismatch(order, asked) ?? paid(asked, readChinaCompact(order.ORDERDATE) ?? now);
    case '2':
    case '5':
      return { kind: 'pending' };
    default:
      return unknown(`STATUSCODE=${order.STATUSCODE}`, 'MALFORMED');
  }
}

/**
 * REFUND_CODE has 15 places: what our refund number adds to the order's, which names the refund within its order.
 * `undefined` when that does not fit.
 */
export function refundCode({ refundNo, payment }: RefundRequest): string | undefined {
  const code = refundNo.startsWith(payment.attemptNo) ? refundNo.slice(payment.attemptNo.length) : refundNo;
  return /^[0-9A-Za-z]{1,15}$/.test(code) ? code : undefined;
}

/** 5W1004: accepted at best. Whatever it says, 5W1003 decides, and is asked before anything is sent again. */
export function refundOutcome(answer: Answer<EbsReply>): Outcome {
  if (answer.kind === 'none') return unknown(answer.cause, answer.code);
  const { RETURN_CODE, RETURN_MSG } = answer.body;
  return RETURN_CODE === '000000' ? { kind: 'pending' } : unknown(RETURN_MSG, RETURN_CODE);
}

/** 5W1003: our refund among those of the order. `undefined`: it is not among them. */
export function refundRowOutcome(
  found: readonly RefundRow[],
  asked: RefundRequest,
  now: Date,
): Outcome | undefined {
  const row = found.find(
    (each) => each.ORDER_NUMBER === asked.payment.attemptNo && each.REFUND_CODE === refundCode(asked),
  );
  if (row === undefined) return undefined;
  const amount = amountOf(row.REFUNDEMENT_AMOUNT);
  if (amount !== asked.amount) {
    return integrity(`amount mismatch: refund of ${asked.amount}, answered ${amount ?? 'no amount'}`);
  }
  switch (row.STATUS) {
    case '0':
      return { kind: 'failed', code: 'STATUS_0', message: '退款失败' };
    case '1':
      return {
        kind: 'refunded',
        amount,
        currency: 'CNY',
        channelNo: asked.payment.attemptNo,
        refundedAt: now,
      };
    case '2':
    case '5':
      return { kind: 'pending' };
    default:
      return unknown(`STATUS=${row.STATUS}`, 'MALFORMED');
  }
}
