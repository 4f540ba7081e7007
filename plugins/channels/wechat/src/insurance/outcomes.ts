import type {
  InsuranceSplit,
  Outcome,
  PaymentReference,
  SettledClaim,
} from '@hospital-pay/payments/contract';
import { z } from 'zod';
import { integrity, type Refused, refusedOutcome, type Verb } from '../outcomes';
import { readRfc3339 } from '../texts';
import { addsUp } from './amounts';
import { insuranceErrors } from './errors';
import { changesOf } from './fee';

const fen = z.number().int().nonnegative().refine(Number.isSafeInteger);

const amounts = z.object({
  total_fee: fen,
  med_ins_gov_fee: fen,
  med_ins_self_fee: fen,
  med_ins_other_fee: fen,
  med_ins_cash_fee: fen,
  wechat_pay_cash_fee: fen,
});

export const mixedOrderBody = amounts.extend({
  mix_trade_no: z.string().min(1),
  mix_pay_status: z.string(),
  self_pay_status: z.string(),
  med_ins_pay_status: z.string(),
  med_ins_fail_reason: z.string().optional(),
  out_trade_no: z.string(),
  appid: z.string().optional(),
  attach: z.string().optional(),
  paid_time: z.string().optional(),
  cash_add_detail: z.array(z.object({ cash_add_fee: fen, cash_add_type: z.string() })).default([]),
  cash_reduce_detail: z.array(z.object({ cash_reduce_fee: fen, cash_reduce_type: z.string() })).default([]),
});

export type MixedOrder = z.output<typeof mixedOrderBody>;

/** The insurer's part of a mixed order, as it stands. */
type InsuranceState = 'waiting' | 'settled' | 'given-back' | 'failed' | 'none' | 'unlisted';

const insuranceStates: Record<string, InsuranceState> = {
  MED_INS_PAY_CREATED: 'waiting',
  MED_INS_PAY_SUCCESS: 'settled',
  MED_INS_PAY_REFUND: 'given-back',
  MED_INS_PAY_FAIL: 'failed',
  NO_MED_INS_PAY: 'none',
};

export const insuranceState = ({ med_ins_pay_status }: MixedOrder): InsuranceState =>
  insuranceStates[med_ins_pay_status] ?? 'unlisted';

export interface Expected {
  appid: string;
  /** Absent when a notification is read: the core knows what was asked and compares. */
  payment?: Pick<PaymentReference, 'amount' | 'expiresAt'> & { orderNo: string; claim: SettledClaim };
}

/** A prepay id lives as long as this; with it dies the act in which both parts are paid. */
const prepayLifeMs = 2 * 3_600_000;

/** What became of the insurer's part. The cash part is WeChat Pay's own order and is asked about there. */
export function mixedOutcome(order: MixedOrder, { appid, payment }: Expected, now: Date): Outcome {
  if (order.appid !== undefined && order.appid !== appid)
    return integrity(`answer is for app ${order.appid}`);
  if (payment && order.out_trade_no !== payment.orderNo) {
    return integrity(`answer is for order ${order.out_trade_no}`);
  }
  if (!addsUp(order, changesOf(order))) return integrity('the amounts do not add up');
  const split = splitOf(order);
  const amount = split.fundFen + split.accountFen + split.otherFen;
  if (payment && (amount !== payment.amount || split.cashFen !== payment.claim.split.cashFen)) {
    return integrity(
      `insurance bears ${amount} fen and cash ${split.cashFen}, asked ${payment.amount} and ${payment.claim.split.cashFen}`,
    );
  }
  const state = insuranceState(order);
  switch (state) {
    case 'settled':
      return {
        kind: 'paid',
        amount,
        currency: 'CNY',
        channelNo: order.mix_trade_no,
        paidAt: readRfc3339(order.paid_time) ?? now,
        split,
      };
    case 'given-back':
      return { kind: 'closed', reversed: true };
    case 'failed':
      return {
        kind: 'failed',
        code: 'MED_INS_PAY_FAIL',
        message: order.med_ins_fail_reason ?? '医保支付失败',
      };
    case 'waiting':
      return waiting(order, payment, now);
    case 'none':
      return integrity('the order has no insurance part');
    case 'unlisted':
      return {
        kind: 'unknown',
        cause: `unlisted med_ins_pay_status ${order.med_ins_pay_status}`,
        code: 'GARBAGE',
      };
    default:
      return state satisfies never;
  }
}

function waiting(order: MixedOrder, payment: Expected['payment'], now: Date): Outcome {
  if (order.mix_pay_status === 'MIX_PAY_FAIL') {
    return {
      kind: 'failed',
      code: 'MIX_PAY_FAIL',
      message: order.med_ins_fail_reason ?? '医保自费混合支付失败',
    };
  }
  const isOver =
    payment?.claim.cash !== undefined &&
    payment.expiresAt !== undefined &&
    now.getTime() > payment.expiresAt.getTime() + prepayLifeMs;
  return isOver ? { kind: 'closed', reversed: false } : { kind: 'pending', channelNo: order.mix_trade_no };
}

const splitOf = (order: MixedOrder): InsuranceSplit => ({
  fundFen: order.med_ins_gov_fee,
  accountFen: order.med_ins_self_fee,
  otherFen: order.med_ins_other_fee,
  cashFen: order.wechat_pay_cash_fee,
});

/** A refusal, with the code that Request-ID ends in where that says more than RULE_LIMIT does. */
export function refusedMixed(
  verb: Verb,
  refused: Refused,
  payment: Pick<PaymentReference, 'scene' | 'createdAt' | 'expiresAt'>,
  now: Date,
): Outcome {
  const outcome = refusedOutcome(verb, refused, payment, now);
  const suffix = refused.kind === 'error' ? refused.requestId?.split('-').at(-1) : undefined;
  return outcome.kind === 'failed' && suffix !== undefined && Object.hasOwn(insuranceErrors, suffix)
    ? { ...outcome, code: suffix }
    : outcome;
}
