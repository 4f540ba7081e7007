import {
  type InsuranceQuote,
  type InsuranceSplit,
  type Outcome,
  type RefundRequest,
  readChinaCompact,
  type SettledClaim,
} from '@hospital-pay/payments/contract';
import { z } from 'zod';
import { type Reply, refusalOf } from './client';
import { money } from './fee';
import { Digits } from './json';

/**
 * The centre's answers as outcomes, one function a verb. Pure: a reply and what was asked go in, an outcome comes out.
 */
type OrderState = 'processing' | 'settled' | 'cancelled' | 'failed';

/** `ordStas`, first and last of each family. Of one implementation: provinces differ, none is verified. */
const ordStas: readonly (readonly [first: number, last: number, OrderState])[] = [
  [0, 2, 'processing'],
  [3, 6, 'settled'],
  [7, 13, 'cancelled'],
  [14, 16, 'failed'],
];

const stateOf = (code: string): OrderState | undefined =>
  /^\d{1,2}$/.test(code)
    ? ordStas.find(([first, last]) => Number(code) >= first && Number(code) <= last)?.[2]
    : undefined;

const text = z.union([z.string(), z.instanceof(Digits).transform((digits) => digits.text)]);

const shares = z.object({
  feeSumamt: money,
  ownPayAmt: money.optional(),
  /** 6302 spells it so. */
  ownpayAmt: money.optional(),
  psnAcctPay: money,
  fundPay: money,
  othFeeAmt: money.optional(),
  deposit: money.optional(),
});

const orderBody = shares.extend({
  payOrdId: text,
  ordStas: text,
  medOrgOrd: text.optional(),
  payToken: text.optional(),
  hiChrgTime: text.optional(),
  traceTime: text.optional(),
});

const refundBody = z.object({ refStatus: text, payOrdId: text.optional() });

type Unknown = Outcome & { kind: 'unknown' };
const unknown = (cause: string, code?: string): Unknown => ({
  kind: 'unknown',
  cause,
  ...(code === undefined ? {} : { code }),
});
const integrity = (cause: string) => unknown(cause, 'INTEGRITY');

/** Whatever the centre refuses: it publishes no codes, so only its next answer about the order tells. */
const refused = (reply: Reply): Unknown | undefined => {
  const refusal = refusalOf(reply);
  return refusal && unknown(refusal.message, refusal.code);
};

/** Who bears the fee; a text when the parts do not make the whole, or somebody else bears one. */
export function splitOf(body: z.output<typeof shares>): { totalFen: number; split: InsuranceSplit } | string {
  const cashFen = body.ownPayAmt ?? body.ownpayAmt;
  if (cashFen === undefined) return 'the answer does not say what the patient pays';
  const { feeSumamt: totalFen, fundPay: fundFen, psnAcctPay: accountFen, othFeeAmt = 0, deposit = 0 } = body;
  const sum = cashFen + accountFen + fundFen + othFeeAmt + deposit;
  if (sum !== totalFen) return `the parts make ${sum} fen, the whole is ${totalFen}`;
  if (othFeeAmt + deposit > 0)
    return `others bear ${othFeeAmt + deposit} fen, which 6203 could not give back`;
  return { totalFen, split: { fundFen, accountFen, otherFen: 0, cashFen } };
}

export const sharesSchema = shares;

/** 6201. */
export function quoteOutcome(reply: Reply, asked: { totalFen: number }): InsuranceQuote {
  if (reply.kind === 'none') return { kind: 'unknown', cause: reply.cause, code: reply.code };
  const refusal = refusalOf(reply);
  if (refusal) return { kind: 'refused', ...refusal };
  const body = orderBody.safeParse(reply.data);
  if (!body.success || body.data.payToken === undefined) {
    return { kind: 'unknown', cause: 'unreadable answer to an upload', code: 'MALFORMED' };
  }
  const { payOrdId, payToken, othFeeAmt = 0, deposit = 0 } = body.data;
  const divided = splitOf(body.data);
  if (typeof divided === 'string') {
    return othFeeAmt + deposit > 0
      ? { kind: 'refused', code: 'OTHER_PART', message: divided }
      : { kind: 'unknown', cause: divided, code: 'INTEGRITY' };
  }
  if (divided.totalFen !== asked.totalFen) {
    const cause = `a fee of ${divided.totalFen} fen, asked about ${asked.totalFen}`;
    return { kind: 'unknown', cause, code: 'INTEGRITY' };
  }
  return { kind: 'quoted', claim: { claimNo: payOrdId, token: payToken, split: divided.split } };
}

export interface Expected {
  attemptNo: string;
  /** All but the cash. */
  amount: number;
  claim: SettledClaim;
}

