import { z } from 'zod';
import { statementMapping } from './statement';

/** What this part reads of its tables, typed where rows come in. */
const text = z
  .string()
  .nullable()
  .transform((value) => value ?? '');

export const bankAccountRow = z.object({
  code: z.string(),
  name: z.string(),
  merchantCode: z.string(),
  mapping: statementMapping.nullable().catch(null),
});
export type BankAccount = z.output<typeof bankAccountRow>;

export const settlementRow = z.object({
  accountCode: z.string(),
  bankAccountCode: z.string(),
  /** bill: the net of each bill day; withdrawal: what the fund-flow bill says was paid out that day. */
  expectedBy: z.enum(['bill', 'withdrawal']),
  feesDeducted: z.coerce.boolean(),
  settleDays: z.number(),
  windowDays: z.number(),
  payer: text,
});
export type Settlement = z.output<typeof settlementRow>;

export const bankLineRow = z.object({
  id: z.number(),
  documentId: z.string(),
  merchantCode: z.string(),
  bankAccountCode: z.string(),
  importNo: z.string(),
  lineNo: z.number(),
  date: z.string(),
  timeText: text,
  amountFen: z.number(),
  counterparty: text,
  summary: text,
  reference: text,
  status: z.enum(['open', 'matched', 'ignored']),
  matchNo: z.string().nullable(),
});
export type BankLine = z.output<typeof bankLineRow>;

export const matchRow = z.object({
  matchNo: z.string(),
  merchantCode: z.string(),
  bankAccountCode: z.string(),
  accountCode: z.string(),
  date: z.string(),
  origin: z.enum(['auto', 'manual']),
  note: z.string().nullable(),
  matchedBy: z.string(),
});
