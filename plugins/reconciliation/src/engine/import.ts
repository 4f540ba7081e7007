import { readFile } from 'node:fs/promises';
import { type Bill, BillError, type BillGuard } from '@hospital-pay/payments';
import { z } from 'zod';
import { type BillSums, writeLines } from './bill-lines';

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
});

/** Reads a raw bill with its channel's own reader. @throws BillError */
export async function importBill(
  { file, reader, guard, target }: BillTask,
  folder: string,
  onProgress?: (lines: number) => void,
): Promise<BillSums> {
  const { openBill } = readerModule.parse(require(reader));
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
