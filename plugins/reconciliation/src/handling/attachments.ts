import { createHash, randomBytes } from 'node:crypto';
import { mkdir, open, rename } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import path from 'node:path';
import { completeRow } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from '../errors';
import { readRow, readRows } from '../rows';

export const mostBytes = 10 * 1024 * 1024;
const mostFiles = 20;

const startsWith =
  (...magic: number[]) =>
  (bytes: Buffer): boolean =>
    bytes.subarray(0, magic.length).equals(Buffer.from(magic));
const isZip = startsWith(0x50, 0x4b, 0x03, 0x04);
const isText = (bytes: Buffer): boolean => !bytes.includes(0);

/** What may be kept: receipts, scans, tables. A file has to be what its name says. */
const kinds: Record<string, { mediaType: string; is(bytes: Buffer): boolean }> = {
  '.pdf': { mediaType: 'application/pdf', is: startsWith(0x25, 0x50, 0x44, 0x46, 0x2d) },
  '.png': { mediaType: 'image/png', is: startsWith(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a) },
  '.jpg': { mediaType: 'image/jpeg', is: startsWith(0xff, 0xd8, 0xff) },
  '.jpeg': { mediaType: 'image/jpeg', is: startsWith(0xff, 0xd8, 0xff) },
  '.xlsx': {
    mediaType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    is: isZip,
  },
  '.docx': {
    mediaType: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
    is: isZip,
  },
  '.csv': { mediaType: 'text/csv; charset=utf-8', is: isText },
  '.txt': { mediaType: 'text/plain; charset=utf-8', is: isText },
};

const attachmentRow = z.object({
  attachmentNo: z.string(),
  caseNo: z.string(),
  merchantCode: z.string(),
  fileName: z.string(),
  mediaType: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  path: z.string(),
  uploadedBy: z.string(),
  uploadedAt: z.date(),
});
export type Attachment = z.output<typeof attachmentRow>;

/** A file that has been checked and lies on disk; it belongs to a case once its row is inserted. */
export interface KeptFile {
  fileName: string;
  mediaType: string;
  bytes: number;
  sha256: string;
  path: string;
}

/** @throws ATTACHMENT_TOO_LARGE as soon as it is known, ATTACHMENT_EMPTY */
export async function readUpload(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    const piece = Buffer.from(chunk);
    size += piece.length;
    if (size > mostBytes) throw fail('ATTACHMENT_TOO_LARGE', { mostBytes });
    chunks.push(piece);
  }
  if (size === 0) throw fail('ATTACHMENT_EMPTY');
  return Buffer.concat(chunks);
}

/**
 * Puts the bytes under their own hash, whole or not at all; the name that came with them is kept in the row only.
 * @throws ATTACHMENT_TYPE
 */
export async function keepFile(folder: string, name: string, bytes: Buffer): Promise<KeptFile> {
  const fileName = path.basename(name.replaceAll('\\', '/')).slice(-120);
  const extension = path.extname(fileName).toLowerCase();
  const kind = kinds[extension];
  if (!kind?.is(bytes)) throw fail('ATTACHMENT_TYPE', { allowed: Object.keys(kinds) });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const relative = path.join(sha256.slice(0, 2), `${sha256}${extension}`);
  const file = path.join(folder, relative);
  await mkdir(path.dirname(file), { recursive: true });
  const temporary = `${file}.${randomBytes(4).toString('hex')}.part`;
  const handle = await open(temporary, 'wx');
  try {
    await handle.writeFile(bytes);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  return { fileName, mediaType: kind.mediaType, bytes: bytes.length, sha256, path: relative };
}

/** @throws ATTACHMENT_TOO_MANY */
export async function addAttachment(
  trx: Knex,
  { caseNo, merchantCode }: { caseNo: string; merchantCode: string },
  file: KeptFile,
  uploadedBy: string,
  now: Date,
): Promise<string> {
  const known = await attachmentsOf(trx, caseNo);
  if (known.length >= mostFiles) throw fail('ATTACHMENT_TOO_MANY', { mostFiles });
  const attachmentNo = `A${randomBytes(10).toString('hex').toUpperCase()}`;
  const row = { attachmentNo, caseNo, merchantCode, ...file, uploadedBy, uploadedAt: now };
  await trx('case_attachments').insert(completeRow(trx, row, now));
  return attachmentNo;
}

export async function attachmentsOf(db: Knex, caseNo: string): Promise<Attachment[]> {
  return readRows(attachmentRow, await db('case_attachments').where({ case_no: caseNo }).orderBy('id'));
}

export async function attachmentOf(db: Knex, attachmentNo: string): Promise<Attachment | undefined> {
  return readRow(attachmentRow, await db('case_attachments').where({ attachment_no: attachmentNo }).first());
}
