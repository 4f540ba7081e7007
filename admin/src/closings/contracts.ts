import { z } from 'zod';
import { fen } from '../http/contracts';

const text = z.string().nullable();
const statuses = ['future', 'current', 'open', 'closed', 'reopening', 'reopened'] as const;
export type PeriodStatus = (typeof statuses)[number];

const figures = z.object({
  takenFen: fen,
  takenCount: z.number(),
  refundedFen: fen,
  refundedCount: z.number(),
  abnormalRefundFen: fen,
  platformFen: fen,
  hisFen: fen,
  hisCount: z.number(),
  differenceFen: fen,
  adjustedPlatformFen: fen,
  adjustedHisFen: fen,
});

const closing = z.object({
  closingNo: z.string(),
  version: z.number(),
  openCases: z.number(),
  overrideReason: text,
  hash: z.string(),
  closedBy: text,
  closedAt: text,
  reopenReason: text,
  reopenRequestedBy: text,
  reopenRequestedAt: text,
  reopenedBy: text,
  reopenedAt: text,
});

export const periodView = z.object({
  kind: z.enum(['day', 'month', 'year']),
  period: z.string(),
  firstDay: z.string(),
  lastDay: z.string(),
  status: z.enum(statuses),
  figures,
  closing: closing.nullable(),
});
export type PeriodView = z.infer<typeof periodView>;
export const periodList = z.object({ periods: z.array(periodView) });

const checkItem = z.object({
  code: z.string(),
  isClean: z.boolean(),
  count: z.number(),
  allowed: z.number(),
  names: z.array(z.string()),
});
export type CheckItem = z.infer<typeof checkItem>;
export const checked = z.object({ view: periodView, checklist: z.array(checkItem) });
export const verified = z.object({ isIntact: z.boolean(), hash: z.string() });
