import type { Bank } from './bank/install';
import type { Bills } from './bills/install';
import type { Closings } from './closings/closings';
import type { Exports } from './export/exports';
import type { Lists } from './export/lists';
import type { Reports } from './export/report';
import type { Figures } from './figures';
import type { Handling } from './handling/handling';
import type { IncomeReport } from './income';
import type { Live } from './live';
import type { Locator } from './locate';
import type { Realtime } from './realtime';
import type { TryRule } from './rule-trial';
import type { Runs } from './runs';
import type { Shifts } from './shifts/shifts';

export type { Closing, Closings } from './closings/closings';
export { writeLines } from './engine/bill-lines';
export { forkedEngine } from './engine/engine';
export { importBill } from './engine/import';
export { writeTable } from './engine/table-lines';
export { reconciliationErrors } from './errors';
export type { Exports, ExportView } from './export/exports';
export type { Field, Report, Reports, Table } from './export/report';
export type { Analysis, Figures, Statistics, Summary, Today } from './figures';
export type { Income, IncomeReport } from './income';
export type { Location, Locator, TimelineEntry } from './locate';
export {
  type BillRow,
  type HisRow,
  type MatchInput,
  type MatchResult,
  type MatchRules,
  type MatchTotals,
  match,
  type OrderRow,
  type RefundRow,
} from './match';
export { type Anomaly, anomalyTexts, orderState } from './order-state';
export type { Realtime } from './realtime';
export type { Run, Runs } from './runs';
export { type ShiftSide, shiftFigures, shiftTotals } from './shifts/shift-figures';
export type { Shift, Shifts } from './shifts/shifts';

/** What other rooms, the seeds and the tests use of this one. */
export interface Reconciliation {
  realtime: Realtime;
  runs: Runs;
  /** Which periods are closed, and everything that closes and reopens them. */
  closings: Closings;
  bills: Bills;
  bank: Bank;
  figures: Figures;
  shifts: Shifts;
  income: IncomeReport;
  /** What people do about differences. */
  handling: Handling;
  live: Live;
  locator: Locator;
  tryRule: TryRule;
  /** Whoever has a report to export registers it here. */
  reports: Reports;
  lists: Lists;
  exports: Exports;
  /** Waits until every comparison asked for so far has been made, and every answer heard about a refund written down. */
  settled(): Promise<void>;
}

const running = new WeakMap<object, Reconciliation>();

/** The reconciliation of one running application (`host` is its Strapi instance), from its register phase on. */
export function reconciliation(host: object): Reconciliation {
  const instance = running.get(host);
  if (!instance) throw new Error('the reconciliation plugin is not registered');
  return instance;
}

/** @internal called by the plugin's register. */
export function provideReconciliation(host: object, instance: Reconciliation): void {
  running.set(host, instance);
}
