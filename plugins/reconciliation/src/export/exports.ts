import { createHash, randomBytes } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { finished, pipeline } from 'node:stream/promises';
import { setImmediate } from 'node:timers/promises';
import type { Access, SignedInAccount } from '@hospital-pay/access';
import { type Bilingual, isPlatformError } from '@hospital-pay/errors';
import type { Clock, Queue } from '@hospital-pay/jobs';
import type { NamedRows, Screens } from '@hospital-pay/lowcode';
import { type ChannelManifest, completeRow, dateValue, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail, reconciliationErrors } from '../errors';
import { merchantRow, readRow, readRows } from '../rows';
import { askedLine } from './asked';
import { clockText, say, type Wording, wallClock } from './cells';
import { writeCsv } from './csv';
import type { Field, Opened, Question, Row, Table } from './report';
import { writeWorkbook } from './workbook';

export const formats = ['xlsx', 'csv'] as const;
export type Format = (typeof formats)[number];

const exportRow = z.object({
  exportNo: z.string(),
  code: z.string(),
  subject: z.string(),
  title: z.string(),
  question: z.record(z.string(), z.unknown()),
  format: z.enum(formats),
  language: z.enum(['zh', 'en']),
  username: z.string(),
  merchantCodes: z.array(z.string()).nullable(),
  unmasked: z.union([z.boolean(), z.number()]).transform(Boolean),
  status: z.enum(['queued', 'running', 'done', 'failed', 'cancelled', 'expired']),
  tries: z.number(),
  rowsDone: z.number(),
  rowsTotal: z.number(),
  fileName: z.string(),
  bytes: z.coerce.number().nullable(),
  sha256: z.string().nullable(),
  createdTime: z.date(),
  finishedAt: z.date().nullable(),
  expiresAt: z.date().nullable(),
  errorCode: z.string().nullable(),
});
type StoredExport = z.output<typeof exportRow>;
type Status = StoredExport['status'];

/** An export as its owner sees it. */
export type ExportView = ReturnType<typeof viewOf>;

export interface ExportRequest {
  code: string;
  format: Format;
  language: 'zh' | 'en';
  question: Question;
}

export interface ExportFile {
  path: string;
  fileName: string;
  bytes: number;
  format: Format;
}

export interface Exports {
  /** @throws EXPORT_UNKNOWN, EXPORT_FORBIDDEN, EXPORT_TOO_MANY, REQUEST_INVALID and what the list refuses */
  request(request: ExportRequest, account: SignedInAccount): Promise<ExportView>;
  mine(
    account: SignedInAccount,
    page: { page: number; pageSize: number },
  ): Promise<{ exports: ExportView[]; total: number }>;
  get(exportNo: string, account: SignedInAccount): Promise<ExportView>;
  cancel(exportNo: string, account: SignedInAccount): Promise<ExportView>;
  /** @throws EXPORT_NOT_FOUND, EXPORT_NOT_READY, EXPORT_EXPIRED, EXPORT_FORBIDDEN */
  file(exportNo: string, account: SignedInAccount): Promise<ExportFile>;
  /** Makes the file here and now, unless somebody else does. */
  execute(exportNo: string, stopping?: AbortSignal): Promise<void>;
  /** Wakes what waits, brings back what died with its process, removes files whose time is over. */
  sweep(): Promise<void>;
}

export interface ExportsOptions {
  db: Knex;
  clock: Clock;
  queue: Queue;
  access: Pick<Access, 'accounts' | 'mask'>;
  channels(): ChannelManifest[];
  names: Screens['names'];
  /** What an account may export under this code, with its question understood. */
  open(code: string, question: Question, account: SignedInAccount): Promise<Opened>;
  folder: string;
  /** Told of what failed for no fault of the person who asked. */
  report(text: string): void;
}

const keptMs = 7 * 24 * 3600_000;
/** An export that has not moved for this long died with its process. */
const abandonedAfterMs = 60_000;
/** One that has died this often would die again. */
const mostTries = 3;
const mostOpen = 10;
const progressEveryMs = 500;
const rowsAtOnce = 200;

/** Somebody cancelled the export or took it over; what is done here is of no use any more. */
class Superseded extends Error {}
class Stopping extends Error {}

