import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { harmless, say, textOf, type Wording } from './cells';
import type { Table } from './report';

const lineEnd = '\r\n';

/** RFC 4180. */
export const csvLine = (cells: string[]): string =>
  cells.map((cell) => (/[",\r\n]/.test(cell) ? `"${cell.replaceAll('"', '""')}"` : cell)).join(',') + lineEnd;

/**
 * UTF-8 with a byte order mark, or Excel would read Chinese as something else. Of several tables each is headed by
 * its title and set apart by an empty line. `passed` is called after every row and may wait.
 */
export async function writeCsv(
  out: Writable,
  tables: Table[],
  wording: Wording,
  passed: () => Promise<void> | undefined,
): Promise<void> {
  const write = async (text: string): Promise<void> => {
    if (!out.write(text)) await once(out, 'drain');
  };
  await write('\uFEFF');
  for (const [index, table] of tables.entries()) {
    if (index > 0) await write(lineEnd);
    if (tables.length > 1) await write(csvLine([harmless(say(table.title, wording))]));
    await write(csvLine(table.columns.map(({ title }) => harmless(say(title, wording)))));
    for await (const row of table.rows) {
      const line = csvLine(table.columns.map((field) => textOf(field, row, wording)));
      if (!out.write(line)) await once(out, 'drain');
      const wait = passed();
      if (wait) await wait;
    }
  }
  out.end();
}
