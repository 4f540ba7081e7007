import type { Row } from '../http/contracts';

export interface Alert {
  row: Row;
  /** When it was gone from the open ones; undefined while it is open. */
  healedAt?: number;
}

const keyOf = (row: Row): string => String(row.caseNo);
const momentOf = (row: Row): string => String(row.occurredAt);

/** How long an alert that is over is shown as such before it leaves. */
export const farewellMs = 8000;

/**
 * The open alerts, and for a moment those that are over. The server tells the newest only: what stands before its
 * oldest one has been pushed out by others and is not known to be over.
 */
export function mergeAlerts(shown: Alert[], open: Row[], isAll: boolean, now: number): Alert[] {
  const keys = new Set(open.map(keyOf));
  const oldest = open.map(momentOf).sort()[0] ?? '';
  const leaving = shown.filter(({ row, healedAt }) => {
    if (keys.has(keyOf(row))) return false;
    if (healedAt !== undefined) return now - healedAt < farewellMs;
    return isAll || momentOf(row) >= oldest;
  });
  return [
    ...open.map((row) => ({ row })),
    ...leaving.map(({ row, healedAt }) => ({ row, healedAt: healedAt ?? now })),
  ].sort((a, b) => momentOf(b.row).localeCompare(momentOf(a.row)));
}