export function createExports({
  db,
  clock,
  queue,
  access,
  channels,
  names: namesOf,
  open: openReport,
  folder,
  report,
}: ExportsOptions): Exports {
  const table = () => db('exports');
  // Each try has a file of its own: one that was given up too early cannot take away what another has finished.
  const fileOf = ({ exportNo, tries, format }: StoredExport): string =>
    path.join(folder, `${exportNo}.${tries}.${format}`);
  const partOf = (row: StoredExport): string => `${fileOf(row)}.part`;
  const isSuper = (account: SignedInAccount): boolean => account.can('manage', 'all');

  async function stored(exportNo: string): Promise<StoredExport | undefined> {
    return readRow(exportRow, await table().where({ export_no: exportNo }).first());
  }

  async function owned(exportNo: string, account: SignedInAccount): Promise<StoredExport> {
    const row = await stored(exportNo);
    if (!row || (row.username !== account.username && !isSuper(account))) throw fail('EXPORT_NOT_FOUND');
    return row;
  }

  /** Compare-and-set; false when somebody else moved it. */
  async function move(
    row: { exportNo: string; tries?: number },
    from: Status[],
    changes: Record<string, unknown>,
  ): Promise<boolean> {
    const query = table().where({ export_no: row.exportNo }).whereIn('status', from);
    if (row.tries !== undefined) query.where({ tries: row.tries });
    return (await query.update(toColumns(db, { ...changes, updatedAt: clock.now() }))) > 0;
  }

  const wake = (exportNo: string): Promise<void> =>
    queue.add('export', { exportNo }, { id: `export:${exportNo}` });

  async function wordingOf(
    language: 'zh' | 'en',
    account: SignedInAccount,
    fields: readonly Field[] = [],
  ): Promise<Wording> {
    const { merchantCodes } = account;
    const names = new Map<string, Awaited<ReturnType<Screens['names']>>>();
    for (const { names: rows } of fields) {
      if (rows && !names.has(rows.type)) names.set(rows.type, await namesOf(rows, account));
    }
    const named = merchantRow.extend({ name: z.string().nullable() });
    const merchants = readRows(
      named,
      await db('merchants').orderBy('code').select('code', 'name', 'zone', 'day_cutoff'),
    );
    const known = new Map(merchants.map((merchant) => [merchant.code, merchant]));
    const first = merchants.find(({ code }) => merchantCodes?.includes(code) ?? true);
    const titles = new Map(channels().map(({ code, title }) => [code, title[language]]));
    return {
      language,
      merchantName: (code) => known.get(code)?.name ?? code,
      channelName: (code) => titles.get(code) ?? code,
      nameOf: ({ type }: NamedRows, code) => names.get(type)?.get(code)?.[language] ?? code,
      zoneOf: (code) => known.get(code ?? '')?.zone ?? first?.zone ?? 'Asia/Shanghai',
    };
  }

  /** The person as he stands now: rights that were taken away since he asked are gone. */
  async function ownerOf({ username, code }: StoredExport): Promise<SignedInAccount> {
    const account = await access.accounts.byUsername(username);
    if (!account?.enabled) throw fail('EXPORT_FORBIDDEN', { code });
    return access.accounts.signedIn(account);
  }

  async function execute(exportNo: string, stopping?: AbortSignal): Promise<void> {
    const claimed = await table()
      .where({ export_no: exportNo, status: 'queued' })
      .update({
        ...toColumns(db, {
          status: 'running',
          startedAt: clock.now(),
          heartbeatAt: clock.now(),
          updatedAt: clock.now(),
        }),
        tries: db.raw('tries + 1'),
      });
    const row = await stored(exportNo);
    if (claimed === 0 || !row) return;
    try {
      await produce(row, stopping);
    } catch (error) {
      await give(row, error);
    } finally {
      await rm(partOf(row), { force: true });
    }
  }

  async function give(row: StoredExport, error: unknown): Promise<void> {
    if (error instanceof Superseded) return;
    if (error instanceof Stopping) {
      await move(row, ['running'], { status: 'queued', tries: row.tries - 1, rowsDone: 0 });
      return;
    }
    const errorCode = codeOf(error);
    const errorMessage = error instanceof Error ? error.message : String(error);
    if (errorCode !== 'EXPORT_FORBIDDEN') report(`export ${row.exportNo} of ${row.code}: ${errorMessage}`);
    await move(row, ['running'], {
      status: 'failed',
      errorCode,
      errorMessage,
      finishedAt: clock.now(),
    });
  }

  async function produce(row: StoredExport, stopping: AbortSignal | undefined): Promise<void> {
    const account = await ownerOf(row);
    const opened = await openReport(row.code, row.question, account);
    const tables = (await opened.tables()).map((shown) => maskedTable(shown, account));
    const fields = [...opened.asked.map(({ field }) => field), ...tables.flatMap(({ columns }) => columns)];
    const wording = await wordingOf(row.language, account, fields);
    const rowsTotal = tables.reduce((sum, { count }) => sum + count, 0);

    let rowsDone = 0;
    let toldAt = 0;
    const tell = async (): Promise<void> => {
      if (stopping?.aborted) throw new Stopping();
      if (performance.now() - toldAt < progressEveryMs) return;
      toldAt = performance.now();
      // A list may have grown since it was counted.
      const progress = { rowsDone, rowsTotal: Math.max(rowsTotal, rowsDone), heartbeatAt: clock.now() };
      if (!(await move(row, ['running'], progress))) throw new Superseded();
    };
    const passed = (): Promise<void> | undefined => {
      rowsDone += 1;
      // Others want their turn on the event loop.
      return rowsDone % rowsAtOnce === 0 ? setImmediate().then(tell) : undefined;
    };
    await tell();

    await mkdir(folder, { recursive: true });
    const out = createWriteStream(partOf(row), { flags: 'w', flush: true });
    const written = finished(out);
    const write =
      row.format === 'xlsx'
        ? writeWorkbook(out, tables, {
            wording,
            passed,
            about: (rows) => aboutLines(row, opened, account, wording, rows),
          })
        : writeCsv(out, tables, wording, passed);
    try {
      // A full disk ends the stream while the writer still waits for it: whichever is first tells.
      await Promise.all([write, written]);
    } catch (error) {
      out.destroy();
      throw error;
    }

    const file = fileOf(row);
    const { size } = await stat(partOf(row));
    const hash = createHash('sha256');
    await pipeline(createReadStream(partOf(row)), hash);
    await rename(partOf(row), file);
    await syncFolder();
    const now = clock.now();
    const done = {
      status: 'done',
      rowsDone,
      rowsTotal: rowsDone,
      bytes: size,
      sha256: hash.digest('hex'),
      merchantCodes: account.merchantCodes,
      unmasked: account.can('unmask', 'patient'),
      finishedAt: now,
      expiresAt: new Date(now.getTime() + keptMs),
    };
    if (!(await move(row, ['running'], done))) await rm(file, { force: true });
  }

  function maskedTable(shown: Table, account: SignedInAccount): Table {
    const { masks, rows } = shown;
    if (masks === undefined) return shown;
    async function* masked(): AsyncGenerator<Row> {
      for await (const row of rows) yield access.mask(masks ?? '', row, account);
    }
    return { ...shown, rows: masked() };
  }

  async function syncFolder(): Promise<void> {
    const handle = await open(folder, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  }

  return {
    execute,

    async request({ code, format, language, question }, account) {
      const opened = await openReport(code, question, account);
      const open: unknown = await table()
        .where({ username: account.username })
        .whereIn('status', ['queued', 'running'])
        .count({ count: '*' })
        .first();
      if (z.object({ count: z.coerce.number() }).parse(open).count >= mostOpen)
        throw fail('EXPORT_TOO_MANY', { most: mostOpen });
      const now = clock.now();
      const title = say(opened.title, { language });
      const stamp = clockText(
        wallClock(now, (await wordingOf(language, account)).zoneOf(undefined)),
      ).replaceAll(/[-: ]/g, '');
      const exportNo = `E${stamp}${randomBytes(4).toString('hex').toUpperCase()}`;
      await table().insert(
        completeRow(
          db,
          {
            exportNo,
            code,
            subject: opened.subject,
            title,
            question,
            format,
            language,
            username: account.username,
            merchantCodes: account.merchantCodes,
            unmasked: account.can('unmask', 'patient'),
            status: 'queued',
            tries: 0,
            rowsDone: 0,
            rowsTotal: 0,
            fileName: `${title.replaceAll(/[\\/:*?"<>|]/g, ' ')}-${stamp}.${format}`,
            createdTime: now,
          },
          now,
        ),
      );
      await wake(exportNo);
      return viewOf(await owned(exportNo, account));
    },

    async mine(account, { page, pageSize }) {
      const own = () => table().where({ username: account.username });
      const counted: unknown = await own().count({ count: '*' }).first();
      const rows = readRows(
        exportRow,
        await own()
          .orderBy([
            { column: 'created_time', order: 'desc' },
            { column: 'id', order: 'desc' },
          ])
          .limit(pageSize)
          .offset((page - 1) * pageSize),
      );
      return {
        exports: rows.map(viewOf),
        total: z.object({ count: z.coerce.number() }).parse(counted).count,
      };
    },

    get: async (exportNo, account) => viewOf(await owned(exportNo, account)),

    async cancel(exportNo, account) {
      const row = await owned(exportNo, account);
      const isMoved = await move(row, ['queued', 'running'], {
        status: 'cancelled',
        finishedAt: clock.now(),
      });
      if (!isMoved) throw fail('EXPORT_ENDED', { exportNo });
      return viewOf(await owned(exportNo, account));
    },

    async file(exportNo, account) {
      const row = await owned(exportNo, account);
      if (row.status === 'expired') throw fail('EXPORT_EXPIRED', { exportNo });
      if (row.status !== 'done' || row.bytes === null)
        throw fail('EXPORT_NOT_READY', { exportNo, status: row.status });
      // What a person may not see on the screen any more, he may not fetch from a file either.
      const isWithin =
        account.merchantCodes === null ||
        (row.merchantCodes?.every((code) => account.mayUseMerchant(code)) ?? false);
      const isPermitted =
        account.can('read', row.subject) && isWithin && (!row.unmasked || account.can('unmask', 'patient'));
      if (!isPermitted) throw fail('EXPORT_FORBIDDEN', { exportNo });
      const file = fileOf(row);
      const found = await stat(file).catch(() => undefined);
      if (!found) throw fail('EXPORT_EXPIRED', { exportNo });
      return { path: file, fileName: row.fileName, bytes: found.size, format: row.format };
    },

    async sweep() {
      const now = clock.now();
      const abandoned = readRows(
        exportRow,
        await table()
          .where({ status: 'running' })
          .where('heartbeat_at', '<', dateValue(db, new Date(now.getTime() - abandonedAfterMs))),
      );
      for (const row of abandoned) {
        await (row.tries < mostTries
          ? move(row, ['running'], { status: 'queued', rowsDone: 0 })
          : move(row, ['running'], { status: 'failed', errorCode: 'EXPORT_INTERRUPTED', finishedAt: now }));
        await rm(partOf(row), { force: true });
      }
      const over = readRows(
        exportRow,
        await table().where({ status: 'done' }).where('expires_at', '<=', dateValue(db, now)).limit(100),
      );
      for (const row of over) {
        if (await move(row, ['done'], { status: 'expired' })) await rm(fileOf(row), { force: true });
      }
      const waiting = readRows(
        exportRow,
        await table().where({ status: 'queued' }).orderBy('created_time').limit(100),
      );
      for (const { exportNo } of waiting) await wake(exportNo);
    },
  };
}

/** The disk's own refusals, and ours; anything else is a fault of ours whose message only the log tells. */
function codeOf(error: unknown): keyof typeof reconciliationErrors {
  if (isPlatformError(error)) return error.status < 500 ? 'EXPORT_FORBIDDEN' : 'EXPORT_FAILED';
  const code = z.object({ code: z.enum(['ENOSPC', 'EDQUOT', 'EACCES', 'EROFS', 'EIO']) }).safeParse(error);
  return code.success ? 'EXPORT_DISK' : 'EXPORT_FAILED';
}

const isKnownCode = (code: string): code is keyof typeof reconciliationErrors =>
  Object.hasOwn(reconciliationErrors, code);

function viewOf({ subject, merchantCodes, unmasked, tries, question, errorCode, ...shown }: StoredExport) {
  const text = errorCode !== null && isKnownCode(errorCode) ? reconciliationErrors[errorCode] : undefined;
  return { ...shown, error: errorCode && text ? { code: errorCode, zh: text.zh, en: text.en } : null };
}

const about = {
  report: { zh: '导出内容', en: 'Exported' },
  by: { zh: '导出人', en: 'By' },
  at: { zh: '导出时间', en: 'At' },
  zone: { zh: '时区', en: 'Time zone' },
  rows: { zh: '行数', en: 'Rows' },
  patients: { zh: '患者信息', en: 'Patients' },
  masked: { zh: '已脱敏', en: 'masked' },
} as const satisfies Record<string, Bilingual>;

/** Whoever finds the file next year can tell what it is. */
function aboutLines(
  row: StoredExport,
  opened: Opened,
  account: SignedInAccount,
  wording: Wording,
  rows: number,
): [string, string][] {
  const zone = wording.zoneOf(undefined);
  const lines: [Bilingual, string][] = [
    [about.report, row.title],
    [about.by, `${account.displayName} (${account.username})`],
    [about.at, clockText(wallClock(row.createdTime, zone))],
    [about.zone, zone],
  ];
  if (!account.can('unmask', 'patient')) lines.push([about.patients, say(about.masked, wording)]);
  lines.push([about.rows, String(rows)]);
  return [
    ...lines.map(([label, text]): [string, string] => [say(label, wording), text]),
    ...opened.asked.map((one) => askedLine(one, wording)),
  ];
}
