import { z } from 'zod';
import { fen } from '../http/contracts';

export const billStates = [
  'arrived',
  'uploaded',
  'empty',
  'waiting',
  'late',
  'failed',
  'missing',
  'not_due',
  'none',
] as const;
export type BillState = (typeof billStates)[number];
export type BillKind = 'trade' | 'fund-flow';

const billDay = z.object({
  date: z.string(),
  state: z.enum(billStates),
  arrivedLate: z.boolean(),
  version: z.number().nullable(),
  nextAt: z.string().nullable(),
  errorCode: z.string().nullable(),
  lineNo: z.number().nullable(),
});
export type BillDay = z.infer<typeof billDay>;
export const calendar = z.object({
  days: z.array(z.string()),
  accounts: z.array(
    z.object({
      accountCode: z.string(),
      name: z.string(),
      channel: z.string(),
      canUpload: z.boolean(),
      days: z.array(billDay),
    }),
  ),
});
export type BillAccount = z.infer<typeof calendar>['accounts'][number];

const version = z.object({
  version: z.number(),
  fileName: z.string(),
  sha256: z.string(),
  bytes: z.number(),
  payments: z.number(),
  paymentFen: fen,
  refunds: z.number(),
  refundFen: fen,
  feeFen: fen,
  withdrawnFen: fen,
  source: z.enum(['schedule', 'run', 'upload']).nullable(),
  fetchedBy: z.string().nullable(),
  fetchedAt: z.string(),
});
export type BillVersion = z.infer<typeof version>;
export const versions = z.object({ versions: z.array(version) });

const sum = z.object({ lines: z.number(), netFen: fen, feeFen: fen });
const side = z.object({ lineNo: z.number(), amountFen: fen, feeFen: fen }).nullable();
const change = z.object({
  change: z.enum(['added', 'removed', 'changed']),
  kind: z.enum(['payment', 'refund']),
  orderNo: z.string(),
  channelNo: z.string(),
  before: side,
  after: side,
});
export type LineChange = z.infer<typeof change>;
export const difference = z.object({
  added: sum,
  removed: sum,
  changed: sum,
  same: z.number(),
  changes: z.array(change),
});

export const uploaded = z.object({ version: z.number(), isNew: z.boolean(), reconciled: z.boolean() });

const flowDifference = z.object({
  orderNo: z.string(),
  tradeFen: fen.nullable(),
  flowFen: fen.nullable(),
  differenceFen: fen,
});
export type FlowDifference = z.infer<typeof flowDifference>;
export const flowComparison = z.object({
  trade: z.object({ netFen: fen, feeFen: fen }),
  flow: z.object({ netFen: fen, feeFen: fen, withdrawnFen: fen }),
  byLabel: z.array(z.object({ label: z.string(), flow: z.string(), lines: z.number(), amountFen: fen })),
  differing: z.number(),
  differences: z.array(flowDifference),
});
