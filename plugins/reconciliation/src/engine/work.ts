import type { BillError } from '@hospital-pay/payments';
import type { BillSums } from './bill-lines';
import type { DayOutcome, DayTask } from './day';
import type { DayQuestion } from './extract';
import type { BillTask } from './import';

/** What knex connects with. */
export interface Database {
  client: string;
  connection: Record<string, unknown>;
}

/**
 * What a child process is asked to do. `open`: the day's rows are read, and kept for the comparison to come. `anew`: what is
 * kept is out of date. `cases`: the file for what is found.
 */
export type Work =
  | { kind: 'import'; task: BillTask }
  | { kind: 'open'; question: DayQuestion; database: Database }
  | { kind: 'compare'; task: DayTask; database: Database; anew: boolean; cases: string };

/** What it says of finished work. `rssBytes`: its peak. */
export type Answer =
  | { kind: 'imported'; sums: BillSums; rssBytes: number }
  | { kind: 'opened'; rssBytes: number }
  | { kind: 'compared'; outcome: DayOutcome; rssBytes: number };

/** `begun`: what it was asked has reached it, so that whoever asked hears of its end. */
export type Report =
  | Answer
  | { kind: 'begun' }
  | { kind: 'progress'; stage: string; done: number }
  | { kind: 'bill-refused'; code: BillError['code']; message: string; lineNo: number | undefined }
  | { kind: 'failed'; message: string };
