import path from 'node:path';
import { access } from '@hospital-pay/access';
import { jobs, type Queue } from '@hospital-pay/jobs';
import { screens } from '@hospital-pay/lowcode';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import type { Figures } from '../figures';
import { createExports, type Exports } from './exports';
import { analysisReport, statisticsReports, summaryReport } from './figures-reports';
import { type ListReader, type Lists, openList } from './lists';
import { createReports, type Reports } from './report';

const sweepEveryMs = 3000;

/** The exports of one running application, with the reports of this room registered. */
export function installExports(
  strapi: Core.Strapi,
  figures: Figures,
  archiveFolder: string,
): { reports: Reports; lists: Lists; exports: Exports } {
  const { clock, channels } = payments(strapi);
  const reports = createReports();
  const readers = new Map<string, ListReader>();
  const caseOptions = (name: string) => screens(strapi).options('discrepancy', name);
  reports.register(summaryReport(figures));
  reports.register(analysisReport(figures, caseOptions));
  for (const report of statisticsReports(figures, caseOptions)) reports.register(report);
  const exports = createExports({
    db: strapi.db.connection,
    clock,
    queue: jobs(strapi),
    access: access(strapi),
    channels,
    names: (rows, account) => screens(strapi).names(rows, account),
    open: async (code, question, account) =>
      reports.open(code, question, account) ?? openList(strapi, code, question, account, readers.get(code)),
    folder: path.resolve(process.env.EXPORT_DIR || path.join(path.dirname(archiveFolder), 'exports')),
    report: (text) => strapi.log.error(text),
  });
  return { reports, lists: { readBy: (type, reader) => readers.set(type, reader) }, exports };
}

export function workExports(queue: Queue, exports: Exports): void {
  queue.work(
    'export',
    async ({ payload }, stopping) => {
      await exports.execute(z.object({ exportNo: z.string() }).parse(payload).exportNo, stopping);
    },
    { concurrency: 2 },
  );
  queue.every('exports', sweepEveryMs, () => exports.sweep());
}
