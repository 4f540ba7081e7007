import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import path from 'node:path';
import { pipeline } from 'node:stream/promises';
import { type ArchiveStorage, TakenByOther, writeNew } from '@hospital-pay/archive';
import {
  type Bill,
  BillError,
  type BillKind,
  type BillLine,
  type ChannelConfig,
  completeRow,
  type FundFlowLine,
  isUniqueViolation,
} from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import type { BillSums, RawLine } from '../engine/bill-lines';
import type { Engine } from '../engine/engine';
import { fail } from '../errors';
import { readRow, readRows } from '../rows';

export const billSources = ['schedule', 'run', 'upload'] as const;
export type BillSource = (typeof billSources)[number];

const amount = z
  .number()
  .nullable()
  .transform((value) => value ?? 0);
const versionRow = z.object({
  accountCode: z.string(),
  channel: z.string(),
  date: z.string(),
  kind: z.enum(['trade', 'fund-flow']),
  version: z.number(),
  sha256: z.string(),
  fileName: z.string(),
  path: z.string(),
  bytes: z.coerce.number(),
  payments: amount,
  paymentFen: amount,
  refunds: amount,
  refundFen: amount,
  feeFen: amount,
  withdrawnFen: amount,
  source: z.enum(billSources).nullable(),
  fetchedBy: z.string().nullable(),
  fetchedAt: z.date(),
});
/** One kept version of a bill, with what its lines add up to (fen). */
export type BillVersion = z.output<typeof versionRow>;

export interface ArchivedBill {
  version: number;
  sha256: string;
  lineCount: number;
  /** Its lines as Parquet, a file of this machine. */
  parquet: string;
}

/** Of which day of which account, and of which kind. */
export interface BillKey {
  accountCode: string;
  date: string;
  kind: BillKind;
}

/** How a bill came to us. `by`: the account that uploaded it or asked for the run; `system` for the schedule. */
export interface Receipt {
  at: Date;
  source: BillSource;
  by: string;
}

type Ready<Line> = Extract<Bill<Line>, { kind: 'ready' }>;
type Account = { code: string; channel: string };

export interface BillArchive {
  /**
   * Keeps the raw file exactly as received, then its lines beside it as Parquet, then the row that names both.
   * The same bytes are kept once; other bytes for the same day are the next version. Nothing is ever overwritten.
   * `importBill`: who reads it, if not just any process.
   * @throws BillError when the lines cannot be read; the raw file is kept all the same
   * @throws BILL_ALTERED when another file lies in its place
   */
  keep(
    account: Account,
    date: string,
    bill: Ready<BillLine>,
    receipt: Receipt,
    importBill?: Engine['importBill'],
  ): Promise<ArchivedBill>;
  /** The same for a fund-flow bill (资金账单). */
  keepFlows(
    account: Account,
    date: string,
    bill: Ready<FundFlowLine>,
    receipt: Receipt,
  ): Promise<ArchivedBill>;
  /** Keeps a trade bill whose lines were read before, as the Parquet file at `lines`. */
  keepRead(
    account: Account,
    date: string,
    read: { file: { name: string; bytes: Buffer }; sums: BillSums; parquet: Buffer },
    receipt: Receipt,
  ): Promise<ArchivedBill>;
  /** The newest kept trade bill of a day. */
  latest(accountCode: string, date: string): Promise<ArchivedBill | undefined>;
  /** The newest trade bill of a day if a person gave it: it stands in for the download. */
  uploaded(accountCode: string, date: string): Promise<ArchivedBill | undefined>;
  /** What is kept of a day, oldest first. */
  versions(key: BillKey): Promise<BillVersion[]>;
  /** The lines of one version, as a file of this machine. */
  parquet(version: BillVersion): Promise<string>;
  /** The file as received, as a file of this machine. @throws BILL_ALTERED when it is no longer that */
  raw(version: BillVersion): Promise<string>;
  /** Lines of the newest trade bill of a day under these numbers of ours. */
  find(accountCode: string, date: string, numbers: string[]): Promise<RawLine[]>;
}

export interface BillArchiveOptions {
  db: Knex;
  storage: ArchiveStorage;
  engine: Engine;
  /** How an account's channel reads its files. */
  readerOf(accountCode: string): Promise<{ reader: string | undefined; config: ChannelConfig }>;
}

const parquetOf = (name: string): string => `${name}.parquet`;
const gone = (): BillError =>
  new BillError('UNAVAILABLE', 'the lines of this bill are gone and its channel has no reader');

