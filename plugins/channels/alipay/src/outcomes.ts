import {
  type Outcome,
  type PaymentReference,
  parseAmount,
  type RefundRequest,
} from '@hospital-pay/payments/contract';
import type { Reply, ReplyBody } from './gateway';
import { readWireTime } from './zone';

/**
 * Alipay's answers as outcomes, one function a verb. Pure: a reply and what was asked go in, an outcome comes out.
 * Rule of the house: what Alipay did not sign, or did not say clearly, is `unknown`, and the next query decides.
 */

/** What a call said, before the verb gives it a meaning. */
type Said =
  | { kind: 'ok'; body: ReplyBody }
  | { kind: 'waiting'; body: ReplyBody }
  /** A signed no. */
  | { kind: 'no'; code: string; message: string }
  | { kind: 'unknown'; outcome: Outcome & { kind: 'unknown' } };

const unknown = (cause: string, code?: string): Outcome & { kind: 'unknown' } => ({
  kind: 'unknown',
  cause,
  ...(code === undefined ? {} : { code }),
});

/** `ACQ.SYSTEM_ERROR`, Alipay's own misspelling `AQC.SYSTEM_ERROR`, `aop.unknow-error`, `isp.unknow-error`, … */
const saysUnknown = (code: string): boolean => /SYSTEM_ERROR|unknow-error|UNKNOW_ERROR/i.test(code);

const rateLimited = (body: ReplyBody): boolean =>
  body.code === '40005' || /call-limited|RATE_LIMIT/.test(body.sub_code ?? '');

function said(reply: Reply): Said {
  switch (reply.kind) {
    case 'none':
      return { kind: 'unknown', outcome: unknown(reply.cause, reply.code) };
    case 'unsigned':
      return { kind: 'unknown', outcome: unknown(`unsigned error reply: ${reply.message}`, reply.code) };
    case 'signed': {
      const { body } = reply;
      const code = body.sub_code ?? body.code;
      if (body.code === '10000') return { kind: 'ok', body };
      if (body.code === '10003') return { kind: 'waiting', body };
      if (body.code === '20000' || saysUnknown(code)) {
        return {
          kind: 'unknown',
          outcome: unknown(body.sub_msg ?? body.msg ?? 'Alipay does not know', code),
        };
      }
      return { kind: 'no', code, message: body.sub_msg ?? body.msg ?? code };
    }
    default:
      return reply satisfies never;
  }
}

const integrity = (cause: string): Outcome => unknown(cause, 'INTEGRITY');

/** An answer about another order, or another amount, is an alarm and never a success. */
function mismatch(body: ReplyBody, asked: { attemptNo: string; amount: number }): Outcome | undefined {
  if (body.out_trade_no !== undefined && body.out_trade_no !== asked.attemptNo) {
    return integrity(`order mismatch: asked about ${asked.attemptNo}, answered about ${body.out_trade_no}`);
  }
  if (body.total_amount === undefined) return undefined;
  const amount = amountOf(body.total_amount);
  return amount === asked.amount
    ? undefined
    : integrity(`amount mismatch: asked for ${asked.amount}, answered ${amount ?? 'no amount'}`);
}

export function amountOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  try {
    return parseAmount(text);
  } catch {
    return undefined;
  }
}

function paid(body: ReplyBody, asked: { amount: number }, paidAt: Date): Outcome {
  if (body.total_amount === undefined || body.trade_no === undefined) {
    return unknown('a paid answer without amount or trade number', 'MALFORMED');
  }
  return {
    kind: 'paid',
    amount: asked.amount,
    currency: 'CNY',
    channelNo: body.trade_no,
    paidAt,
    ...(body.buyer_logon_id === undefined ? {} : { payer: body.buyer_logon_id }),
  };
}

/**
 * Refusals after which a payment may nevertheless exist under our number: the query decides.
 * TRADE_HAS_SUCCESS on one's own number is a first sending whose answer was lost; the other two say that something
 * was made under this number before.
 */
const existsUnderOurNumber = new Set([
  'ACQ.TRADE_HAS_SUCCESS',
  'ACQ.CONTEXT_INCONSISTENT',
  'ACQ.APPLY_PC_MERCHANT_CODE_ERROR',
]);

const refusedPayment = (code: string, message: string): Outcome =>
  existsUnderOurNumber.has(code) ? unknown(message, code) : { kind: 'failed', code, message };

type Asked = { attemptNo: string; amount: number };

