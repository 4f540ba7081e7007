import type { Row } from '../http/contracts';

/** What a row's amounts are of, if it says so. */
export const currencyOf = (row: Row | undefined): string | undefined =>
  typeof row?.currency === 'string' ? row.currency : undefined;
