import type { BillGuard, BillLine } from './channel';

/**
 * The table in the middle of a trade bill, for days of millions: whoever keeps bills reads its rows all at once instead of
 * asking the channel line by line. It is a second way to the same lines and explains nothing: rows that read as declared are
 * taken so, the few others by `row`, and all of them only when `agrees` says yes of their sums. Everything else is for
 * `openBill`, which names the line.
 */
export interface BillTable {
  layout: TableLayout;
  /** Number in the file of the first row, 1-based. */
  firstLineNo: number;
  /** Whole rows as text, each ended by `\n` or `\r\n`. Read once. @throws when the file cannot be read as a table */
  rows(): AsyncIterable<string>;
  /** Reads one row just as `openBill` does, for those that are not quite as declared. @throws BillError */
  row(text: string, lineNo: number): TableRow;
  /** Asked after `rows` has ended: whether this is what the file itself states. */
  agrees(sums: TableSums): boolean;
}

/** `summed` as in `TableSide`, of the row. */
export interface TableRow {
  lines: BillLine[];
  summed: number[];
}

/** Cells are named by their place, from 0. */
export interface TableLayout {
  /** How many cells each row has. */
  width: number;
  /** What stands before the first cell. */
  opening: string;
  separator: string;
  /** A tab behind a cell does not belong to it. */
  isTabbed: boolean;
  /** `yyyy-MM-dd HH:mm:ss`; of several cells, the first that holds something. */
  time: number[];
  utcOffsetMinutes: number;
  /** The day that every payment must have, where rows alone can tell. */
  paymentDay?: string;
  orderNo: number;
  channelNo: number;
  channelNoIsDigits: boolean;
  /** `none`: texts that mean that there is none. */
  refundNo: { cell: number | undefined; none: string[]; otherwise: 'order number' | 'none' };
  fee: AmountCell;
  /** Which cell says what a row is, and what lines follow from it. A row of another kind is none. */
  kind: number;
  lines: Record<string, TableLine[]>;
  /** Cells that must hold this text. */
  fixed: { cell: number; text: string }[];
  /** Amounts that are only added up. */
  summed: AmountCell[];
}

/** An amount with exactly so many decimals; an empty cell is none. */
export interface AmountCell {
  cell: number;
  decimals: 2 | 5;
}

export interface TableLine {
  kind: BillLine['kind'];
  amount: number;
  /** Refunds that are written with a minus. Amounts of another sign are in doubt. */
  isNegative: boolean;
  /** As the cell says, or by the line's kind whatever the sign: taken with payments, given back with refunds. */
  fee: 'as written' | 'by kind';
  /** A line of nought is none. Of several lines the last bears the row's fee and sums. */
  mayBeAbsent?: boolean;
}

/** Fen; `summed` in the last decimal of each of the layout's `summed`, in their order. */
export interface TableSums {
  rows: number;
  payment: TableSide;
  refund: TableSide;
}

export interface TableSide {
  count: number;
  fen: number;
  summed: number[];
}

/** `undefined`: this file is not to be read as a table. */
export type BillTableReader = (bytes: Buffer, guard: BillGuard) => Promise<BillTable | undefined>;

export interface CutText {
  /** The lines up to and with the header of the table. */
  head: string[];
  rows(): AsyncGenerator<string>;
  /** After `rows`: the lines from the first that starts with `closing`; empty when there was none. */
  tail(): string[];
}

const maxHeadChars = 64 * 1024;

const linesOf = (text: string): string[] => text.split('\n').map((line) => line.replace(/\r$/, ''));

/** Cuts the text of a bill into what stands above its rows, the rows, and what stands below. */
export async function cutTable(
  text: AsyncIterable<string>,
  isHeader: (line: string) => boolean,
  closing: string,
): Promise<CutText | undefined> {
  let pieces: AsyncIterator<string> | undefined = text[Symbol.asyncIterator]();
  let rest = '';
  const more = async (): Promise<boolean> => {
    const next = await pieces?.next();
    if (next === undefined || next.done) {
      // With it goes the file as received.
      pieces = undefined;
      return false;
    }
    rest += next.value;
    return true;
  };
  const head: string[] = [];
  while (head.length === 0 || !isHeader(head.at(-1) ?? '')) {
    const end = rest.indexOf('\n');
    if (end >= 0) {
      head.push(...linesOf(rest.slice(0, end)));
      rest = rest.slice(end + 1);
    } else if (rest.length > maxHeadChars || !(await more())) return undefined;
  }
  let tail: string[] = [];
  return {
    head,
    async *rows() {
      do {
        const found = rest.startsWith(closing) ? 0 : rest.indexOf(`\n${closing}`);
        if (found >= 0) {
          const start = found === 0 ? 0 : found + 1;
          yield rest.slice(0, start);
          rest = rest.slice(start);
          while (await more());
          tail = linesOf(rest);
          return;
        }
        const end = rest.lastIndexOf('\n') + 1;
        if (end > 0) yield rest.slice(0, end);
        rest = rest.slice(end);
      } while (await more());
    },
    tail: () => tail,
  };
}