/** 6202 and 6301. */
export function orderOutcome(reply: Reply, expected: Expected, now: Date): Outcome {
  const read = readOrder(reply, expected);
  if ('kind' in read) return read;
  const { body, state } = read;
  switch (state) {
    case 'processing':
      return { kind: 'pending', channelNo: body.payOrdId };
    case 'cancelled':
      return { kind: 'closed', reversed: true };
    case 'failed':
      return { kind: 'failed', code: 'SETTLEMENT_FAILED', message: `ordStas ${body.ordStas}` };
    case 'settled': {
      const divided = splitOf(body);
      if (typeof divided === 'string') return integrity(divided);
      const { totalFen, split } = divided;
      const borne = split.fundFen + split.accountFen;
      if (borne !== expected.amount || totalFen !== expected.amount + expected.claim.split.cashFen) {
        const asked = `${expected.amount} of ${expected.amount + expected.claim.split.cashFen}`;
        return integrity(`insurance bears ${borne} of ${totalFen} fen, asked ${asked}`);
      }
      return {
        kind: 'paid',
        amount: borne,
        currency: 'CNY',
        channelNo: body.payOrdId,
        paidAt: momentOf(body.hiChrgTime) ?? now,
        split,
      };
    }
    default:
      return state satisfies never;
  }
}

function readOrder(
  reply: Reply,
  { attemptNo, claim }: Expected,
): Unknown | { body: z.output<typeof orderBody>; state: OrderState } {
  if (reply.kind === 'none') return unknown(reply.cause, reply.code);
  const refusal = refused(reply);
  if (refusal) return refusal;
  const parsed = orderBody.safeParse(reply.data);
  if (!parsed.success) return unknown('unreadable answer about an order', 'MALFORMED');
  const body = parsed.data;
  if (body.payOrdId !== claim.claimNo) return integrity(`answer is for ${body.payOrdId}`);
  if (body.medOrgOrd !== undefined && body.medOrgOrd !== attemptNo) {
    return integrity(`answer is for ${body.medOrgOrd}`);
  }
  const state = stateOf(body.ordStas);
  return state === undefined ? unknown(`unlisted ordStas ${body.ordStas}`, 'MALFORMED') : { body, state };
}

/** 6401. */
export const closeOutcome = (reply: Reply): Outcome => refused(reply) ?? { kind: 'closed', reversed: false };

/** 6203. */
export function refundOutcome(reply: Reply, request: RefundRequest, expected: Expected, now: Date): Outcome {
  if (reply.kind === 'none') return unknown(reply.cause, reply.code);
  const refusal = refused(reply);
  if (refusal) return refusal;
  const body = refundBody.safeParse(reply.data);
  if (!body.success) return unknown('unreadable answer to a refund', 'MALFORMED');
  const { refStatus, payOrdId } = body.data;
  if (payOrdId !== undefined && payOrdId !== expected.claim.claimNo) {
    return integrity(`answer is for ${payOrdId}`);
  }
  switch (refStatus) {
    case 'SUCC':
      return givenBack(request, now);
    case 'FAIL':
      return { kind: 'failed', code: 'REFUND_FAIL', message: '医保退款失败' };
    case 'EXP':
      return unknown('the centre does not know what became of the refund (EXP)', 'REFUND_EXP');
    default:
      return unknown(`unlisted refStatus ${refStatus}`, 'MALFORMED');
  }
}

/** 6301 after 6203: the insurer gives back all or nothing, so the order's state is the refund's. */
export function refundQueryOutcome(
  reply: Reply,
  request: RefundRequest,
  expected: Expected,
  now: Date,
): Outcome {
  const read = readOrder(reply, expected);
  if ('kind' in read) return read;
  const { body, state } = read;
  switch (state) {
    case 'cancelled':
      return givenBack(request, momentOf(body.traceTime) ?? now);
    case 'settled':
      return unknown('the insurance payment still stands', 'REFUND_NOT_FOUND');
    case 'processing':
      return { kind: 'pending' };
    case 'failed':
      return integrity(`ordStas ${body.ordStas} of a payment that was settled`);
    default:
      return state satisfies never;
  }
}

const givenBack = ({ refundNo, amount }: RefundRequest, refundedAt: Date): Outcome => ({
  kind: 'refunded',
  amount,
  currency: 'CNY',
  channelNo: refundNo,
  refundedAt,
});

/** `yyyyMMddHHmmss`, or with marks between: the centre's own form is not verified. */
export const momentOf = (time: string | undefined): Date | undefined =>
  readChinaCompact(time?.replace(/\D/g, ''));
