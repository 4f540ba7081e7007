import type { OrderStatus } from '@hospital-pay/payments';

/** What a patient is told about a bill. */
export type BillState =
  | 'payable'
  /** An order waits for the payer; another way may still be chosen. */
  | 'paying'
  /** Whether money was taken is being asked: nothing else may be paid meanwhile. */
  | 'confirming'
  | 'paid'
  | 'partially_refunded'
  | 'refunded'
  | 'expired'
  | 'closed';

/** `order`: the one that paid, else the latest that was made of this bill. */
export function billState(
  link: { status: 'open' | 'paid' | 'closed' | 'expired'; expiresAt: Date },
  order: { status: OrderStatus; scene: string } | undefined,
  now: Date,
): BillState {
  const unpaid = (): BillState => {
    if (link.status === 'closed') return 'closed';
    return link.status === 'expired' || link.expiresAt <= now ? 'expired' : 'payable';
  };
  if (!order) return unpaid();
  switch (order.status) {
    case 'paid':
    case 'partially_refunded':
    case 'refunded':
      return order.status;
    case 'created':
    case 'unknown':
      return 'confirming';
    case 'pending':
      // A scanned payment code waits for a password: the wallet alone decides now.
      return order.scene === 'micropay' ? 'confirming' : 'paying';
    case 'closed':
    case 'reversed':
    case 'failed':
      return unpaid();
    default:
      return order.status satisfies never;
  }
}
