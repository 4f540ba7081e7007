import type { OrderView } from '../http/contracts';
import { stamp } from '../time';

/** A number of ours for one sale or refund: hospital time and ten random digits; unique without asking anybody. */
export function saleNumber(prefix: 'C' | 'R', now: Date = new Date()): string {
  const random = crypto.getRandomValues(new Uint32Array(2));
  const tail = [...random].map((part) => String(part % 100_000).padStart(5, '0')).join('');
  return `${prefix}${stamp(now)}${tail}`;
}

/** What is asked of the platform for one sale; sent again unchanged when no answer came. */
export interface SaleBody {
  merchantCode: string;
  merchantOrderNo: string;
  amountFen: number;
  subject: string;
  scene: 'micropay' | 'native' | 'terminal';
  bizType: string;
  authCode?: string;
  channel?: string;
  terminalCode?: string;
  patientName?: string;
  cardNo?: string;
  businessNo?: string;
  department?: string;
}

/** Alipay's and WeChat's payment codes and room for other wallets': digits; Alipay's face-pay codes have letters. */
export const isPaymentCode = (text: string): boolean => /^(\d{16,24}|fp[0-9A-Za-z]{33})$/.test(text);

/** How a sale stands for the person at the counter. Only a final answer is ever called a success or a failure. */
export type Standing = 'waiting' | 'confirming' | 'paid' | 'refunded' | 'failed' | 'closed' | 'reversed';

export function standingOf(order: Pick<OrderView, 'status'>): Standing {
  switch (order.status) {
    case 'created':
    case 'pending':
      return 'waiting';
    case 'unknown':
      return 'confirming';
    case 'paid':
    case 'partially_refunded':
      return 'paid';
    case 'refunded':
      return 'refunded';
    case 'failed':
      return 'failed';
    case 'closed':
      return 'closed';
    case 'reversed':
      return 'reversed';
    default:
      return order.status satisfies never;
  }
}

export const isFinal = (order: Pick<OrderView, 'status'>): boolean => {
  const standing = standingOf(order);
  return standing !== 'waiting' && standing !== 'confirming';
};

/** Paid, but HIS has not said yet whether it has booked it: worth looking on for a while. */
export const isAwaitingHis = (order: Pick<OrderView, 'status' | 'hisState'>): boolean =>
  standingOf(order) === 'paid' && order.hisState === 'waiting';

/** A hand types slower than this between two keys; a keyboard-wedge scanner is faster. */
const scannerGapMs = 50;

/**
 * Tells a scanner's keys from a hand's, wherever the focus is: digits in quick succession that end with Enter.
 * `isFresh` says that the last key may have begun a scan, so that the caller can remember what to put back.
 */
export class WedgeReader {
  private digits = '';
  private lastAt = Number.NEGATIVE_INFINITY;

  get isFresh(): boolean {
    return this.digits.length === 1;
  }

  key(key: string, at: number): string | undefined {
    const isQuick = at - this.lastAt <= scannerGapMs;
    this.lastAt = at;
    if (/^\d$/.test(key)) {
      this.digits = isQuick ? this.digits + key : key;
      return undefined;
    }
    const scanned = key === 'Enter' && isQuick && isPaymentCode(this.digits) ? this.digits : undefined;
    this.digits = '';
    return scanned;
  }
}

/** `mm:ss` until an instant; undefined once it is past. */
export function remainingText(expiresAt: string | null | undefined, now: number): string | undefined {
  if (!expiresAt) return undefined;
  const left = Math.floor((new Date(expiresAt).getTime() - now) / 1000);
  if (!(left > 0)) return undefined;
  return `${String(Math.floor(left / 60)).padStart(2, '0')}:${String(left % 60).padStart(2, '0')}`;
}
