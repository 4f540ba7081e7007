import { createHash } from 'node:crypto';
import { parseAmount } from '@hospital-pay/payments';
import { z } from 'zod';
import { fail } from '../errors';
import type { StatementTable } from './statement-file';

const columnName = z.string().trim().min(1).max(100).optional();

/** Which column of a bank's file says what, by the names in its header line. Saved with the bank account. */
export const statementMapping = z
  .strictObject({
    /** 1-based. */
    headerLine: z.int().min(1).max(200),
    date: z.string().trim().min(1).max(100),
    time: columnName,
    /** One column of amounts, money out negative or told by `direction` … */
    amount: columnName,
    direction: columnName,
    /** … in which this word, instead of the usual ones, means money in. */
    creditWord: columnName,
    /** … or one column each. */
    credit: columnName,
    debit: columnName,
    balance: columnName,
    counterparty: columnName,
    summary: columnName,
    reference: columnName,
  })
  .refine((mapping) => mapping.amount !== undefined || mapping.credit !== undefined, { path: ['amount'] });
export type StatementMapping = z.output<typeof statementMapping>;

/** One movement of the hospital's bank account. Amounts in fen, money out negative. */
export interface StatementLine {
  /** 1-based line of the file. */
  lineNo: number;
  /** yyyy-MM-dd as the bank says. */
  date: string;
  /** HH:mm:ss, or empty. */
  timeText: string;
  amountFen: number;
  balanceFen: number | null;
  counterparty: string;
  summary: string;
  reference: string;
}

export interface LineProblem {
  lineNo: number;
  column: string;
  value: string;
}

export interface ReadStatement {
  lines: StatementLine[];
  /** Lines that cannot be read; with one of them nothing is imported. */
  problems: LineProblem[];
}

const plain = (header: string): string =>
  header
    .replace(/[\s*]/g, '')
    .replace(/[（(](?:元|人民币|RMB|CNY)[)）]$/i, '')
    .toLowerCase();

