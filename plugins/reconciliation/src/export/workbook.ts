import { EventEmitter, once } from 'node:events';
import type { Writable } from 'node:stream';
import { type Currency, formatAmount, toMinor } from '@hospital-pay/payments';
import ExcelJS from 'exceljs';
import { z } from 'zod';
import { type CellValue, cellOf, currencyOf, say, type Wording, yuan } from './cells';
import type { Field, Table } from './report';

/** A sheet holds 1,048,576 rows; the first is the heading. */
const rowsPerSheet = 1_048_575;

export interface WorkbookOptions {
  wording: Wording;
  /** The lines of the last sheet: what was exported, by whom, asked how. */
  about(rows: number): [label: string, value: string][];
  /** Called after every row; may wait. */
  passed(): Promise<void> | undefined;
  /** Fewer only in tests. */
  rowsPerSheet?: number;
}

const texts = {
  total: { zh: '合计', en: 'Total' },
  about: { zh: '筛选条件', en: 'Filters' },
  item: { zh: '项目', en: 'Item' },
  content: { zh: '内容', en: 'Value' },
} as const;

type Style = Partial<ExcelJS.Style>;
const heading: Style = {
  font: { bold: true },
  fill: { type: 'pattern', pattern: 'solid', fgColor: { argb: 'FFF0F0F0' } },
  alignment: { vertical: 'middle' },
};
const moneyFormat = '#,##0.00;[Red]-#,##0.00';
const wholeFormat = '#,##0;[Red]-#,##0';
const sum: Style = { font: { bold: true }, numFmt: moneyFormat };
const wholeSum: Style = { font: { bold: true }, numFmt: wholeFormat };
const whole: Style = { numFmt: wholeFormat };
/** Yen have no decimals. */
const isWhole = (currency: Currency): boolean => !formatAmount(0, currency).includes('.');
const text: Style = { numFmt: '@' };
const styles: Record<Field['kind'], Style> = {
  money: { numFmt: moneyFormat },
  datetime: { numFmt: 'yyyy-mm-dd hh:mm:ss' },
  integer: { numFmt: '0' },
  // Text, also where it is all digits: an order number is no quantity.
  string: text,
  text,
  json: text,
  day: text,
  enum: text,
  boolean: text,
  channel: text,
  merchant: text,
  anomalies: text,
};
const widths: Record<Field['kind'], number> = {
  money: 16,
  datetime: 20,
  integer: 10,
  string: 20,
  text: 36,
  json: 40,
  day: 12,
  enum: 12,
  boolean: 8,
  channel: 12,
  merchant: 20,
  anomalies: 32,
};
const numberWidth = 34;

/** No heading is cut: a Chinese letter is two digits wide, and the filter's arrow wants room. */
function widthOf({ name, kind, title }: Field, wording: Wording): number {
  const heads = [...say(title, wording)].reduce((width, letter) => width + (letter > '⺀' ? 2 : 1), 4);
  return Math.max(heads, kind === 'string' && name.endsWith('No') ? numberWidth : widths[kind]);
}

/**
 * Writes tables as sheets of one workbook, row by row; a table that does not fit one sheet goes on in the next.
 * Gives the number of data rows.
 */
export async function writeWorkbook(
  out: Writable,
  tables: Table[],
  options: WorkbookOptions,
): Promise<number> {
  const { wording } = options;
  const workbook = new ExcelJS.stream.xlsx.WorkbookWriter({
    stream: out,
    useStyles: true,
    useSharedStrings: false,
  });
  const names = new Set<string>();
  let rows = 0;
  for (const table of tables) rows += await writeTable(workbook, table, names, options);

  const about = workbook.addWorksheet(sheetName(say(texts.about, wording), names), frozen);
  about.columns = [{ width: 20 }, { width: 80 }];
  for (const line of [[say(texts.item, wording), say(texts.content, wording)], ...options.about(rows)]) {
    const row = about.addRow(line);
    for (const column of [1, 2]) row.getCell(column).style = row.number === 1 ? heading : text;
    row.commit();
  }
  about.commit();
  await workbook.commit();
  return rows;
}

const frozen = { views: [{ state: 'frozen' as const, ySplit: 1 }] };

