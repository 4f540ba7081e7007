import { z } from 'zod';
import { fen } from '../http/contracts';

export const arrivalStatuses = ['no_bill', 'nothing', 'due', 'overdue', 'arrived', 'differs'] as const;
export type ArrivalStatus = (typeof arrivalStatuses)[number];

const arrival = z.object({
  accountCode: z.string(),
  channel: z.string(),
  bankAccountCode: z.string(),
  date: z.string(),
  paymentFen: fen,
  refundFen: fen,
  feeFen: fen,
  expectedFen: fen.nullable(),
  flowFen: fen.nullable(),
  expectedOn: z.string(),
  arrivedFen: fen.nullable(),
  arrivedOn: z.string().nullable(),
  differenceFen: fen,
  status: z.enum(arrivalStatuses),
  matchNo: z.string().nullable(),
  origin: z.enum(['auto', 'manual']).nullable(),
  note: z.string().nullable(),
});
export type Arrival = z.infer<typeof arrival>;

const bankLine = z.object({
  documentId: z.string(),
  bankAccountCode: z.string(),
  date: z.string(),
  timeText: z.string(),
  amountFen: fen,
  counterparty: z.string(),
  summary: z.string(),
  reference: z.string(),
});
export type BankLine = z.infer<typeof bankLine>;
export const arrivals = z.object({
  arrivals: z.array(arrival),
  /** The newest of them. */
  unmatched: z.array(bankLine),
  unmatchedTotal: z.object({ count: z.number(), sumFen: fen }),
});

const column = z.string().optional();
export const mapping = z.object({
  headerLine: z.number(),
  date: z.string(),
  time: column,
  amount: column,
  direction: column,
  creditWord: column,
  credit: column,
  debit: column,
  balance: column,
  counterparty: column,
  summary: column,
  reference: column,
});
export type Mapping = z.infer<typeof mapping>;

const statementLine = z.object({
  lineNo: z.number(),
  date: z.string(),
  timeText: z.string(),
  amountFen: fen,
  balanceFen: fen.nullable(),
  counterparty: z.string(),
  summary: z.string(),
  reference: z.string(),
});
export type StatementLine = z.infer<typeof statementLine>;
export const preview = z.object({
  encoding: z.string().nullable(),
  rows: z.array(z.array(z.string())),
  mapping: mapping.nullable(),
  origin: z.enum(['given', 'saved', 'guessed', 'none']),
  missing: z.array(z.string()),
  lines: z.array(statementLine),
  problems: z.array(z.object({ lineNo: z.number(), column: z.string(), value: z.string() })),
  lineCount: z.number(),
  problemCount: z.number(),
  creditFen: fen,
  debitFen: fen,
});
export type Preview = z.infer<typeof preview>;

export const imported = z.object({
  lineCount: z.number(),
  newCount: z.number(),
  repeated: z.boolean(),
  matched: z.number(),
});
export const matchedCount = z.object({ matched: z.number() });
