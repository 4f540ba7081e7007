import type { Row } from '../../http/contracts';
import { toBigInt } from '../../money';

const sideOf: Record<string, string> = {
  his_only: 'hisFen',
  platform_only: 'platformFen',
  channel_only: 'channelFen',
};

/** What stands on the one side that a one-sided entry has; refunds are negative. */
export function fenOfSide(row: Row): bigint {
  const value = row[sideOf[String(row.kind)] ?? ''];
  return typeof value === 'string' || typeof value === 'number' ? (toBigInt(value) ?? 0n) : 0n;
}

/** By how much the two sides' sums differ, never below zero. This entry's kin among the others are on its side. */
export function apartFen(entry: Row, others: Row[]): bigint {
  const difference = others.reduce(
    (sum, row) => (row.kind === entry.kind ? sum + fenOfSide(row) : sum - fenOfSide(row)),
    fenOfSide(entry),
  );
  return difference < 0n ? -difference : difference;
}