const isFooter = (row: string[]): boolean =>
  row.some((cell) => /^[#*]?\s*(?:合计|总计|小计|本页|累计|总笔数|打印|以下空白|total\b)/i.test(cell));

/**
 * Reads the lines of a statement. Empty lines and totals are passed over; any other line must be readable.
 * @throws BANK_COLUMNS naming the columns that the header lacks
 */
export function readStatement({ rows }: StatementTable, mapping: StatementMapping): ReadStatement {
  const { headerLine, creditWord, ...names } = mapping;
  const { places, missing } = placesOf(rows[headerLine - 1] ?? [], names);
  if (missing.length > 0) throw fail('BANK_COLUMNS', { lineNo: headerLine, missing });
  const lines: StatementLine[] = [];
  const problems: LineProblem[] = [];
  for (const [index, row] of rows.entries()) {
    const lineNo = index + 1;
    if (lineNo <= headerLine || row.every((cell) => cell === '')) continue;
    const cell = (field: string): string => row[places.get(field) ?? -1] ?? '';
    const day = readDay(cell('date'));
    if (day === undefined) {
      if (!isFooter(row)) problems.push({ lineNo, column: names.date, value: cell('date') });
      continue;
    }
    const amount = readAmounts(cell, names, creditWord);
    const balance = cell('balance') === '' ? null : readMoney(cell('balance'));
    if (typeof amount !== 'number') {
      problems.push({ lineNo, ...amount });
    } else if (balance === undefined) {
      problems.push({ lineNo, column: names.balance ?? '', value: cell('balance') });
    } else {
      lines.push({
        lineNo,
        date: day.date,
        timeText: readTime(cell('time')) ?? day.time,
        amountFen: amount,
        balanceFen: balance,
        counterparty: cell('counterparty').slice(0, 200),
        summary: cell('summary').slice(0, 500),
        reference: cell('reference').slice(0, 100),
      });
    }
  }
  return { lines, problems };
}

type Names = Omit<StatementMapping, 'headerLine' | 'creditWord'>;

function placesOf(headerRow: string[], names: Names): { places: Map<string, number>; missing: string[] } {
  const header = headerRow.map(plain);
  const places = new Map<string, number>();
  const missing: string[] = [];
  for (const [field, name] of Object.entries(names)) {
    if (name === undefined) continue;
    const place = header.indexOf(plain(name));
    if (place < 0) missing.push(name);
    else places.set(field, place);
  }
  return { places, missing };
}

/** Columns that a mapping names and a header lacks. */
export function missingColumns(
  headerRow: string[],
  { headerLine: _, creditWord: __, ...names }: StatementMapping,
): string[] {
  return placesOf(headerRow, names).missing;
}

const usualCredit = /^(?:贷方?|收|收入|CR?|Credit)$/i;
const usualDebit = /^(?:借方?|支|支出|DR?|Debit)$/i;

function readAmounts(
  cell: (field: string) => string,
  names: Names,
  creditWord: string | undefined,
): number | Omit<LineProblem, 'lineNo'> {
  if (names.credit !== undefined) {
    const credit = cell('credit') === '' ? 0 : readMoney(cell('credit'));
    const debit = cell('debit') === '' ? 0 : readMoney(cell('debit'));
    if (credit === undefined) return { column: names.credit, value: cell('credit') };
    if (debit === undefined) return { column: names.debit ?? '', value: cell('debit') };
    if (cell('credit') === '' && cell('debit') === '') return { column: names.credit, value: '' };
    return credit - Math.abs(debit);
  }
  const amount = readMoney(cell('amount'));
  if (amount === undefined) return { column: names.amount ?? '', value: cell('amount') };
  if (names.direction === undefined) return amount;
  const direction = cell('direction').trim();
  const isCredit = creditWord === undefined ? usualCredit.test(direction) : direction.includes(creditWord);
  if (creditWord === undefined && !isCredit && !usualDebit.test(direction)) {
    return { column: names.direction, value: direction };
  }
  return isCredit ? Math.abs(amount) : 0 - Math.abs(amount);
}

/** Amounts as banks write them: 1,234.56 · ￥12.00 · -3.5 · (3.50) · 12元. Undefined for anything else. */
export function readMoney(text: string): number | undefined {
  const bare = text.replace(/[,，\s￥¥元+]|RMB|CNY/gi, '');
  const isNegative = /^-|^[(（].*[)）]$/.test(bare);
  const digits = bare.replace(/^-|[()（）]/g, '');
  if (!/^\d+(\.\d{1,2}0*)?$/.test(digits)) return undefined;
  try {
    const fen = parseAmount(digits.replace(/(\.\d\d)0+$/, '$1'));
    return isNegative && fen !== 0 ? -fen : fen;
  } catch {
    return undefined;
  }
}

const dayForms = [
  /^(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?(?:[ T]+(\d{1,2}):(\d{2})(?::(\d{2}))?.*)?$/,
  /^(\d{4})(\d{2})(\d{2})(?:[ T]?(\d{2}):?(\d{2}):?(\d{2})?)?$/,
];

function readDay(text: string): { date: string; time: string } | undefined {
  for (const form of dayForms) {
    const [, year, month = '', day = '', hour, minute, second = '00'] = form.exec(text) ?? [];
    if (year === undefined) continue;
    const date = `${year}-${month.padStart(2, '0')}-${day.padStart(2, '0')}`;
    if (!z.iso.date().safeParse(date).success) return undefined;
    return { date, time: hour === undefined ? '' : `${hour.padStart(2, '0')}:${minute}:${second}` };
  }
  return undefined;
}

function readTime(text: string): string | undefined {
  const form = /^(?:.*[ T])?(\d{1,2}):?(\d{2}):?(\d{2})?$/.exec(text);
  return form ? `${(form[1] ?? '').padStart(2, '0')}:${form[2]}:${form[3] ?? '00'}` : undefined;
}

/**
 * Tells a line from every other line of its bank account, so that overlapping files give each once. Lines of one file
 * that are alike in everything are numbered: two transfers of one amount are two.
 */
export function lineIdentities(lines: StatementLine[]): string[] {
  const seen = new Map<string, number>();
  return lines.map(({ lineNo: _, ...line }) => {
    const text = JSON.stringify(Object.values(line));
    const count = (seen.get(text) ?? 0) + 1;
    seen.set(text, count);
    return createHash('sha256').update(`${text} ${count}`).digest('hex').slice(0, 40);
  });
}

const words: Record<keyof Names, RegExp> = {
  date: /^(?:交易日期|记账日期?|入账日期|账务日期|日期|交易时间|记账时间|入账时间|date|.*date)$/i,
  time: /^(?:交易时间|时间|time)$/i,
  credit: /^(?:贷方(?:发生额|金额)?|收入(?:金额)?|存入(?:金额)?|转入金额|credit.*)$/i,
  debit: /^(?:借方(?:发生额|金额)?|支出(?:金额)?|转出金额|debit.*)$/i,
  amount: /^(?:交易金额|发生额|金额|amount)$/i,
  direction: /^(?:借贷(?:标志|方向)?|收支(?:标志|方向)?)$/,
  balance: /^(?:账户)?(?:余额|balance)$/i,
  counterparty: /^(?:对方(?:户名|名称|账户名称|单位(?:名称)?)|交易对手(?:名称)?|counterparty)$/i,
  summary: /^(?:摘要|用途|附言|备注|交易(?:摘要|附言)|summary|description)$/i,
  reference: /^(?:(?:交易)?流水号?|(?:核心|银行)流水号|凭证号码?|交易序号|reference)$/i,
};

/** The likeliest mapping of a table, to begin with; undefined when no line looks like a header. */
export function guessMapping({ rows }: StatementTable): StatementMapping | undefined {
  for (const [index, row] of rows.slice(0, 40).entries()) {
    const found: Record<string, string> = {};
    for (const [field, form] of Object.entries(words)) {
      const name = row.find((cell) => form.test(plain(cell)));
      if (name !== undefined) found[field] = name;
    }
    if (found.time === found.date) delete found.time;
    if (found.credit !== undefined) delete found.amount;
    if (found.credit !== undefined || found.amount === undefined) delete found.direction;
    const mapping = statementMapping.safeParse({ headerLine: index + 1, ...found });
    if (mapping.success) return mapping.data;
  }
  return undefined;
}
