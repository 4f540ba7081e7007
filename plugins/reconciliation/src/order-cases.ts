import type { TradeKind } from './match';
import type { HisEntry, PlatformSide } from './order-state';

/** What is to be done about one direction of one order. */
export type Verdict =
  | { kind: 'agrees' }
  /** One side or the other may still come. */
  | { kind: 'wait' }
  | {
      kind: 'differs';
      caseKind: 'his_only' | 'platform_only' | 'amount' | 'duplicate' | 'currency';
      platformFen: number;
      hisFen: number;
    }
  /** It differs, but refunds on one side have made up for it: `refundedFen` by the platform, else by HIS itself. */
  | { kind: 'cured'; refundedFen: number };

const sumOf = (entries: HisEntry[], kind: HisEntry['kind']): number =>
  entries.filter((entry) => entry.kind === kind).reduce((total, entry) => total + entry.amountFen, 0);

/**
 * The cases that one order gives rise to, per direction. Amounts are signed: refunds are negative.
 * When a payment that HIS lacks was given back, the refund is the cure and no second difference.
 */
export function orderVerdicts(
  platform: PlatformSide,
  entries: HisEntry[],
  graceRunning: boolean,
): Record<TradeKind, Verdict> {
  const charged = sumOf(entries, 'charge');
  const refunded = sumOf(entries, 'refund');
  const paymentDiffers = platform.paidFen !== charged;
  const refundDiffers = platform.refundedFen !== refunded;
  const isCured =
    paymentDiffers && refundDiffers && platform.paidFen - platform.refundedFen === charged - refunded;
  if (isCured) {
    const refundedFen = Math.max(platform.refundedFen - refunded, 0);
    return { payment: { kind: 'cured', refundedFen }, refund: { kind: 'cured', refundedFen } };
  }
  const returnedFen = platform.refundedFen - refunded;
  // Part of what HIS lacks was given back: the payment's case stays, the refund makes none of its own.
  const isPartOfCure = returnedFen > 0 && returnedFen <= platform.paidFen - charged;
  const foreign = entries.some((entry) => entry.currency !== platform.currency);
  return {
    payment: verdict(platform.paidFen, charged, paymentDiffers),
    refund:
      isPartOfCure && !foreign
        ? { kind: 'agrees' }
        : verdict(0 - platform.refundedFen, 0 - refunded, refundDiffers),
  };

  function verdict(platformFen: number, hisFen: number, differs: boolean): Verdict {
    if (foreign && (platformFen !== 0 || hisFen !== 0)) {
      return { kind: 'differs', caseKind: 'currency', platformFen, hisFen };
    }
    if (!differs) return { kind: 'agrees' };
    const isOneSided = platformFen === 0 || hisFen === 0;
    // Two refunds that disagree may both be on their way; two charges that disagree will not get better.
    if (graceRunning && (isOneSided || platformFen < 0)) return { kind: 'wait' };
    if (platformFen === 0) return { kind: 'differs', caseKind: 'his_only', platformFen, hisFen };
    if (hisFen === 0) return { kind: 'differs', caseKind: 'platform_only', platformFen, hisFen };
    const twice = Math.abs(hisFen) === 2 * Math.abs(platformFen);
    return { kind: 'differs', caseKind: twice ? 'duplicate' : 'amount', platformFen, hisFen };
  }
}
