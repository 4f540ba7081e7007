import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, readFile, rename } from 'node:fs/promises';
import path from 'node:path';
import { type Bill, type BillLine, completeRow, fromRow, toMinor } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';

/** The lines of an archived bill, with what the match and the order's own page need. */
const archivedLine = z.object({
  lineNo: z.int(),
  kind: z.enum(['payment', 'refund']),
  orderNo: z.string(),
  refundNo: z.string().optional(),
  channelNo: z.string(),
  amountFen: z.int(),
  feeFen: z.int(),
  occurredAt: z.iso.datetime(),
  settledOn: z.string(),
});
export type ArchivedLine = z.output<typeof archivedLine>;

const archiveRow = z.object({
  version: z.number(),
  sha256: z.string(),
  fileName: z.string(),
  path: z.string(),
});

export interface ArchivedBill {
  version: number;
  sha256: string;
  lines: ArchivedLine[];
}

export interface BillArchive {
  /**
   * Keeps the raw file exactly as received, then its lines beside it, then the row that names both.
   * The same bytes are kept once; other bytes for the same day are the next version. Nothing is ever overwritten.
   * @throws BillError when the lines cannot be read; the raw file is kept all the same.
   */
  keep(
    account: { code: string; channel: string },
    date: string,
    bill: Extract<Bill, { kind: 'ready' }>,
    now: Date,
  ): Promise<ArchivedBill>;
  /** The newest kept bill of a day. */
  latest(accountCode: string, date: string): Promise<ArchivedBill | undefined>;
  has(accountCode: string, date: string): Promise<boolean>;
}

export function createBillArchive(db: Knex, folder: string): BillArchive {
  async function latestRow(accountCode: string, date: string) {
    const row: Record<string, unknown> | undefined = await db('bill_archives')
      .where({ account_code: accountCode, date, kind: 'trade' })
      .orderBy('version', 'desc')
      .first();
    return row ? archiveRow.parse(fromRow(row)) : undefined;
  }

  return {
    async keep(account, date, bill, now) {
      const { bytes, name } = bill.file;
      const sha256 = createHash('sha256').update(bytes).digest('hex');
      const home = path.join(account.code, date);
      const extension = /(\.[A-Za-z0-9]{1,8})$/.exec(name)?.[1] ?? '.bin';
      const relative = path.join(home, `trade-${sha256.slice(0, 16)}${extension}`);
      await writeOnce(path.join(folder, relative), bytes);

      const lines: ArchivedLine[] = [];
      for await (const line of bill.lines()) lines.push(compact(line));
      const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
      await writeOnce(linesPath(path.join(folder, relative)), Buffer.from(text));

      const newest = await latestRow(account.code, date);
      if (newest?.sha256 === sha256) return { version: newest.version, sha256, lines };
      const version = (newest?.version ?? 0) + 1;
      const sum = (kind: ArchivedLine['kind']) => lines.filter((line) => line.kind === kind);
      const total = (rows: ArchivedLine[]) => toMinor(rows.reduce((fen, line) => fen + line.amountFen, 0));
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
            payments: sum('payment').length,
            paymentFen: total(sum('payment')),
            refunds: sum('refund').length,
            refundFen: total(sum('refund')),
            feeFen: toMinor(lines.reduce((fen, line) => fen + line.feeFen, 0)),
            fetchedAt: now,
          },
          now,
        ),
      );
      return { version, sha256, lines };
    },

    async latest(accountCode, date) {
      const row = await latestRow(accountCode, date);
      if (!row) return undefined;
      const text = await readFile(linesPath(path.join(folder, row.path)), 'utf8');
      const lines = text
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => archivedLine.parse(JSON.parse(line)));
      return { version: row.version, sha256: row.sha256, lines };
    },

    has: async (accountCode, date) => (await latestRow(accountCode, date)) !== undefined,
  };
}

const linesPath = (file: string): string => `${file}.lines.jsonl`;

function compact(line: BillLine): ArchivedLine {
  const { lineNo, kind, orderNo, refundNo, channelNo, amountFen, feeFen, occurredAt, settledOn } = line;
  return {
    lineNo,
    kind,
    orderNo,
    ...(refundNo ? { refundNo } : {}),
    channelNo,
    amountFen: toMinor(amountFen),
    feeFen: toMinor(feeFen),
    occurredAt: occurredAt.toISOString(),
    settledOn,
  };
}

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
