import type { Resolution } from './cases';

/** What one day's report is computed from. All amounts in fen. */
export interface DayFigures {
  /** HIS charges − HIS refunds. */
  hisFen: number;
  /** Payments − refunds, every refund of the day included. */
  platformNetFen: number;
  /** Differences of any day that were settled on this day by giving money back. */
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
 * Money given back online for a difference is no part of the hospital's own refunds: it is taken out of the
 * platform's income and stands for itself, so that what reached the bank is the channel's own net figure.
 */
export function dayStatistics({ hisFen, platformNetFen, settled }: DayFigures): DayStatistics {
  const refundsByMethod = { online: 0, cash: 0, other: 0 };
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
      case 'healed':
        break;
      default:
        unreachable(resolution);
    }
  }
  const abnormalRefundFen = refundsByMethod.online + refundsByMethod.cash + refundsByMethod.other;
  const platformFen = platformNetFen + refundsByMethod.online;
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
