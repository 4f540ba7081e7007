import type { InsuranceSplit } from '@hospital-pay/payments/contract';

/** What the hospital adds to, and takes off, the cash that insurance leaves. All in fen. */
export interface CashChanges {
  add: number;
  reduce: number;
}

export interface MixedAmounts {
  total_fee: number;
  med_ins_gov_fee: number;
  med_ins_self_fee: number;
  med_ins_other_fee: number;
  /** The cash that insurance leaves. */
  med_ins_cash_fee: number;
  /** The cash that WeChat Pay collects. */
  wechat_pay_cash_fee: number;
}

/** The amounts of an order, from who bears what; `undefined` when the hospital adds more than is collected. */
export function mixedAmounts(split: InsuranceSplit, { add, reduce }: CashChanges): MixedAmounts | undefined {
  const insured = split.fundFen + split.accountFen + split.otherFen;
  const left = split.cashFen - add + reduce;
  if (left < 0) return undefined;
  return {
    total_fee: insured + split.cashFen + reduce,
    med_ins_gov_fee: split.fundFen,
    med_ins_self_fee: split.accountFen,
    med_ins_other_fee: split.otherFen,
    med_ins_cash_fee: left,
    wechat_pay_cash_fee: split.cashFen,
  };
}

/** WeChat's three identities, in fen. */
export function addsUp(amounts: MixedAmounts, { add, reduce }: CashChanges): boolean {
  const insured = amounts.med_ins_gov_fee + amounts.med_ins_self_fee + amounts.med_ins_other_fee;
  return (
    amounts.total_fee === insured + amounts.wechat_pay_cash_fee + reduce &&
    amounts.total_fee === insured + amounts.med_ins_cash_fee + add &&
    amounts.wechat_pay_cash_fee === amounts.med_ins_cash_fee + add - reduce
  );
}
