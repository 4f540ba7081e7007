import { maskName, maskSubject } from '@hospital-pay/access';
import type { Bilingual } from '@hospital-pay/errors';
import type { Currency, ErrorView, HisState, OrderView, PayerAction, Scene } from '@hospital-pay/payments';
import type { Item, Usage } from './link';
import type { Standing } from './links';
import type { BillState } from './state';

/** One way that an account of the hospital could take. */
export interface OfferedWay {
  channel: string;
  title: Bilingual;
  scene: Scene;
  /** The wallet must say who pays before (web authorization), and has not yet. */
  needsPayer: boolean;
  /** It is paid with a token that the payer's device makes. */
  takesToken: boolean;
}

/** A bill as anybody who holds its code may see it: the patient masked, no number that leads elsewhere. */
export interface BillView {
  state: BillState;
  /** The server's time: phones' clocks are wrong. */
  now: string;
  hospital: string;
  subject: string;
  items: Item[];
  /** In the minor unit of `currency`. */
  amountFen: number;
  currency: Currency;
  patient: string | null;
  department: string | null;
  usage: Usage;
  expiresAt: string;
  ways: OfferedWay[];
  /** The order that waits for its payer. `action` is told to whoever asked to pay, and to nobody else. */
  payment: {
    channel: Bilingual;
    scene: Scene;
    expiresAt: string | null;
    action: PayerAction | null;
  } | null;
  receipt: {
    orderNo: string;
    channel: Bilingual;
    channelTradeNo: string | null;
    paidFen: number;
    refundedFen: number;
    paidAt: string | null;
    hisState: HisState;
    receiptNo: string | null;
  } | null;
  /** Why the last try came to nothing. */
  failure: ErrorView | null;
}

export function billView(
  { link, state, order }: Standing,
  context: {
    now: Date;
    hospital: string;
    currency: Currency;
    titleOf(channel: string): Bilingual;
    ways: OfferedWay[];
    showsAction: boolean;
  },
): BillView {
  const hasMoney = (found: OrderView | undefined): found is OrderView =>
    found !== undefined && (state === 'paid' || state === 'partially_refunded' || state === 'refunded');
  const isWaiting = order !== undefined && (state === 'paying' || state === 'confirming');
  return {
    state,
    now: context.now.toISOString(),
    hospital: context.hospital,
    subject: maskSubject(link.subject, link.patientName ?? undefined),
    items: link.items ?? [],
    amountFen: link.amountFen,
    currency: context.currency,
    patient: link.patientName ? maskName(link.patientName) : null,
    department: link.department,
    usage: link.usage,
    expiresAt: link.expiresAt.toISOString(),
    ways: state === 'payable' || state === 'paying' ? context.ways : [],
    payment: isWaiting
      ? {
          channel: context.titleOf(order.channel),
          scene: order.scene,
          expiresAt: order.expiresAt,
          action: context.showsAction ? order.payerAction : null,
        }
      : null,
    receipt: hasMoney(order)
      ? {
          orderNo: order.orderNo,
          channel: context.titleOf(order.channel),
          channelTradeNo: order.channelTradeNo,
          paidFen: order.paidFen,
          refundedFen: order.refundedFen,
          paidAt: order.paidAt,
          hisState: order.hisState,
          receiptNo: order.receiptNo,
        }
      : null,
    failure: state === 'payable' && order ? order.error : null,
  };
}
