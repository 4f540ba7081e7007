import path from 'node:path';
import { access } from '@hospital-pay/access';
import { jobs, type Queue } from '@hospital-pay/jobs';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { z } from 'zod';
import type { Figures } from '../figures';
import { createExports, type Exports } from './exports';
import { analysisReport, statisticsReports, summaryReport } from './figures-reports';
import { openList } from './lists';
import { createReports, type Reports } from './report';

const sweepEveryMs = 3000;

/** The exports of one running application, with the reports of this room registered. */
export function installExports(
  strapi: Core.Strapi,
  figures: Figures,
  archiveFolder: string,
): { reports: Reports; exports: Exports } {
  const { clock, channels } = payments(strapi);
  const reports = createReports();
  reports.register(summaryReport(figures));
  reports.register(analysisReport(figures));
  for (const report of statisticsReports(figures)) reports.register(report);
  const exports = createExports({
    db: strapi.db.connection,
    clock,
    queue: jobs(strapi),
    access: access(strapi),
    channels,
    open: async (code, question, account) =>
      reports.open(code, question, account) ?? openList(strapi, code, question, account),
    folder: path.resolve(process.env.EXPORT_DIR || path.join(path.dirname(archiveFolder), 'exports')),
    report: (text) => strapi.log.error(text),
  });
  return { reports, exports };
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
