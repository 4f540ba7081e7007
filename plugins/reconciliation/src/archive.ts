import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import {
  type Bill,
  BillError,
  type BillLine,
  type ChannelConfig,
  completeRow,
  fromRow,
} from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { BillSums, RawLine } from './engine/bill-lines';
import type { Engine, Watch } from './engine/engine';

const archiveRow = z.object({
  version: z.number(),
  sha256: z.string(),
  fileName: z.string(),
  path: z.string(),
  payments: z.number(),
  refunds: z.number(),
});

export interface ArchivedBill {
  version: number;
  sha256: string;
  lineCount: number;
  /** Its lines as Parquet, a file of this machine. */
  parquet: string;
}

export interface BillArchive {
  /**
   * Keeps the raw file exactly as received, then its lines beside it as Parquet, then the row that names both.
   * The same bytes are kept once; other bytes for the same day are the next version. Nothing is ever overwritten.
   * @throws BillError when the lines cannot be read; the raw file is kept all the same.
   */
  keep(
    account: { code: string; channel: string },
    date: string,
    bill: Extract<Bill, { kind: 'ready' }>,
    now: Date,
    watch?: Watch,
  ): Promise<ArchivedBill>;
  /** The newest kept bill of a day. */
  latest(accountCode: string, date: string): Promise<ArchivedBill | undefined>;
  /** Lines of the newest bill of a day under these numbers of ours. */
  find(accountCode: string, date: string, numbers: string[]): Promise<RawLine[]>;
  has(accountCode: string, date: string): Promise<boolean>;
}

export interface BillArchiveOptions {
  db: Knex;
  folder: string;
  engine: Engine;
  /** How an account's channel reads its files. */
  readerOf(accountCode: string): Promise<{ reader: string | undefined; config: ChannelConfig }>;
}

export function createBillArchive({ db, folder, engine, readerOf }: BillArchiveOptions): BillArchive {
  async function latestRow(accountCode: string, date: string) {
    const row: Record<string, unknown> | undefined = await db('bill_archives')
      .where({ account_code: accountCode, date, kind: 'trade' })
      .orderBy('version', 'desc')
      .first();
    return row ? archiveRow.parse(fromRow(row)) : undefined;
  }

  /** Reads a raw file into Parquet, by its channel's own reader where there is one. */
  async function read(
    accountCode: string,
    date: string,
    file: string,
    lines: () => AsyncIterable<BillLine>,
    watch?: Watch,
  ): Promise<BillSums> {
    const { reader, config } = await readerOf(accountCode);
    const target = parquetOf(file);
    return reader === undefined
      ? engine.keepLines(lines(), target)
      : engine.importBill({ file, reader, guard: { date, config }, target }, watch);
  }

  async function latest(accountCode: string, date: string): Promise<ArchivedBill | undefined> {
    const row = await latestRow(accountCode, date);
    if (!row) return undefined;
    const { version, sha256, payments, refunds } = row;
    const file = path.join(folder, row.path);
    if (!existsSync(parquetOf(file))) {
      await read(accountCode, date, file, () => {
        throw new BillError('UNAVAILABLE', 'the lines of this bill are gone and its channel has no reader');
      });
    }
    return { version, sha256, lineCount: payments + refunds, parquet: parquetOf(file) };
  }

  return {
    async keep(account, date, bill, now, watch) {
      const { bytes, name } = bill.file;
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const extension = /(\.[A-Za-z0-9]{1,8})$/.exec(name)?.[1] ?? '.bin';
      const relative = path.join(account.code, date, `trade-${sha256.slice(0, 16)}${extension}`);
      const file = path.join(folder, relative);
      await writeOnce(file, bytes);

      const newest = await latestRow(account.code, date);
      if (newest?.sha256 === sha256 && existsSync(parquetOf(file))) {
        const { version, payments, refunds } = newest;
        return { version, sha256, lineCount: payments + refunds, parquet: parquetOf(file) };
      }
      const sums = await read(account.code, date, file, bill.lines, watch);
      const kept = { sha256, lineCount: sums.payments + sums.refunds, parquet: parquetOf(file) };
      if (newest?.sha256 === sha256) return { ...kept, version: newest.version };
      const version = (newest?.version ?? 0) + 1;
      await db('bill_archives').insert(
        completeRow(
          db,
          {
            accountCode: account.code,
            channel: account.channel,
            date,
            kind: 'trade',
            version,
            sha256,
            fileName: name,
            path: relative,
            bytes: bytes.length,
            ...sums,
            fetchedAt: now,
          },
          now,
        ),
      );
      return { ...kept, version };
    },

    latest,

    async find(accountCode, date, numbers) {
      const bill = await latest(accountCode, date);
      return bill ? engine.findLines(bill.parquet, numbers) : [];
    },

    has: async (accountCode, date) => (await latestRow(accountCode, date)) !== undefined,
  };
}

const parquetOf = (file: string): string => `${file}.parquet`;

/** Under a temporary name, on disk, then renamed: a reader sees the whole file or none. */
async function writeOnce(file: string, bytes: Buffer): Promise<void> {
  const existing = await readFile(file).catch(() => undefined);
  if (existing?.equals(bytes)) return;
  if (existing) throw new Error(`${path.basename(file)} is archived with other contents`);
  const folder = path.dirname(file);
  await mkdir(folder, { recursive: true });
  const temporary = `${file}.${randomBytes(4).toString('hex')}.part`;
  const handle = await open(temporary, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  const directory = await open(folder, 'r');
  try {
    await directory.sync();
  } finally {
    await directory.close();
  }
}
