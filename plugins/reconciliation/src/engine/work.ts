import type { BillError } from '@hospital-pay/payments';
import type { BillSums } from './bill-lines';
import type { DayOutcome, DayTask } from './day';
import type { BillTask } from './import';

/** What knex connects with. */
export interface Database {
  client: string;
  connection: Record<string, unknown>;
}

/** What the child process is asked to do. */
export type Work =
  | { kind: 'import'; task: BillTask }
  | { kind: 'compare'; task: DayTask; database: Database };

/** What it says of finished work: cases come in handfuls, so that reading them holds nobody up. `rssBytes`: its peak. */
export type Answer =
  | { kind: 'imported'; sums: BillSums; rssBytes: number }
  | { kind: 'cases'; cases: DayOutcome['cases'] }
  | { kind: 'compared'; outcome: Omit<DayOutcome, 'cases'>; rssBytes: number };

export type Report =
  | Answer
  | { kind: 'progress'; stage: string; done: number }
  | { kind: 'bill-refused'; code: BillError['code']; message: string; lineNo: number | undefined }
  | { kind: 'failed'; message: string };
