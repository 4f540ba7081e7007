import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { z } from 'zod';
import { startPostgres } from '../services/postgres';
import { startPart } from './processes';

/**
 * One list of many rows as one file: by the platform, from the request to the finished job, and by bare peers that
 * write the same eleven columns without account, masks, zones, names, styles, totals and progress. Each runs in a
 * process of its own, for it is their memory that is compared.
 */
export interface ExportBench {
  subject: string;
  seconds: number;
  bytes: number;
  /** Resident memory before the export and at its highest. */
  baseMb: number;
  peakMb: number;
  /** How long others wait for the event loop meanwhile. */
  stallMs: number;
}

const measured = z.object({
  seconds: z.number(),
  bytes: z.number(),
  rows: z.number(),
  baseMb: z.number(),
  peakMb: z.number(),
  stallMs: z.number(),
});

export async function benchExport(rows: number): Promise<ExportBench[]> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-bench-'));
  const postgres = await startPostgres();
  const results: ExportBench[] = [];
  try {
    for (const subject of [
      'bare · csv · sqlite',
      'platform · csv · sqlite',
      'bare · xlsx · sqlite',
      'platform · xlsx · sqlite',
      'platform · xlsx · postgres',
    ]) {
      const [who = '', format = '', database = ''] = subject.split(' · ');
      const part = await startPart(who === 'bare' ? 'export-bare' : 'export-platform', {
        TEST_POSTGRES_URL: postgres.url,
        BENCH_DATABASE: database,
        BENCH_FOLDER: folder,
        BENCH_ROWS: String(rows),
      });
      try {
        const { rows: written, ...result } = measured.parse(await part.ask(format));
        if (written !== rows) throw new Error(`${subject} wrote ${written} of ${rows} rows`);
        results.push({ subject, ...result });
      } finally {
        await part.stop();
      }
    }
  } finally {
    postgres.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
  return results;
}
