import { z } from 'zod';
import { type Duck, whole } from '../engine/duck';

/** A line that differs between two versions of one bill. Amounts in fen; `before` of an added line is null. */
export interface LineChange {
  change: 'added' | 'removed' | 'changed';
  kind: 'payment' | 'refund';
  orderNo: string;
  refundNo: string | null;
  channelNo: string;
  before: LineSide | null;
  after: LineSide | null;
}
export interface LineSide {
  lineNo: number;
  amountFen: number;
  feeFen: number;
  /** Epoch ms. */
  occurredAt: number;
}

/** How two versions differ. Sums are of the lines in question: payments − refunds, and fees. */
export interface Difference {
  added: Sum;
  removed: Sum;
  /** By how much lines that stand in both changed. */
  changed: Sum;
  same: number;
  changes: LineChange[];
}
interface Sum {
  lines: number;
  netFen: number;
  feeFen: number;
}

const side = {
  line_no: whole.nullable(),
  amount_fen: whole.nullable(),
  fee_fen: whole.nullable(),
  occurred_at: whole.nullable(),
};
const changeRow = z.object({
  change: z.enum(['added', 'removed', 'changed']),
  kind: z.enum(['payment', 'refund']),
  order_no: z.string(),
  refund_no: z.string(),
  channel_no: z.string(),
  before: z.object(side),
  after: z.object(side),
});
const sumRow = z.object({
  change: z.enum(['added', 'removed', 'changed', 'same']),
  lines: whole,
  net_fen: whole,
  fee_fen: whole,
});

/** Lines that a bill repeats are told apart by their place among each other, so none is multiplied by the join. */
const numbered = (parquet: string): string =>
  `SELECT *, row_number() OVER (PARTITION BY kind, order_no, refund_no, channel_no
     ORDER BY occurred_at, amount_fen, line_no) AS place FROM read_parquet(${parquet})`;

const paired = `
  WITH paired AS (
    SELECT b.line_no IS NULL AS is_new, a.line_no IS NULL AS is_gone,
      coalesce(b.kind, a.kind) AS kind, coalesce(b.order_no, a.order_no) AS order_no,
      coalesce(b.refund_no, a.refund_no) AS refund_no, coalesce(b.channel_no, a.channel_no) AS channel_no,
      {line_no: b.line_no, amount_fen: b.amount_fen, fee_fen: b.fee_fen, occurred_at: b.occurred_at} AS before,
      {line_no: a.line_no, amount_fen: a.amount_fen, fee_fen: a.fee_fen, occurred_at: a.occurred_at} AS after
    FROM (${numbered('$1')}) b FULL JOIN (${numbered('$2')}) a
      USING (kind, order_no, refund_no, channel_no, place)
  ), told AS (
    SELECT *, CASE WHEN is_new THEN 'added' WHEN is_gone THEN 'removed'
      WHEN before.amount_fen <> after.amount_fen OR before.fee_fen <> after.fee_fen
        OR before.occurred_at <> after.occurred_at THEN 'changed' ELSE 'same' END AS change
    FROM paired
  )`;

/** Compares the Parquet files of two versions; at most `limit` lines are told, the sums are of all. */
export async function differenceOf(
  duck: Duck,
  before: string,
  after: string,
  limit: number,
): Promise<Difference> {
  const sums = await duck.rows(
    sumRow,
    `${paired}
     SELECT change, count(*) AS lines,
       sum(CASE kind WHEN 'payment' THEN 1 ELSE -1 END * CASE change WHEN 'added' THEN after.amount_fen
         WHEN 'removed' THEN before.amount_fen ELSE after.amount_fen - before.amount_fen END)::BIGINT AS net_fen,
       sum(CASE change WHEN 'added' THEN after.fee_fen WHEN 'removed' THEN before.fee_fen
         ELSE after.fee_fen - before.fee_fen END)::BIGINT AS fee_fen
     FROM told GROUP BY change`,
    [before, after],
  );
  const changes = await duck.rows(
    changeRow,
    `${paired}
     SELECT change, kind, order_no, refund_no, channel_no, before, after FROM told WHERE change <> 'same'
     ORDER BY change, order_no, refund_no, kind, coalesce(after.line_no, before.line_no) LIMIT ${Math.trunc(limit)}`,
    [before, after],
  );
  const sumOf = (change: z.output<typeof sumRow>['change']): Sum => {
    const found = sums.find((row) => row.change === change);
    return { lines: found?.lines ?? 0, netFen: found?.net_fen ?? 0, feeFen: found?.fee_fen ?? 0 };
  };
  return {
    added: sumOf('added'),
    removed: sumOf('removed'),
    changed: sumOf('changed'),
    same: sumOf('same').lines,
    changes: changes.map((row) => ({
      change: row.change,
      kind: row.kind,
      orderNo: row.order_no,
      refundNo: row.refund_no || null,
      channelNo: row.channel_no,
      before: lineSide(row.before),
      after: lineSide(row.after),
    })),
  };
}

function lineSide(read: z.output<typeof changeRow>['before']): LineSide | null {
  if (read.line_no === null) return null;
  return {
    lineNo: read.line_no,
    amountFen: read.amount_fen ?? 0,
    feeFen: read.fee_fen ?? 0,
    occurredAt: read.occurred_at ?? 0,
  };
}

/** The first line that repeats another one in everything but its number, and the one it repeats. */
export async function repeatedLine(
  duck: Duck,
  parquet: string,
): Promise<{ lineNo: number; firstLineNo: number } | undefined> {
  const [found] = await duck.rows(
    z.object({ line_no: whole, first_line_no: whole }),
    `SELECT line_no, first_line_no FROM (
       SELECT line_no, min(line_no) OVER same AS first_line_no FROM read_parquet($1)
       WINDOW same AS (PARTITION BY kind, order_no, refund_no, channel_no, amount_fen, fee_fen, occurred_at))
     WHERE line_no > first_line_no ORDER BY line_no LIMIT 1`,
    [parquet],
  );
  return found && { lineNo: found.line_no, firstLineNo: found.first_line_no };
}
