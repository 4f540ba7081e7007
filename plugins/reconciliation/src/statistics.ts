import type { Resolution } from './cases';

/** What one day's report is computed from. All amounts in fen. */
export interface DayFigures {
  /** HIS charges − HIS refunds. */
  hisFen: number;
  /** Payments − refunds, abnormal refunds of earlier days' payments left out. */
  platformFen: number;
  /** Those refunds. */
  abnormalRefundFen: number;
  /** What people gave back outside the platform for a difference of any day. */
  settled: { resolution: Resolution; resolutionFen: number }[];
}

export interface DayStatistics {
  hisFen: number;
  platformFen: number;
  abnormalRefundFen: number;
  differenceFen: number;
  bankArrivalFen: number;
  refundsByMethod: { online: number; cash: number; other: number };
}

/**
 * 当日差帐 = HIS收入 − 平台收入; 银行实际到账金额 = 平台收入 − 异常退款金额.
 *
 * An abnormal refund is no business of the day on which it is made: it stands for itself and closes the difference
 * of the day on which HIS missed the payment. Given back on that same day, both nets to nothing within the income.
 */
export function dayStatistics({
  hisFen,
  platformFen,
  abnormalRefundFen: refundedFen,
  settled,
}: DayFigures): DayStatistics {
  const refundsByMethod = { online: refundedFen, cash: 0, other: 0 };
  for (const { resolution, resolutionFen } of settled) {
    switch (resolution) {
      case 'online_refund':
        refundsByMethod.online += resolutionFen;
        break;
      case 'cash':
        refundsByMethod.cash += resolutionFen;
        break;
      case 'other':
        refundsByMethod.other += resolutionFen;
        break;
      case 'his_supplement':
      case 'write_off':
      case 'matched':
      case 'healed':
        break;
      default:
        unreachable(resolution);
    }
  }
  const abnormalRefundFen = refundsByMethod.online + refundsByMethod.cash + refundsByMethod.other;
  return {
    hisFen,
    platformFen,
    abnormalRefundFen,
    differenceFen: hisFen - platformFen,
    bankArrivalFen: platformFen - abnormalRefundFen,
    refundsByMethod,
  };
}

function unreachable(value: never): never {
  throw new Error(`unknown resolution ${String(value)}`);
}