export function createBillArchive({ db, storage, engine, readerOf }: BillArchiveOptions): BillArchive {
  const rows = ({ accountCode, date, kind }: BillKey) =>
    db('bill_archives').where({ account_code: accountCode, date, kind });

  const latestRow = async (key: BillKey): Promise<BillVersion | undefined> =>
    readRow(versionRow, await rows(key).orderBy('version', 'desc').first());

  /** Reads a raw trade bill into Parquet, by its channel's own reader where there is one. */
  async function read(
    accountCode: string,
    date: string,
    file: string,
    target: string,
    lines: () => AsyncIterable<BillLine>,
    importBill = engine.importBill,
  ): Promise<BillSums> {
    const { reader, config } = await readerOf(accountCode);
    return reader === undefined
      ? engine.keepLines(lines(), target)
      : importBill({ file, reader, guard: { date, config }, target });
  }

  /** The file as received. @throws BILL_ALTERED when it is no longer that */
  async function rawFile(version: BillVersion): Promise<string | undefined> {
    const file = await storage.find(version.path);
    if (file === undefined) return undefined;
    const hash = createHash('sha256');
    await pipeline(createReadStream(file), hash);
    if (hash.digest('hex') !== version.sha256) throw fail('BILL_ALTERED', { fileName: version.fileName });
    return file;
  }

  async function parquet(version: BillVersion): Promise<string> {
    const name = parquetOf(version.path);
    const found = await storage.find(name);
    if (found !== undefined) return found;
    const file = await rawFile(version);
    if (version.kind !== 'trade' || file === undefined) throw gone();
    await read(version.accountCode, version.date, file, storage.place(name), () => {
      throw gone();
    });
    await storage.publish(name);
    return storage.place(name);
  }

  const archived = async (version: BillVersion): Promise<ArchivedBill> => ({
    version: version.version,
    sha256: version.sha256,
    lineCount: version.payments + version.refunds,
    parquet: await parquet(version),
  });

  /** `readTo` writes the lines as Parquet and says what they add up to. */
  async function keep(
    account: Account,
    { date, kind }: Omit<BillKey, 'accountCode'>,
    { name, bytes }: { name: string; bytes: Buffer },
    receipt: Receipt,
    readTo: (file: string, target: string) => Promise<Partial<BillVersion>>,
  ): Promise<ArchivedBill> {
    const key = { accountCode: account.code, date, kind };
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const extension = /(\.[A-Za-z0-9]{1,8})$/.exec(name)?.[1] ?? '.bin';
    const kept = path.join(account.code, date, `${kind}-${sha256.slice(0, 16)}${extension}`);
    await storage.keep(kept, bytes).catch((error: unknown) => {
      throw error instanceof TakenByOther ? fail('BILL_ALTERED', { fileName: name }) : error;
    });
    const newest = await latestRow(key);
    if (newest?.sha256 === sha256 && (await storage.find(parquetOf(kept)))) return archived(newest);
    const sums = await readTo(storage.place(kept), storage.place(parquetOf(kept)));
    await storage.publish(parquetOf(kept));
    const insert = async (): Promise<BillVersion> => {
      const last = await latestRow(key);
      if (last?.sha256 === sha256) return last;
      const version = (last?.version ?? 0) + 1;
      const { at: fetchedAt, source, by: fetchedBy } = receipt;
      const received = { version, sha256, fileName: name, path: kept, bytes: bytes.length };
      await db('bill_archives').insert(
        completeRow(
          db,
          { ...key, channel: account.channel, ...received, ...sums, source, fetchedBy, fetchedAt },
          fetchedAt,
        ),
      );
      return insert();
    };
    // Two runs of one day may keep at once: whoever comes second looks again.
    return archived(
      await insert().catch((error: unknown) => {
        if (isUniqueViolation(error)) return insert();
        throw error;
      }),
    );
  }

  async function latest(accountCode: string, date: string): Promise<ArchivedBill | undefined> {
    const row = await latestRow({ accountCode, date, kind: 'trade' });
    return row && archived(row);
  }

  return {
    keep: (account, date, bill, receipt, importBill) =>
      keep(account, { date, kind: 'trade' }, bill.file, receipt, (file, target) =>
        read(account.code, date, file, target, bill.lines, importBill),
      ),

    keepFlows: (account, date, bill, receipt) =>
      keep(account, { date, kind: 'fund-flow' }, bill.file, receipt, (_, target) =>
        engine.keepFlows(bill.lines(), target),
      ),

    keepRead: (account, date, { file, sums, parquet: lines }, receipt) =>
      keep(account, { date, kind: 'trade' }, file, receipt, async (_, target) => {
        await writeNew(target, lines);
        return sums;
      }),

    latest,

    async uploaded(accountCode, date) {
      const row = await latestRow({ accountCode, date, kind: 'trade' });
      return row?.source === 'upload' ? archived(row) : undefined;
    },

    versions: async (key) => readRows(versionRow, await rows(key).orderBy('version')),

    parquet,

    async raw(version) {
      const file = await rawFile(version);
      if (file === undefined) throw new BillError('UNAVAILABLE', `${version.fileName} is gone`);
      return file;
    },

    async find(accountCode, date, numbers) {
      const bill = await latest(accountCode, date);
      return bill ? engine.findLines(bill.parquet, numbers) : [];
    },
  };
}
