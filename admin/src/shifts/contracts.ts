import { z } from 'zod';
import { fen } from '../http/contracts';

const text = z.string().nullable();
const line = z.object({
  payType: z.string(),
  currency: z.string(),
  isCash: z.boolean(),
  takenFen: fen,
  takenCount: z.number(),
  refundedFen: fen,
  refundedCount: z.number(),
  netFen: fen,
  hisFen: fen,
  hisCount: z.number(),
  differenceFen: fen,
  terminalFen: fen.nullable(),
  terminalDifferenceFen: fen.nullable(),
});
export type ShiftLine = z.infer<typeof line>;

export const shift = z.object({
  shiftNo: z.string(),
  merchantCode: z.string(),
  kind: z.enum(['operator', 'terminal']),
  operatorCode: text,
  terminalCode: text,
  status: z.enum(['open', 'closed', 'reviewed']),
  openedBy: text,
  openedAt: z.string(),
  closedBy: text,
  closedAt: text,
  firstClosedAt: text,
  openingFloatFen: fen,
  takenFen: fen.nullable(),
  refundedFen: fen.nullable(),
  hisFen: fen.nullable(),
  differenceFen: fen.nullable(),
  cashDifferenceFen: fen.nullable(),
  note: text,
  returnedBy: text,
  returnReason: text,
  reviewedBy: text,
  reviewedAt: text,
  reviewNote: text,
  figures: z.object({
    currency: z.string(),
    lines: z.array(line),
    cash: z.object({
      openingFloatFen: fen,
      hisFen: fen,
      expectedFen: fen,
      countedFen: fen.nullable(),
      differenceFen: fen.nullable(),
      denominations: z.array(z.object({ fen: z.number(), count: z.number() })),
    }),
  }),
});
export type Shift = z.infer<typeof shift>;
export const mine = z.object({ current: shift.nullable(), recent: z.array(shift) });