async function writeTable(
  workbook: ExcelJS.stream.xlsx.WorkbookWriter,
  { title, columns, rows, totals }: Table,
  names: Set<string>,
  { wording, passed, rowsPerSheet: capacity = rowsPerSheet }: WorkbookOptions,
): Promise<number> {
  const cellStyles = columns.map(({ kind }) => styles[kind]);
  const wholeStyles = columns.map(({ kind }) => (kind === 'money' ? whole : styles[kind]));
  const seen = new Set<Currency>();
  const sums = new Map<string, number>(
    columns.flatMap(({ name, kind }) => (kind === 'money' ? [[name, 0] as const] : [])),
  );
  const begin = (): ExcelJS.Worksheet => {
    const sheet = workbook.addWorksheet(sheetName(say(title, wording), names), frozen);
    sheet.columns = columns.map((field) => ({ width: widthOf(field, wording) }));
    write(
      sheet,
      columns.map((field) => say(field.title, wording)),
      columns.map(() => heading),
    );
    return sheet;
  };
  const end = (sheet: ExcelJS.Worksheet, count: number): void => {
    sheet.autoFilter = { from: { row: 1, column: 1 }, to: { row: count + 1, column: columns.length } };
    sheet.commit();
  };

  let sheet = begin();
  let inSheet = 0;
  let count = 0;
  for await (const row of rows) {
    if (inSheet === capacity) {
      end(sheet, inSheet);
      sheet = begin();
      inSheet = 0;
    }
    const currency = currencyOf(row);
    seen.add(currency);
    write(
      sheet,
      columns.map((field) => cellOf(field, row, wording)),
      isWhole(currency) ? wholeStyles : cellStyles,
    );
    for (const [name, sumSoFar] of sums) sums.set(name, toMinor(sumSoFar + toMinor(row[name] ?? 0)));
    inSheet += 1;
    count += 1;
    if (count % rowsAtOnce === 0) await room(sheet);
    const wait = passed();
    if (wait) await wait;
  }
  if (totals && sums.size > 0) {
    const full = inSheet === capacity;
    if (full) {
      end(sheet, inSheet);
      sheet = begin();
      inSheet = 0;
    }
    const [only] = seen;
    const line = columns.map(({ name }, index): CellValue => {
      // Yen and yuan do not add up to anything.
      const fen = seen.size > 1 ? undefined : sums.get(name);
      return fen !== undefined ? yuan(fen, only) : index === 0 ? say(texts.total, wording) : null;
    });
    write(
      sheet,
      line,
      columns.map(() => (only !== undefined && isWhole(only) ? wholeSum : sum)),
    );
  }
  end(sheet, inSheet);
  return count;
}

/** Styles are shared objects: exceljs looks them up by identity, twice as fast as by what they say. */
function write(sheet: ExcelJS.Worksheet, values: CellValue[], cellStyles: Style[]): void {
  const row = sheet.addRow(values);
  for (const [index, style] of cellStyles.entries()) row.getCell(index + 1).style = style;
  row.commit();
}

const rowsAtOnce = 500;
const mostWaiting = 256 * 1024;
const state = z.object({ length: z.number() });
interface Pipe extends NodeJS.EventEmitter {
  _writableState: z.output<typeof state>;
}
const isPipe = (value: unknown): value is Pipe =>
  value instanceof EventEmitter && '_writableState' in value && state.safeParse(value._writableState).success;
const between = z.object({ stream: z.object({ pipes: z.array(z.custom<Pipe>(isPipe)).length(1) }) });

/**
 * exceljs hands rows on to the zip without waiting for it (96 MB lie between after 200,000 rows); what has piled up is
 * waited for here. It shows only inside the old stream between the two.
 */
async function room(sheet: ExcelJS.Worksheet): Promise<void> {
  for (const pipe of between.parse(sheet).stream.pipes) {
    if (pipe._writableState.length > mostWaiting) await once(pipe, 'drain');
  }
}

/** Excel allows 31 letters, none of `[]:*?/\`, and every name once: 订单列表, 订单列表(2). */
export function sheetName(title: string, taken: Set<string>): string {
  const plain = title.replaceAll(/[[\]:*?/\\]/g, ' ').trim() || 'Sheet';
  for (let number = 1; ; number += 1) {
    const suffix = number === 1 ? '' : `(${number})`;
    const name = plain.slice(0, 31 - suffix.length) + suffix;
    if (taken.has(name.toLowerCase())) continue;
    taken.add(name.toLowerCase());
    return name;
  }
}
