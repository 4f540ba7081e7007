import { toMinor } from '@hospital-pay/payments';
import { z } from 'zod';

/** What the database adds up of a shift: one row for each payment type, side and currency. */
export const sideSums = z.object({
  pay_type: z.string(),
  side: z.enum(['payment', 'refund', 'his_charge', 'his_refund']),
  currency: z.string(),
  fen: z.unknown().transform(toMinor),
  count: z.unknown().transform(toMinor),
});
type SideSums = z.output<typeof sideSums>;
export type ShiftSide = SideSums['side'];

/** What the cashier counts and reads off: notes and coins, or a sum; the settlement slip of a bank terminal. */
export interface Counted {
  denominations?: { fen: number; count: number }[] | undefined;
  /** Where nothing was told by denominations. */
  cashFen?: number | undefined;
  terminalTotals?: { payType: string; takenFen: number; refundedFen: number }[] | undefined;
}

/** One payment type of a shift in one currency, in fen. `differenceFen` is platform − HIS, `terminalDifferenceFen` terminal − platform. */
interface ShiftLine {
  payType: string;
  currency: string;
  /** Cash is in no channel: its other side is the drawer. */
  isCash: boolean;
  takenFen: number;
  takenCount: number;
  refundedFen: number;
  refundedCount: number;
  netFen: number;
  hisFen: number;
  hisCount: number;
  differenceFen: number;
  terminalFen: number | null;
  terminalDifferenceFen: number | null;
}

export interface ShiftFigures {
  /** Of the drawer, and of all that is added up. */
  currency: string;
  lines: ShiftLine[];
  /** `expectedFen` is the opening float with what HIS took and gave back in cash; over is positive, short negative. */
  cash: {
    openingFloatFen: number;
    hisFen: number;
    expectedFen: number;
    countedFen: number | null;
    differenceFen: number | null;
    denominations: { fen: number; count: number }[];
  };
}

/** What a HIS may call cash. */
const cashNames = new Set(['cash', '现金']);
const isCashType = (payType: string): boolean => cashNames.has(payType.toLowerCase());

export function shiftFigures(
  sums: SideSums[],
  { currency, openingFloatFen }: { currency: string; openingFloatFen: number },
  counted: Counted,
): ShiftFigures {
  const terminals = new Map((counted.terminalTotals ?? []).map((total) => [total.payType, total]));
  const kinds = new Map(
    [
      ...[...terminals.keys()].map((payType) => ({ payType, currency })),
      ...sums.map((sum) => ({ payType: sum.pay_type, currency: sum.currency })),
    ].map((kind) => [`${kind.payType} ${kind.currency}`, kind]),
  );
  const sorted = [...kinds].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, kind]) => kind);
  const lines = sorted.map(({ payType, currency: own }): ShiftLine => {
    const of = (side: SideSums['side']): { fen: number; count: number } =>
      sums.find((sum) => sum.pay_type === payType && sum.currency === own && sum.side === side) ?? {
        fen: 0,
        count: 0,
      };
    const [taken, refunded] = [of('payment'), of('refund')];
    const [charged, returned] = [of('his_charge'), of('his_refund')];
    const netFen = toMinor(taken.fen - refunded.fen);
    const hisFen = toMinor(charged.fen - returned.fen);
    // What is in the drawer in another currency is not counted with it.
    const isCash = isCashType(payType) && own === currency;
    const terminal = own === currency ? terminals.get(payType) : undefined;
    const terminalFen = terminal ? toMinor(terminal.takenFen - terminal.refundedFen) : null;
    return {
      payType,
      currency: own,
      isCash,
      takenFen: taken.fen,
      takenCount: taken.count,
      refundedFen: refunded.fen,
      refundedCount: refunded.count,
      netFen,
      hisFen,
      hisCount: charged.count + returned.count,
      differenceFen: isCash ? 0 : toMinor(netFen - hisFen),
      terminalFen,
      terminalDifferenceFen: terminalFen === null ? null : toMinor(terminalFen - netFen),
    };
  });
  return { currency, lines, cash: cashOf(lines, openingFloatFen, counted) };
}

function cashOf(lines: ShiftLine[], openingFloatFen: number, counted: Counted): ShiftFigures['cash'] {
  const hisFen = lines.filter(({ isCash }) => isCash).reduce((sum, line) => sum + line.hisFen, 0);
  const denominations = (counted.denominations ?? [])
    .filter(({ count }) => count > 0)
    .sort((a, b) => b.fen - a.fen);
  const countedFen =
    counted.denominations === undefined
      ? (counted.cashFen ?? null)
      : toMinor(denominations.reduce((sum, { fen, count }) => sum + fen * count, 0));
  const expectedFen = toMinor(openingFloatFen + hisFen);
  const differenceFen = countedFen === null ? null : toMinor(countedFen - expectedFen);
  return { openingFloatFen, hisFen, expectedFen, countedFen, differenceFen, denominations };
}

/** The columns of a shift's row. */
export function shiftTotals({ currency, cash, ...figures }: ShiftFigures) {
  const lines = figures.lines.filter((line) => line.currency === currency);
  const sum = (of: (line: ShiftFigures['lines'][number]) => number): number =>
    toMinor(lines.reduce((total, line) => total + of(line), 0));
  const compared = lines.filter(({ terminalDifferenceFen }) => terminalDifferenceFen !== null);
  return {
    takenFen: sum((line) => line.takenFen),
    takenCount: sum((line) => line.takenCount),
    refundedFen: sum((line) => line.refundedFen),
    refundedCount: sum((line) => line.refundedCount),
    hisFen: sum((line) => line.hisFen),
    hisCount: sum((line) => line.hisCount),
    differenceFen: sum((line) => line.differenceFen),
    cashExpectedFen: cash.expectedFen,
    cashCountedFen: cash.countedFen,
    cashDifferenceFen: cash.differenceFen,
    terminalDifferenceFen:
      compared.length === 0 ? null : sum(({ terminalDifferenceFen }) => terminalDifferenceFen ?? 0),
  };
}
