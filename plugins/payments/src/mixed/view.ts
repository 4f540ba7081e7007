import type { ChannelManifest } from '../contract';
import type { ErrorKnowledge } from '../error-knowledge';
import type { MixedRow, OrderRow } from '../store';
import type { MixedView } from '../types';
import { errorView, orderView } from '../views';

/** States in which an error is the insurer's or a channel's no, and not a missing answer. */
const refusals = new Set<MixedRow['state']>(['refused', 'undo_stopped', 'refund_stopped']);

export function mixedView(
  row: MixedRow,
  orders: { insurance: OrderRow | undefined; cash: OrderRow | undefined },
  manifests: ReadonlyMap<string, ChannelManifest>,
  knowledge: Pick<ErrorKnowledge, 'explain'>,
): MixedView {
  const insurance = orders.insurance ? orderView(orders.insurance, knowledge) : null;
  const cash = orders.cash ? orderView(orders.cash, knowledge) : null;
  const manifest = manifests.get(row.insuranceChannel);
  // Paid in one act, through the insurance order: the cash alone is never offered.
  const isTogether = manifest?.insurance === 'with cash' && row.insuranceOrderNo !== null;
  const { fundFen, accountFen, otherFen, cashFen } = row;
  const isSplit = fundFen !== null && accountFen !== null && otherFen !== null && cashFen !== null;
  return {
    mixedNo: row.mixedNo,
    merchantCode: row.merchantCode,
    merchantOrderNo: row.merchantOrderNo,
    state: row.state,
    totalFen: row.totalFen,
    split: isSplit ? { fundFen, accountFen, otherFen, cashFen } : null,
    subject: row.subject,
    insuranceChannel: row.insuranceChannel,
    claimNo: row.claimNo,
    insuranceOrder: insurance,
    cashOrder: cash && isTogether ? { ...cash, payerAction: null } : cash,
    payerAction:
      row.state === 'settling' || row.state === 'paying'
        ? ((isTogether || row.state === 'settling' ? insurance : cash)?.payerAction ?? null)
        : null,
    merchantRefundNo: row.merchantRefundNo,
    refundReason: row.refundReason,
    hisState: row.hisState,
    hisOrderNo: row.hisOrderNo,
    receiptNo: row.receiptNo,
    error: errorView(
      {
        ...row,
        channel: row.insuranceChannel,
        status: refusals.has(row.state) ? 'failed' : 'unknown',
      },
      knowledge,
    ),
    expiresAt: row.expiresAt.toISOString(),
    paidAt: row.paidAt?.toISOString() ?? null,
    createdTime: row.createdTime.toISOString(),
  };
}
