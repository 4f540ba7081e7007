/** One order as far as it matters for telling which of its refunds settled a difference with HIS. */
export interface SettledOrder {
  paidFen: number;
  /** What HIS charged for it, all booked records together. */
  chargedFen: number;
  refunds: { refundNo: string; numbers: string[]; amountFen: number; occurredAt: number }[];
  hisRefunds: { amountFen: number; numbers: string[] }[];
}

/**
 * The order's abnormal refunds (异常退款): money given back because HIS had not charged it.
 *
 * A refund counts up to what HIS lacks, in the order of time, and only when HIS knows no refund that it could be.
 * When HIS booked a refund that fits none of ours, nothing can be told and nothing is left out.
 */
export function settlingRefunds(order: SettledOrder): Set<string> {
  const settling = new Set<string>();
  let lackingFen = order.paidFen - order.chargedFen;
  if (lackingFen <= 0) return settling;
  let unknown = order.refunds.toSorted(
    (a, b) => a.occurredAt - b.occurredAt || (a.refundNo < b.refundNo ? -1 : 1),
  );
  const claim = (fits: (refund: SettledOrder['refunds'][number]) => boolean): boolean => {
    const index = unknown.findIndex(fits);
    if (index >= 0) unknown = unknown.toSpliced(index, 1);
    return index >= 0;
  };
  const unnamed = order.hisRefunds.filter(
    ({ numbers }) => !claim((refund) => numbers.some((number) => refund.numbers.includes(number))),
  );
  const unmatched = unnamed.filter(({ amountFen }) => !claim((refund) => refund.amountFen === amountFen));
  if (unmatched.length > 0) return settling;
  for (const refund of unknown) {
    if (refund.amountFen > lackingFen) continue;
    lackingFen -= refund.amountFen;
    settling.add(refund.refundNo);
  }
  return settling;
}