/** `alipay.trade.pay`. */
export function micropayOutcome(reply: Reply, asked: Asked): Outcome {
  const answer = said(reply);
  switch (answer.kind) {
    case 'unknown':
      return answer.outcome;
    case 'no':
      return refusedPayment(answer.code, answer.message);
    case 'waiting':
      return mismatch(answer.body, asked) ?? pending(answer.body);
    case 'ok': {
      const wrong = mismatch(answer.body, asked);
      if (wrong) return wrong;
      // 10000 may still be rolled back; without its time of payment it is not yet taken for money.
      const paidAt = readWireTime(answer.body.gmt_payment);
      return paidAt
        ? paid(answer.body, asked, paidAt)
        : unknown('accepted, but no time of payment', 'NOT_CONFIRMED');
    }
    default:
      return answer satisfies never;
  }
}

const pending = (body: ReplyBody): Outcome => ({
  kind: 'pending',
  ...(body.trade_no === undefined ? {} : { channelNo: body.trade_no }),
});

/** `alipay.trade.precreate`: the QR text the patient scans. */
export function precreateOutcome(reply: Reply, asked: Asked): Outcome {
  const answer = said(reply);
  switch (answer.kind) {
    case 'unknown':
      return answer.outcome;
    case 'no':
      return refusedPayment(answer.code, answer.message);
    case 'waiting':
    case 'ok': {
      const wrong = mismatch(answer.body, asked);
      if (wrong) return wrong;
      const { qr_code } = answer.body;
      if (qr_code === undefined) return unknown('no QR text in the answer', 'MALFORMED');
      return { kind: 'pending', payerAction: { kind: 'qr', text: qr_code } };
    }
    default:
      return answer satisfies never;
  }
}

/** `alipay.trade.create`: the trade number that `my.tradePay` takes. */
export function createOutcome(reply: Reply, asked: Asked): Outcome {
  const answer = said(reply);
  switch (answer.kind) {
    case 'unknown':
      return answer.outcome;
    case 'no':
      return refusedPayment(answer.code, answer.message);
    case 'waiting':
    case 'ok': {
      const wrong = mismatch(answer.body, asked);
      if (wrong) return wrong;
      const { trade_no } = answer.body;
      if (trade_no === undefined) return unknown('no trade number in the answer', 'MALFORMED');
      return {
        kind: 'pending',
        channelNo: trade_no,
        payerAction: { kind: 'client', parameters: { tradeNO: trade_no } },
      };
    }
    default:
      return answer satisfies never;
  }
}

/** After this time a scanned payment code can no longer turn into a trade: it lives a minute, a request less. */
const micropayGraceMs = 10 * 60_000;

/** `alipay.trade.query`. */
export function queryOutcome(reply: Reply, asked: PaymentReference, now: Date): Outcome {
  const answer = said(reply);
  switch (answer.kind) {
    case 'unknown':
      return answer.outcome;
    case 'no':
      if (answer.code !== 'ACQ.TRADE_NOT_EXIST') return unknown(answer.message, answer.code);
      // Before the patient scans our QR (or opens the page) there is no trade: unpaid, not failed.
      if (asked.scene !== 'micropay') return { kind: 'pending' };
      return now.getTime() - asked.createdAt.getTime() > micropayGraceMs
        ? { kind: 'closed', reversed: false }
        : unknown('Alipay has not (yet) heard of this payment', answer.code);
    case 'waiting':
      return mismatch(answer.body, asked) ?? pending(answer.body);
    case 'ok':
      return mismatch(answer.body, asked) ?? tradeOutcome(answer.body, asked, now);
    default:
      return answer satisfies never;
  }
}

function tradeOutcome(body: ReplyBody, asked: PaymentReference, now: Date): Outcome {
  switch (body.trade_status) {
    case 'WAIT_BUYER_PAY':
      return pending(body);
    case 'TRADE_SUCCESS':
    case 'TRADE_FINISHED':
      return paid(body, asked, readWireTime(body.send_pay_date ?? body.gmt_payment) ?? now);
    case 'TRADE_CLOSED':
      // Also the state of a payment that was refunded in full: a time of payment tells the two apart.
      return { kind: 'closed', reversed: (body.send_pay_date ?? body.gmt_payment) !== undefined };
    default:
      return unknown(`trade status ${body.trade_status ?? 'missing'}`, 'MALFORMED');
  }
}

/** `alipay.trade.close`. A trade that cannot be closed may be paid: unknown, so that it is asked about. */
export function closeOutcome(reply: Reply, asked: PaymentReference): Outcome {
  const answer = said(reply);
  switch (answer.kind) {
    case 'unknown':
      return answer.outcome;
    case 'no':
      return answer.code === 'ACQ.TRADE_NOT_EXIST'
        ? { kind: 'closed', reversed: false }
        : unknown(answer.message, answer.code);
    case 'waiting':
      return unknown('close answered that the payer is waited for', '10003');
    case 'ok':
      return mismatch(answer.body, asked) ?? { kind: 'closed', reversed: false };
    default:
      return answer satisfies never;
  }
}

/**
 * `alipay.trade.cancel`. A signed refusal is for good (too late, finished, frozen, no money to give back): the trade
 * stays what it is, as a rule paid, and the query tells.
 */
