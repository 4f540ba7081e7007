import path from 'node:path';
import { access } from '@hospital-pay/access';
import type { Queue } from '@hospital-pay/jobs';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Realtime } from '../realtime';
import { guardRules } from '../rule-book';
import { checkApprovalRule } from './approval-rules';
import { createHandling, type Handling } from './handling';

const sweepEveryMs = 5000;

/** The handling of differences of one running application. */
export function installHandling(
  strapi: Core.Strapi,
  realtime: Realtime,
  archiveFolder: string,
  changed: () => void,
): Handling {
  const { clock, ...pay } = payments(strapi);
  return createHandling({
    db: strapi.db.connection,
    clock,
    payments: pay,
    audit: access(strapi).audit,
    realtime,
    folder: path.resolve(process.env.ATTACHMENT_DIR || path.join(path.dirname(archiveFolder), 'attachments')),
    changed,
    report: (error) =>
      strapi.log.error(`handling a case: ${error instanceof Error ? error.message : String(error)}`),
  });
}

export function workHandling(strapi: Core.Strapi, queue: Queue, handling: Handling): void {
  guardRules(
    strapi.db.lifecycles,
    'approval-rule',
    (rule) => strapi.db.transaction(({ trx }) => checkApprovalRule(trx, rule)),
    (where) => strapi.db.query('api::approval-rule.approval-rule').findOne({ where }),
  );
  queue.every('reconciliation-cases', sweepEveryMs, () => handling.sweep());
}
