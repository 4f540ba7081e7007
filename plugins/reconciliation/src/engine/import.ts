import { readFile } from 'node:fs/promises';
import { type Bill, BillError, type BillGuard, type BillTable } from '@hospital-pay/payments';
import { z } from 'zod';
import { type BillSums, writeLines } from './bill-lines';
import { writeTable } from './table-lines';

export interface BillTask {
  /** The raw file as received. */
  file: string;
  /** Module of the channel that exports `openBill`. */
  reader: string;
  guard: BillGuard;
  /** Where the Parquet goes. */
  target: string;
}

const readerModule = z.object({
  openBill: z.custom<(bytes: Buffer, guard: BillGuard) => Promise<Bill>>(
    (value) => typeof value === 'function',
  ),
  openTable: z
    .custom<(bytes: Buffer, guard: BillGuard) => Promise<BillTable | undefined>>(
      (value) => typeof value === 'function',
    )
    .optional(),
});

/**
 * Reads a raw bill: as a table where its channel lays one out and every row is as declared, otherwise line by line with
 * the channel's own reader, which says what is wrong.
 * @throws BillError
 */
export async function importBill(
  { file, reader, guard, target }: BillTask,
  folder: string,
  onProgress?: (lines: number) => void,
): Promise<BillSums> {
  const { openBill, openTable } = readerModule.parse(require(reader));
  // Read where it is used, so that nothing of a long bill stays in memory while DuckDB is at it.
  const tableOf = async () => openTable?.(await readFile(file), guard);
  try {
    const table = await tableOf();
    if (table) return await writeTable(table, target, folder, onProgress);
  } catch {
    // Whatever it was, the reader below says it, or finds nothing wrong.
  }
  const bill = await openBill(await readFile(file), guard);
  switch (bill.kind) {
    case 'ready':
      return writeLines(bill.lines(), target, folder, onProgress);
    case 'empty':
      return writeLines(none(), target, folder, onProgress);
    case 'not-ready':
      throw new BillError('UNAVAILABLE', 'a file that is not there yet');
    default:
      return bill satisfies never;
  }
}

async function* none(): AsyncGenerator<never> {}
