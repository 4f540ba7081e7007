import { type ShiftSide, shiftFigures, shiftTotals } from '@hospital-pay/reconciliation';
import { afterSeconds, dayOf, daysBetween, moment, shiftDay } from './china';
import { branches } from './hospital';
import type { Rows, ShiftSeed } from './rows';

const daysOfShifts = 6;
const floatFen = 20_000;
const cashier = 'cashier';

/** The cashier's shifts of the last days: closed every evening, reviewed by finance the next morning, the latest not yet. */
export function shifts({ orders, refunds, hisRecords }: Rows, now: Date): ShiftSeed[] {
  const today = dayOf(now);
  const takenBy = new Map(orders.map(({ orderNo, operatorCode }) => [orderNo, operatorCode]));
  return daysBetween(shiftDay(today, -daysOfShifts), shiftDay(today, -1)).flatMap((day, index) =>
    branches.map(({ code: merchantCode }): ShiftSeed => {
      const openedAt = moment(day, '06:00:00');
      const closedAt = moment(day, '23:40:00');
      const entries: { payType: string; side: ShiftSide; fen: number; at: Date | null }[] = [
        ...orders
          .filter(
            (row) =>
              row.merchantCode === merchantCode && row.operatorCode === cashier && row.settledOn === day,
          )
          .map(({ payType, paidFen, paidAt }) => ({
            payType,
            side: 'payment' as const,
            fen: paidFen,
            at: paidAt,
          })),
        ...refunds
          .filter((row) => row.merchantCode === merchantCode && row.settledOn === day)
          .filter((row) => (row.operatorCode ?? takenBy.get(row.orderNo)) === cashier)
          .map((row) => ({
            payType: row.channel,
            side: 'refund' as const,
            fen: row.amountFen,
            at: row.refundedAt,
          })),
        ...hisRecords
          .filter((row) => row.merchantCode === merchantCode && row.settledOn === day)
          .filter((row) => (row.operatorCode ?? takenBy.get(row.orderNo)) === cashier)
          .map(({ payType, kind, amountFen, occurredAt }) => ({
            payType,
            side: kind === 'charge' ? ('his_charge' as const) : ('his_refund' as const),
            fen: amountFen,
            at: occurredAt,
          })),
      ].filter(({ at }) => at !== null && at >= openedAt && at < closedAt);
      const shortFen = index === 2 ? 1000 : 0;
      const figures = shiftFigures(
        sumsOf(entries),
        { currency: 'CNY', openingFloatFen: floatFen },
        { cashFen: floatFen - shortFen },
      );
      const totals = shiftTotals(figures);
      const isReviewed = index < daysOfShifts - 1;
      return {
        shiftNo: `S${day.replaceAll('-', '')}${merchantCode}`,
        merchantCode,
        kind: 'operator',
        operatorCode: cashier,
        status: isReviewed ? 'reviewed' : 'closed',
        openedBy: cashier,
        openedAt,
        closedBy: cashier,
        closedAt,
        openingFloatFen: floatFen,
        ...totals,
        figures,
        note:
          shortFen > 0 ? '找零差错, 短款 10 元' : totals.differenceFen === 0 ? null : 'HIS次日补账, 已报财务',
        reviewedBy: isReviewed ? 'finance' : null,
        reviewedAt: isReviewed ? afterSeconds(closedAt, 9 * 3600) : null,
      };
    }),
  );
}

function sumsOf(entries: { payType: string; side: ShiftSide; fen: number }[]) {
  const sums = new Map<
    string,
    { pay_type: string; side: ShiftSide; currency: string; fen: number; count: number }
  >();
  for (const { payType, side, fen } of entries) {
    const sum = sums.get(`${payType} ${side}`) ?? {
      pay_type: payType,
      side,
      currency: 'CNY',
      fen: 0,
      count: 0,
    };
    sum.fen += fen;
    sum.count += 1;
    sums.set(`${payType} ${side}`, sum);
  }
  return [...sums.values()];
}
