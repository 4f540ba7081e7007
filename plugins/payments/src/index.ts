import type { Payments } from './types';

export { businessDay, businessDayBounds, type DayRule, shiftDay } from './business-day';
export * from './contract';
export { createPayments, type PaymentsOptions, type RunningPayments } from './create';
export type { KnownError } from './error-knowledge';
export { isNoNumber } from './numbers';
export {
  columnOf,
  completeRow,
  dateValue,
  documentId,
  fromRow,
  insertRow,
  isPostgres,
  isUniqueViolation,
  toColumns,
} from './rows';
export { defectsOf, type Moves } from './states';
export { currencySchema } from './store';
export { currentTrace, inTrace, traceHeaders } from './trace';
export type * from './types';

const running = new WeakMap<object, Payments>();

/** The payments of one running application (`host` is its Strapi instance), from its register phase on. */
export function payments(host: object): Payments {
  const instance = running.get(host);
  if (!instance) throw new Error('the payments plugin is not registered');
  return instance;
}

/** @internal called by the plugin's register. */
export function providePayments(host: object, instance: Payments): void {
  running.set(host, instance);
}
