import { BillError } from '@hospital-pay/payments/contract';

export interface CsvRow {
  /** Of the row's first line, 1-based. */
  lineNo: number;
  cells: string[];
  raw: string;
}

/**
 * Rows of RFC 4180: quotes may hold commas, quotes (doubled) and line breaks; lines end with LF or CRLF.
 * Empty lines are left out. @throws BillError on a quote that is never closed.
 */
export function* csvRows(text: string): Generator<CsvRow> {
  let at = 0;
  let lineNo = 1;
  while (at < text.length) {
    const start = at;
    const startLine = lineNo;
    const cells: string[] = [];
    for (;;) {
      let cell = '';
      if (text[at] === '"') {
        at += 1;
        for (;;) {
          const close = text.indexOf('"', at);
          if (close < 0) throw new BillError('TRUNCATED', 'a quote is never closed', startLine);
          cell += text.slice(at, close);
          at = close + 1;
          if (text[at] !== '"') break;
          cell += '"';
          at += 1;
        }
      }
      const end = endOfCell(text, at);
      cell += text.slice(at, end);
      at = end;
      cells.push(cell.trim());
      if (text[at] !== ',') break;
      at += 1;
    }
    const raw = text.slice(start, at);
    lineNo += raw.split('\n').length;
    if (text[at] === '\r') at += 1;
    at += 1;
    if (raw.trim() !== '') yield { lineNo: startLine, cells, raw };
  }
}

function endOfCell(text: string, from: number): number {
  let at = from;
  while (at < text.length && text[at] !== ',' && text[at] !== '\n' && text[at] !== '\r') at += 1;
  return at;
}
