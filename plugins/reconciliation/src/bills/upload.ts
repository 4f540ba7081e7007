import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import type { Clock } from '@hospital-pay/jobs';
import { BillError, businessDay, type Payments } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { assertOpen } from '../closings/ledger';
import type { Engine } from '../engine/engine';
import { fail } from '../errors';
import { accountRow, readRow } from '../rows';
import type { ArchivedBill, BillArchive } from './archive';
import { repeatedLine } from './difference';
import { billFailure } from './failure';

export interface Uploaded extends Pick<ArchivedBill, 'version' | 'sha256' | 'lineCount'> {
  /** The version that was the newest one before; null when this is the day's first bill. */
  before: number | null;
  /** False when the newest version has these very bytes: nothing was added. */
  isNew: boolean;
  /** Whether the day was reconciled already: a new run is due. */
  reconciled: boolean;
}

export interface UploadedFile {
  name: string;
  bytes: Buffer;
}

/**
 * Takes a trade bill from a person's hands. It is read by its channel's own reader in a process of its own, and must be
 * this day's and this merchant's, add up, and repeat no line. Only a file that passes is kept.
 * @throws ACCOUNT_UNKNOWN, DATE_IN_FUTURE, PERIOD_CLOSED, BILL_UPLOAD_NOT_OFFERED, BILL_… with `lineNo`
 */
export type UploadBill = (
  question: { accountCode: string; date: string; by: string; merchantCodes: string[] | null },
  file: UploadedFile,
) => Promise<Uploaded>;

export interface UploadOptions {
  db: Knex;
  clock: Clock;
  payments: Pick<Payments, 'accounts'>;
  archive: BillArchive;
  engine: Engine;
}

export function createBillUpload({ db, clock, payments, archive, engine }: UploadOptions): UploadBill {
  return async ({ accountCode, date, by, merchantCodes }, file) => {
    const account = readRow(accountRow, await db('channel_accounts').where({ code: accountCode }).first());
    if (!account || (merchantCodes !== null && !merchantCodes.includes(account.merchantCode))) {
      throw fail('ACCOUNT_UNKNOWN', { accountCode });
    }
    const { manifest, config } = await payments.accounts.connect(accountCode);
    const { billReader: reader } = manifest;
    if (reader === undefined) throw fail('BILL_UPLOAD_NOT_OFFERED', { channel: manifest.code });
    if (date >= businessDay(clock.now(), { zone: manifest.zone, dayCutoff: '00:00' })) {
      throw fail('DATE_IN_FUTURE', { date });
    }
    await assertOpen(db, account.merchantCode, date);
    const folder = await mkdtemp(path.join(os.tmpdir(), 'hospital-pay-upload-'));
    try {
      const raw = path.join(folder, 'bill');
      const target = path.join(folder, 'bill.parquet');
      await writeFile(raw, file.bytes);
      const sums = await engine.importBill({ file: raw, reader, guard: { date, config }, target });
      const repeated = await engine.look([target], (duck) => repeatedLine(duck, target));
      if (repeated) {
        throw new BillError('DUPLICATE', `the same as line ${repeated.firstLineNo}`, repeated.lineNo);
      }
      const before = (await archive.versions({ accountCode, date, kind: 'trade' })).at(-1)?.version ?? null;
      const kept = await archive.keepRead(
        account,
        date,
        { file, sums, parquet: await readFile(target) },
        { at: clock.now(), source: 'upload', by },
      );
      const done: unknown = await db('reconciliation_runs')
        .where({ account_code: accountCode, date, status: 'done' })
        .first('id');
      const { version, sha256, lineCount } = kept;
      return {
        version,
        sha256,
        lineCount,
        before,
        isNew: version !== before,
        reconciled: done !== undefined,
      };
    } catch (error) {
      return billFailure(error);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
}
