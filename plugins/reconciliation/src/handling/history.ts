import { completeRow } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { readRows } from '../rows';
import { type CaseStatus, caseStatuses, type StepAction, stepActions } from './states';

const text = z.string().nullable();

const stepRow = z.object({
  caseNo: z.string(),
  at: z.date(),
  /** `system` is the machine. */
  actor: z.string(),
  action: z.enum(stepActions),
  fromStatus: z.enum(caseStatuses),
  toStatus: z.enum(caseStatuses),
  amountFen: z.number().nullable(),
  day: text,
  assignee: text,
  attachmentNo: text,
  groupNo: text,
  note: text,
});
export type CaseStep = z.output<typeof stepRow>;

export type NewStep = Pick<CaseStep, 'caseNo' | 'at' | 'actor' | 'action' | 'fromStatus' | 'toStatus'> &
  Partial<CaseStep> & { merchantCode: string };

/** Appends to the history of a case, in the transaction that changes it. Nothing ever changes or removes a step. */
export async function recordStep(trx: Knex, step: NewStep): Promise<void> {
  await trx('case_steps').insert(completeRow(trx, step, step.at));
}

export async function stepsOf(db: Knex, caseNo: string): Promise<CaseStep[]> {
  return readRows(stepRow, await db('case_steps').where({ case_no: caseNo }).orderBy('id'));
}

/** What the machine did to a case that people had to do with: they find it in its history. */
export async function tellTouched(
  trx: Knex,
  row: { caseNo: string; merchantCode: string; status: CaseStatus; touchedAt: Date | null },
  to: CaseStatus,
  now: Date,
): Promise<void> {
  if (row.touchedAt === null) return;
  const { caseNo, merchantCode, status: fromStatus } = row;
  const action = actionOf(fromStatus, to);
  await recordStep(trx, { caseNo, merchantCode, at: now, actor: 'system', action, fromStatus, toStatus: to });
}

function actionOf(from: CaseStatus, to: CaseStatus): StepAction {
  if (from === to) return 'facts_changed';
  return to === 'open' ? 'reopened' : 'healed';
}
