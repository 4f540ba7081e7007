import type { Bilingual } from '@hospital-pay/errors';
import { type Part, parts, type Shares } from './shares';

/** Every reason why an order is abnormal, in the order in which the screens list them. */
export const anomalyTexts = {
  charge_differs: { zh: '收费金额不一样', en: 'Charged amount differs' },
  refund_differs: { zh: '退费金额不一样', en: 'Refunded amount differs' },
  fund_differs: { zh: '医保基金不一样', en: 'The fund’s part differs' },
  account_differs: { zh: '个人账户不一样', en: 'The personal account’s part differs' },
  other_differs: { zh: '医保其他部分不一样', en: 'Another insurance part differs' },
  his_without_payment: { zh: 'HIS已收费但平台未收款', en: 'Booked by HIS, not paid here' },
  his_duplicate: { zh: 'HIS重复入账', en: 'Booked twice by HIS' },
  currency_differs: { zh: '币种不一致', en: 'Currency differs' },
} as const satisfies Record<string, Bilingual>;

export type Anomaly = keyof typeof anomalyTexts;

export const isAnomaly = (code: string): code is Anomaly => Object.hasOwn(anomalyTexts, code);

export interface PlatformSide {
  /** What the channel took; 0 until it said so. */
  paidFen: number;
  /** What the channel gave back, all succeeded refunds together. */
  refundedFen: number;
  currency: string;
  /** Of an insurance order: who bore `paidFen`. */
  shares?: Shares;
}

/** One booked (not voided) record of HIS. The amount is positive; `kind` gives the direction. */
export interface HisEntry {
  kind: 'charge' | 'refund';
  amountFen: number;
  currency: string;
  shares?: Shares;
}

/**
 * The platform's side as it is judged: a sum that differs from HIS's by no more than the tolerance is taken for it.
 * A missing side is never within a tolerance, and neither is another currency.
 */
export function tolerated(platform: PlatformSide, entries: HisEntry[], toleranceFen: number): PlatformSide {
  if (entries.some((entry) => entry.currency !== platform.currency)) return platform;
  const near = (ownFen: number, kind: HisEntry['kind']): number => {
    const hisFen = sum(entries.filter((entry) => entry.kind === kind));
    const isNear = ownFen > 0 && hisFen > 0 && Math.abs(ownFen - hisFen) <= toleranceFen;
    return isNear ? hisFen : ownFen;
  };
  return {
    paidFen: near(platform.paidFen, 'charge'),
    refundedFen: near(platform.refundedFen, 'refund'),
    currency: platform.currency,
    ...(platform.shares ? { shares: platform.shares } : {}),
  };
}

/** One thing to compare: a whole order, or one part of what insurance bore of it. */
export interface Compared {
  part: Part | null;
  platform: PlatformSide;
  entries: HisEntry[];
}

/**
 * An insurance order part by part, where both sides say who bore what; everything else whole. Insurance gives its half
 * back whole, and so its parts.
 */
export function compared(platform: PlatformSide, entries: HisEntry[]): Compared[] {
  const whole = [{ part: null, platform, entries }];
  const { shares, paidFen, refundedFen } = platform;
  const isWhole = refundedFen === 0 || refundedFen === paidFen;
  if (!shares || paidFen === 0 || !isWhole || entries.length === 0) return whole;
  const split = parts.map((part): Compared => {
    const own = shares[part];
    return {
      part,
      platform: { paidFen: own, refundedFen: refundedFen === 0 ? 0 : own, currency: platform.currency },
      entries: entries.flatMap((entry) => {
        const fen = entry.shares?.[part];
        return fen === undefined ? [] : [{ ...entry, amountFen: fen }];
      }),
    };
  });
  return split.every((each) => each.entries.length === entries.length) ? split : whole;
}

/** What HIS booked, told order by order, when it settled this payment together with others under one bill. */
export const asCharged = (order: { paidFen: number; currency: string }, entries: HisEntry[]): HisEntry[] => [
  ...entries.filter(({ kind }) => kind === 'refund'),
  { kind: 'charge', amountFen: order.paidFen, currency: order.currency },
];

export interface OrderState {
  reconState: 'none' | 'waiting' | 'normal' | 'abnormal';
  anomalies: Anomaly[];
  hisChargedFen: number;
  hisRefundedFen: number;
}

const sum = (entries: HisEntry[]): number => entries.reduce((total, entry) => total + entry.amountFen, 0);

function hasTwins(entries: HisEntry[]): boolean {
  return new Set(entries.map((entry) => entry.amountFen)).size < entries.length;
}

/**
 * Compares one order with what HIS booked for it.
 *
 * A difference that the other side's news may still close waits while the grace period runs: a charge that only one
 * side has, and any refund difference (HIS and the channel each need their time). Two charges that disagree do not
 * get better by waiting and are abnormal at once. `anomalies` names every reason, not only the first.
 */
export function orderState(platform: PlatformSide, entries: HisEntry[], graceRunning: boolean): OrderState {
  const charges = entries.filter((entry) => entry.kind === 'charge');
  const refunds = entries.filter((entry) => entry.kind === 'refund');
  const hisChargedFen = sum(charges);
  const hisRefundedFen = sum(refunds);
  const totals = { hisChargedFen, hisRefundedFen };
  if (platform.paidFen === 0 && platform.refundedFen === 0 && entries.length === 0) {
    return { reconState: 'none', anomalies: [], ...totals };
  }

  const chargeDiffers = hisChargedFen !== platform.paidFen;
  const refundDiffers = hisRefundedFen !== platform.refundedFen;
  const paidByNobody = platform.paidFen === 0 && hisChargedFen > 0;
  const twice =
    (hisChargedFen > platform.paidFen && hasTwins(charges)) ||
    (hisRefundedFen > platform.refundedFen && hasTwins(refunds));
  const currencyDiffers = entries.some((entry) => entry.currency !== platform.currency);

  const differing = new Set(
    compared(platform, entries).flatMap(({ part, platform: own, entries: theirs }) => {
      const booked = sum(theirs.filter(({ kind }) => kind === 'charge'));
      return part !== null && booked !== own.paidFen ? [part] : [];
    }),
  );
  const partDiffers = (part: Part) => differing.has(part);

  const found: Record<Anomaly, boolean> = {
    charge_differs: chargeDiffers,
    refund_differs: refundDiffers,
    fund_differs: partDiffers('fund'),
    account_differs: partDiffers('account'),
    other_differs: partDiffers('other'),
    his_without_payment: paidByNobody,
    his_duplicate: twice,
    currency_differs: currencyDiffers,
  };
  const anomalies = Object.keys(found)
    .filter(isAnomaly)
    .filter((code) => found[code]);
  if (anomalies.length === 0) return { reconState: 'normal', anomalies, ...totals };

  const chargeMayCome = chargeDiffers && (platform.paidFen === 0 || hisChargedFen === 0);
  const isWrongPart = hisChargedFen > 0 && differing.size > 0;
  const onlyTimeIsMissing = !twice && !currencyDiffers && !isWrongPart && (!chargeDiffers || chargeMayCome);
  return graceRunning && onlyTimeIsMissing
    ? { reconState: 'waiting', anomalies: [], ...totals }
    : { reconState: 'abnormal', anomalies, ...totals };
}