export function cancelOutcome(reply: Reply, asked: PaymentReference): Outcome {
  const answer = said(reply);
  switch (answer.kind) {
    case 'unknown':
      return answer.outcome;
    case 'no':
      if (answer.code === 'ACQ.TRADE_NOT_EXIST') return { kind: 'closed', reversed: false };
      return reply.kind === 'signed' && reply.body.code === '40004'
        ? { kind: 'failed', code: answer.code, message: answer.message }
        : unknown(answer.message, answer.code);
    case 'waiting':
      return unknown('cancel answered that the payer is waited for', '10003');
    case 'ok': {
      const wrong = mismatch(answer.body, asked);
      if (wrong) return wrong;
      if (answer.body.retry_flag === 'Y') return unknown('Alipay asks to cancel again', 'RETRY_CANCEL');
      switch (answer.body.action) {
        case 'refund':
          return { kind: 'closed', reversed: true };
        case 'close':
        // No action: there was no trade, or it had failed.
        case undefined:
        case '':
          return { kind: 'closed', reversed: false };
        default:
          return unknown(`cancel answered with action ${answer.body.action}`, 'MALFORMED');
      }
    }
    default:
      return answer satisfies never;
  }
}

/** `alipay.trade.refund`. Whatever is unclear is asked again under the same number. */
export function refundOutcome(reply: Reply, asked: RefundRequest, now: Date): Outcome {
  const answer = said(reply);
  switch (answer.kind) {
    case 'unknown':
      return answer.outcome;
    case 'no':
      if (reply.kind === 'signed' && rateLimited(reply.body)) return unknown(answer.message, answer.code);
      // Another amount is already refunded under this number: that is no refusal but a broken ledger.
      if (answer.code === 'ACQ.DISCORDANT_REPEAT_REQUEST') {
        return integrity(`refund ${asked.refundNo} is known to Alipay with another amount (${answer.code})`);
      }
      return { kind: 'failed', code: answer.code, message: answer.message };
    case 'waiting':
      return pending(answer.body);
    case 'ok': {
      const { body } = answer;
      const wrong = mismatch({ ...body, total_amount: undefined }, asked.payment);
      if (wrong) return wrong;
      // N (or nothing) is also what a repeat is answered with: the refund query tells.
      if (body.fund_change !== 'Y') return pending(body);
      // `refund_fee` is what has been refunded of this payment altogether, not by this call.
      const cumulative = amountOf(body.refund_fee);
      if (cumulative === undefined) return unknown('refund accepted, no refunded amount stated', 'MALFORMED');
      if (cumulative < asked.amount || cumulative > asked.payment.amount) {
        return integrity(
          `amount mismatch: refund of ${asked.amount} out of ${asked.payment.amount}, ${cumulative} refunded altogether`,
        );
      }
      return refunded(body, asked, now);
    }
    default:
      return answer satisfies never;
  }
}

const refunded = (body: ReplyBody, asked: RefundRequest, now: Date): Outcome => ({
  kind: 'refunded',
  amount: asked.amount,
  currency: 'CNY',
  // Alipay gives a refund no number of its own.
  channelNo: body.trade_no ?? asked.payment.channelNo ?? asked.payment.attemptNo,
  refundedAt: readWireTime(body.gmt_refund_pay) ?? now,
});

/** `alipay.trade.fastpay.refund.query`. */
export function refundQueryOutcome(reply: Reply, asked: RefundRequest, now: Date): Outcome {
  const answer = said(reply);
  switch (answer.kind) {
    case 'unknown':
      return answer.outcome;
    case 'no':
      return unknown(answer.message, answer.code);
    case 'waiting':
      return pending(answer.body);
    case 'ok': {
      const { body } = answer;
      const wrong = mismatch({ ...body, total_amount: undefined }, asked.payment);
      if (wrong) return wrong;
      if (body.out_request_no !== undefined && body.out_request_no !== asked.refundNo) {
        return integrity(
          `refund mismatch: asked about ${asked.refundNo}, answered about ${body.out_request_no}`,
        );
      }
      if (
        body.refund_status !== undefined &&
        body.refund_status !== '' &&
        body.refund_status !== 'REFUND_SUCCESS'
      ) {
        return pending(body);
      }
      const amount = amountOf(body.refund_amount);
      if (body.refund_status !== 'REFUND_SUCCESS') {
        // No status: not received, failed, or another number. Only sending it again under the same number is safe.
        return unknown('Alipay shows no finished refund under this number', 'REFUND_NOT_FOUND');
      }
      if (amount !== asked.amount) {
        return integrity(`amount mismatch: refund of ${asked.amount}, answered ${amount ?? 'no amount'}`);
      }
      return refunded(body, asked, now);
    }
    default:
      return answer satisfies never;
  }
}
