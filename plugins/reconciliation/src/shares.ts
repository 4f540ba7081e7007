import type { HisEntry, PlatformSide } from './order-state';

/** What insurance's half of a payment is made of. Each part is compared by itself: the fund's money is not the account's. */
export const parts = ['fund', 'account', 'other'] as const;
export type Part = (typeof parts)[number];
export type Shares = Record<Part, number>;

interface ShareColumns {
  fundFen: number | null;
  accountFen: number | null;
  otherFen: number | null;
}

/** Undefined for what insurance has no part in. */
export const sharesOf = ({ fundFen, accountFen, otherFen }: ShareColumns): Shares | undefined =>
  fundFen === null || accountFen === null || otherFen === null
    ? undefined
    : { fund: fundFen, account: accountFen, other: otherFen };

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
