import { Readable } from 'node:stream';
import ExcelJS from 'exceljs';
import { fail } from '../errors';

/** A statement as a table of texts; row n of the file is `rows[n - 1]`. */
export interface StatementTable {
  format: 'xlsx' | 'csv';
  encoding: 'utf-8' | 'gb18030' | null;
  rows: string[][];
}

const mostRows = 200_000;
const mostColumns = 100;

/**
 * Reads what a bank's site gives for download: Excel (.xlsx, its first sheet) or CSV in UTF-8 or GBK.
 * @throws BANK_FILE_FORMAT, BANK_FILE_ENCODING with `lineNo`, BANK_FILE_EMPTY, FILE_TOO_LARGE
 */
export async function readStatementTable(bytes: Buffer): Promise<StatementTable> {
  if (bytes.readUInt32BE(0) === 0xd0cf11e0) throw fail('BANK_FILE_FORMAT', { format: 'xls' });
  const table =
    bytes.toString('latin1', 0, 2) === 'PK'
      ? { format: 'xlsx' as const, encoding: null, rows: await sheetRows(bytes) }
      : { format: 'csv' as const, ...textRows(bytes) };
  if (!table.rows.some((row) => row.some((cell) => cell !== ''))) throw fail('BANK_FILE_EMPTY');
  return table;
}

async function sheetRows(bytes: Buffer): Promise<string[][]> {
  const rows: string[][] = [];
  try {
    const reader = new ExcelJS.stream.xlsx.WorkbookReader(Readable.from([bytes]), {
      worksheets: 'emit',
      sharedStrings: 'cache',
      styles: 'cache',
      hyperlinks: 'ignore',
    });
    for await (const sheet of reader) {
      for await (const row of sheet) {
        if (row.number > mostRows) throw fail('FILE_TOO_LARGE', { rows: mostRows });
        while (rows.length < row.number - 1) rows.push([]);
        const cells: string[] = [];
        for (let column = 1; column <= Math.min(row.cellCount, mostColumns); column++) {
          cells.push(cellText(row.getCell(column).value));
        }
        rows.push(cells);
      }
      break;
    }
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'PlatformError') throw cause;
    throw fail('BANK_FILE_FORMAT', { format: 'xlsx' }, { cause });
  }
  return rows;
}

/** A cell as a person reads it; a moment in Excel is the wall clock, which exceljs gives as if it were UTC. */
export function cellText(value: ExcelJS.CellValue): string {
  if (value === null || value === undefined) return '';
  if (typeof value === 'string') return value.trim();
  // Sums of a sheet carry the dust of floating point; no statement has more than six decimals.
  if (typeof value === 'number') return String(Number(value.toFixed(6)));
  if (typeof value === 'boolean') return String(value);
  if (isDate(value)) return value.toISOString().slice(0, 19).replace('T', ' ').replace(' 00:00:00', '');
  if ('richText' in value)
    return value.richText
      .map(({ text }) => text)
      .join('')
      .trim();
  if ('text' in value) return cellText(value.text);
  if ('result' in value) return cellText(value.result);
  return '';
}

const isDate = (value: object): value is Date => Object.prototype.toString.call(value) === '[object Date]';

function textRows(bytes: Buffer): { encoding: 'utf-8' | 'gb18030'; rows: string[][] } {
  const decoded = decode(bytes);
  const rows = csvRows(decoded.text);
  if (rows.length > mostRows) throw fail('FILE_TOO_LARGE', { rows: mostRows });
  return { encoding: decoded.encoding, rows };
}

/** A byte that is neither UTF-8 nor GBK is refused with its line: a name read wrongly matches nothing. */
function decode(bytes: Buffer): { encoding: 'utf-8' | 'gb18030'; text: string } {
  for (const encoding of ['utf-8', 'gb18030'] as const) {
    try {
      return { encoding, text: new TextDecoder(encoding, { fatal: true }).decode(bytes) };
    } catch {
      // The other one, then.
    }
  }
  const decoder = new TextDecoder('gb18030', { fatal: true });
  let lineNo = 1;
  for (let start = 0; start < bytes.length; lineNo++) {
    const found = bytes.indexOf(0x0a, start);
    const end = found < 0 ? bytes.length : found;
    try {
      decoder.decode(bytes.subarray(start, end));
    } catch (cause) {
      throw fail('BANK_FILE_ENCODING', { lineNo }, { cause });
    }
    start = end + 1;
  }
  throw fail('BANK_FILE_ENCODING', { lineNo: 1 });
}

/** CSV as banks write it: comma, tab or semicolon, quoted where needed. A row is a line of the file. */
export function csvRows(text: string): string[][] {
  const [separator = ','] = [',', '\t', ';'].toSorted((a, b) => countOf(text, b) - countOf(text, a));
  const rows: string[][] = [];
  let cells: string[] = [];
  let cell = '';
  let isQuoted = false;
  const endCell = (): void => {
    cells.push(cell.trim());
    cell = '';
  };
  for (let place = 0; place < text.length; place++) {
    const letter = text[place];
    if (isQuoted) {
      if (letter !== '"') cell += letter === '\n' ? ' ' : letter;
      else if (text[place + 1] === '"') cell += text[++place];
      else isQuoted = false;
    } else if (letter === '"' && cell.trim() === '') {
      cell = '';
      isQuoted = true;
    } else if (letter === separator) {
      endCell();
    } else if (letter === '\n') {
      endCell();
      rows.push(cells);
      cells = [];
    } else if (letter !== '\r') {
      cell += letter;
    }
  }
  if (cell !== '' || cells.length > 0) {
    endCell();
    rows.push(cells);
  }
  return rows;
}

const countOf = (text: string, letter: string): number => text.slice(0, 20_000).split(letter).length;
