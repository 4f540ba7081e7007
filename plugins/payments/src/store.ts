import type { Knex } from 'knex';
import { z } from 'zod';
import { circuitStates } from './circuits';
import { routeVerdicts } from './route-verdicts';
import { fromRow } from './rows';

const text = z.string();
const optional = z.string().nullable();
const moment = z.date();
const money = z.number().int();
const flag = z
  .boolean()
  .nullable()
  .transform((value) => value ?? false);
const currency = z.enum(['CNY', 'JPY', 'TWD', 'THB', 'HKD', 'USD']);
const scene = z.enum(['micropay', 'native', 'jsapi', 'h5', 'app', 'terminal']);

const hisState = z.enum(['none', 'waiting', 'confirmed', 'refused']);

const payerAction = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('qr'), text }),
  z.object({ kind: z.literal('redirect'), url: text }),
  z.object({ kind: z.literal('client'), parameters: z.record(text, text) }),
]);

const routing = z.object({
  department: optional,
  at: text,
  routes: z.array(
    z.object({
      name: text,
      channel: text,
      accountCode: text,
      priority: z.number(),
      verdict: z.enum(routeVerdicts),
      weight: z.number(),
      circuit: z.enum(circuitStates).nullable(),
    }),
  ),
});

const share = money.nullable();

const order = z.object({
  id: z.number(),
  orderNo: text,
  merchantOrderNo: text,
  merchantCode: text,
  appId: optional,
  requestHash: optional,
  businessNo: optional,
  bizType: optional,
  mixedNo: optional,
  scene,
  channel: text,
  accountCode: text,
  tradeType: text,
  currency,
  status: z.enum([
    'created',
    'pending',
    'unknown',
    'paid',
    'partially_refunded',
    'refunded',
    'closed',
    'reversed',
    'failed',
  ]),
  amountFen: money,
  paidFen: money,
  fundFen: share,
  accountFen: share,
  otherFen: share,
  refundedFen: money,
  refundingFen: money,
  subject: text,
  channelTradeNo: optional,
  payerAction: payerAction.nullable(),
  routing: routing.nullable(),
  patientId: optional,
  cardNo: optional,
  terminalCode: optional,
  operatorCode: optional,
  hisState,
  hisOrderNo: optional,
  receiptNo: optional,
  errorCode: optional,
  errorMessage: optional,
  createdTime: moment,
  expiresAt: moment.nullable(),
  paidAt: moment.nullable(),
  nextQueryAt: moment.nullable(),
  queryCount: z.number(),
  traceId: optional,
});

const refund = z.object({
  id: z.number(),
  refundNo: text,
  merchantRefundNo: text,
  merchantCode: text,
  orderNo: text,
  attemptNo: text,
  channel: text,
  accountCode: text,
  amountFen: money,
  currency,
  reason: z
    .string()
    .nullable()
    .transform((reason) => reason ?? ''),
  status: z.enum(['requested', 'processing', 'succeeded', 'failed', 'unknown']),
  source: z.enum(['api', 'staff', 'duplicate', 'his_refused', 'mixed']),
  requestHash: optional,
  channelRefundNo: optional,
  errorCode: optional,
  errorMessage: optional,
  requestedAt: moment,
  refundedAt: moment.nullable(),
  nextQueryAt: moment.nullable(),
  queryCount: z.number(),
  traceId: optional,
});

const mixedState = z.enum([
  'quoting',
  'quoted',
  'refused',
  'settling',
  'paying',
  'paid',
  'closed',
  'undoing',
  'undo_stopped',
  'undone',
  'refunding',
  'refund_stopped',
  'refunded',
]);

const mixedPayment = z.object({
  id: z.number(),
  mixedNo: text,
  merchantCode: text,
  merchantOrderNo: text,
  appId: optional,
  requestHash: text,
  state: mixedState,
  totalFen: money,
  fundFen: share,
  accountFen: share,
  otherFen: share,
  cashFen: share,
  subject: text,
  insuranceChannel: text,
  accountCode: text,
  claimNo: optional,
  sealed: text,
  insuranceOrderNo: optional,
  cashOrderNo: optional,
  routing: routing.nullable(),
  businessNo: optional,
  bizType: optional,
  patientName: optional,
  patientId: optional,
  cardNo: optional,
  terminalCode: optional,
  department: optional,
  operatorCode: optional,
  hisState,
  hisOrderNo: optional,
  receiptNo: optional,
  merchantRefundNo: optional,
  refundReason: optional,
  errorCode: optional,
  errorMessage: optional,
  createdTime: moment,
  expiresAt: moment,
  paidAt: moment.nullable(),
  stateAt: moment,
});

const merchant = z.object({
  code: text,
  zone: z
    .string()
    .nullable()
    .transform((zone) => zone ?? 'Asia/Shanghai'),
  dayCutoff: z
    .string()
    .nullable()
    .transform((cutoff) => cutoff ?? '00:00'),
  hisUrl: optional,
  hisRefusal: z.enum(['refund', 'case']),
  graceSeconds: z
    .number()
    .nullable()
    .transform((seconds) => seconds ?? 120),
  enabled: flag,
});

const configuration = z.record(text, z.union([z.string(), z.boolean(), z.number()]).optional());

const account = z.object({
  id: z.number(),
  code: text,
  name: text,
  channel: text,
  merchantCode: text,
  config: configuration.nullable().transform((config) => config ?? {}),
  secrets: optional,
  enabled: flag,
  updatedAt: moment.nullable(),
});

const route = z.object({
  id: z.number(),
  name: text,
  merchantCode: text,
  channel: text,
  scene: scene.nullable(),
  terminalCode: optional,
  department: optional,
  accountCode: text,
  amountFromFen: money.nullable(),
  amountToFen: money.nullable(),
  timeFrom: optional,
  timeTo: optional,
  priority: z.number(),
  weight: z
    .number()
    .nullable()
    .transform((weight) => weight ?? 1),
});

const terminal = z.object({ code: text, merchantCode: text, department: optional, enabled: flag });

export type OrderRow = z.infer<typeof order>;
export type RefundRow = z.infer<typeof refund>;
export type MixedRow = z.infer<typeof mixedPayment>;
export type MerchantRow = z.infer<typeof merchant>;
export type AccountRow = z.infer<typeof account>;
export type RouteRow = z.infer<typeof route>;

const tables = {
  orders: order,
  refunds: refund,
  mixed_payments: mixedPayment,
  merchants: merchant,
  channel_accounts: account,
  routes: route,
  terminals: terminal,
} as const;

type Tables = typeof tables;

/** Reads rows as what they are; a row that is not fails loudly rather than being worked with. */
export function readRow<Table extends keyof Tables>(table: Table, row: object): z.infer<Tables[Table]>;
export function readRow(table: keyof Tables, row: object): unknown {
  return tables[table].parse(fromRow({ ...row }));
}

/** `where`: column names. `db` may be a transaction. */
export async function findRow<Table extends keyof Tables>(
  db: Knex,
  table: Table,
  where: Record<string, string | number>,
): Promise<z.infer<Tables[Table]> | undefined> {
  const row: object | undefined = await db(table).where(where).first();
  return row === undefined ? undefined : readRow(table, row);
}

export {
  configuration as configurationSchema,
  currency as currencySchema,
  mixedState as mixedStateSchema,
  payerAction as payerActionSchema,
  scene as sceneSchema,
};
