import { z } from 'zod';

/** Answers of the server, read leniently: unknown fields are kept out, missing optional ones are fine. */
const text = z.string().nullish();
export const fen = z.union([z.string(), z.number()]).transform(String);
const optionalFen = fen.nullish().transform((value) => value ?? '0');
const bilingual = z.object({ zh: z.string(), en: z.string() });
export type Bilingual = z.infer<typeof bilingual>;

/** CASL raw rules as the server states them. */
const rule = z.looseObject({
  action: z.union([z.string(), z.array(z.string())]),
  subject: z.union([z.string(), z.array(z.string())]).optional(),
  inverted: z.boolean().optional(),
});
export const account = z.object({
  username: z.string(),
  displayName: z
    .string()
    .nullish()
    .transform((value) => value ?? ''),
  roles: z.array(z.object({ code: z.string(), name: z.string(), nameEn: text })),
  merchantCodes: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? null),
  rules: z.array(rule),
});
export type Account = z.infer<typeof account>;

export const signedIn = z.object({ accessToken: z.string(), refreshToken: z.string(), account });
export const me = z.object({ account });

/** A row of a content type, as core REST gives it. */
export const row = z.looseObject({ documentId: z.string().optional() });
export type Row = z.infer<typeof row>;
export const page = z.object({
  data: z.array(row),
  meta: z.object({ pagination: z.object({ total: z.number() }).optional() }).optional(),
});

/** Where a page of a list without numbers ends and begins, and about how many rows there are. */
export const placesOf = z.object({
  next: z.string().nullable(),
  previous: z.string().nullable(),
  total: z.number(),
  totalKind: z.enum(['exact', 'about', 'more than']),
  archivedTo: text,
});
export type Places = z.infer<typeof placesOf>;

/** A page of a list that is read from place to place. */
export const placedPage = z.object({
  data: z.array(row),
  meta: z.object({ pagination: placesOf }),
});

/** Whether what failed may be tried again, and by whom. */
export const retry = z.enum(['automatic', 'anew', 'after_fix', 'no']);
export type Retry = z.infer<typeof retry>;

const orderError = z
  .object({
    code: z.string(),
    zh: text,
    en: text,
    channelCode: text,
    channelMessage: text,
    advice: bilingual.nullish(),
    retry: retry.nullish().catch(undefined),
  })
  .nullish()
  .catch(null);

export const payerAction = z
  .union([
    z.object({ kind: z.literal('qr'), text: z.string() }),
    z.object({ kind: z.literal('redirect'), url: z.string() }),
    z.object({ kind: z.literal('client'), parameters: z.record(z.string(), z.string()) }),
  ])
  .nullish()
  .catch(null);

export const orderStatuses = [
  'created',
  'pending',
  'unknown',
  'paid',
  'partially_refunded',
  'refunded',
  'closed',
  'reversed',
  'failed',
] as const;

export const orderView = z.object({
  orderNo: z.string(),
  merchantCode: z.string(),
  merchantOrderNo: z.string(),
  status: z.enum(orderStatuses),
  amountFen: fen,
  paidFen: optionalFen,
  refundedFen: optionalFen,
  currency: z.string().nullish(),
  scene: z.string(),
  channel: text,
  tradeType: text,
  subject: text,
  channelTradeNo: text,
  payerAction,
  paidAt: text,
  expiresAt: text,
  hisState: text,
  hisOrderNo: text,
  receiptNo: text,
  error: orderError,
  createdTime: text,
});
export type OrderView = z.infer<typeof orderView>;

export const refundView = z.object({
  refundNo: z.string(),
  merchantRefundNo: text,
  orderNo: text,
  amountFen: fen,
  status: z.string(),
  reason: text,
  error: orderError,
});
export type RefundView = z.infer<typeof refundView>;

const configField = z.object({
  type: z.enum(['string', 'boolean', 'integer']),
  title: z.string(),
  titleEn: text,
  description: text,
  descriptionEn: text,
  enum: z.array(z.string()).optional(),
  enumTitles: z.record(z.string(), bilingual).optional(),
  default: z.union([z.string(), z.boolean(), z.number()]).optional(),
  pattern: z.string().optional(),
  minLength: z.number().optional(),
  maxLength: z.number().optional(),
  format: z.string().optional(),
  secret: z.boolean().optional(),
  showWhen: z.object({ field: z.string(), in: z.array(z.string()) }).optional(),
});
export type ConfigField = z.infer<typeof configField>;
export const configSchema = z.object({
  required: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? []),
  properties: z.record(z.string(), configField),
});
export type ConfigSchema = z.infer<typeof configSchema>;

export const channel = z.object({
  code: z.string(),
  title: bilingual,
  logName: text,
  currency: text,
  scenes: z
    .array(z.string())
    .nullish()
    .transform((value) => value ?? []),
  verbs: z.array(z.string()).catch([]),
  /** Takes new orders. */
  enabled: z.boolean().catch(true),
  accounts: z.number().catch(0),
  config: configSchema,
});
export type Channel = z.infer<typeof channel>;
export const channels = z
  .union([z.array(channel), z.object({ data: z.array(channel) }), z.object({ channels: z.array(channel) })])
  .transform((value) => (Array.isArray(value) ? value : 'data' in value ? value.data : value.channels));

export const channelAccount = z.object({
  code: z.string(),
  name: z.string(),
  channel: z.string(),
  merchantCode: z.string(),
  enabled: z
    .boolean()
    .nullish()
    .transform((value) => value ?? true),
  config: z
    .record(z.string(), z.unknown())
    .nullish()
    .transform((value) => value ?? {}),
  secretsSet: z
    .record(z.string(), z.boolean())
    .nullish()
    .transform((value) => value ?? {}),
});
export type ChannelAccount = z.infer<typeof channelAccount>;

export const accountTest = z.object({
  ok: z.boolean(),
  code: text,
  zh: text,
  en: text,
  durationMs: z.number().nullish(),
});
export type AccountTest = z.infer<typeof accountTest>;

const count = z
  .number()
  .nullish()
  .transform((value) => value ?? 0);

/** What all amounts of an answer are of, and what could be asked for. */
export const oneCurrency = { currency: z.string(), currencies: z.array(z.string()) };

export const todayFigures = z.object({
  ...oneCurrency,
  date: z.string(),
  takenFen: optionalFen,
  takenCount: count,
  refundedFen: optionalFen,
  refundedCount: count,
  attempted: count,
  successRate: z.number().nullish(),
  openDiscrepancies: count,
  openDifferenceFen: optionalFen,
  unknownOrders: count,
  byChannel: z.array(z.object({ payType: z.string().nullable(), takenFen: fen, count })).catch([]),
  trend: z.array(z.object({ date: z.string(), takenFen: fen, hisFen: optionalFen, count })).catch([]),
  hourly: z.array(z.object({ hour: z.union([z.number(), z.string()]), takenFen: fen, count })).catch([]),
});
export type TodayFigures = z.infer<typeof todayFigures>;

const stateCount = z.number().default(0);
export const liveFigures = z.object({
  today: todayFigures,
  byType: z.array(
    z.object({ payType: z.string().nullable(), hisFen: fen, platformFen: fen, differenceFen: fen }),
  ),
  byMerchant: z.array(z.object({ merchantCode: z.string(), takenFen: fen, count })),
  lastHour: z.array(z.object({ at: z.string(), takenFen: fen, count })),
  states: z.object({ none: stateCount, waiting: stateCount, normal: stateCount, abnormal: stateCount }),
  orders: z.array(row),
  alerts: z.array(row),
});
export type LiveFigures = z.infer<typeof liveFigures>;

const legs = { payType: z.string().nullable(), hisFen: fen, platformFen: fen, differenceFen: fen };
export const summary = z.object({
  ...oneCurrency,
  byType: z.array(z.object(legs)),
  byDay: z.array(z.object({ date: z.string(), ...legs })),
});
export type Summary = z.infer<typeof summary>;

export const analysis = z.object({
  isHalfWritten: z.boolean().catch(false),
  reasons: z.array(z.object({ leg: z.string(), kind: z.string(), count, differenceFen: fen })),
  cases: z.array(row),
  caseCount: count,
});

const rows = z
  .array(row)
  .nullish()
  .transform((value) => value ?? []);
export const location = z.object({
  order: row.nullish(),
  attempts: rows,
  refunds: rows,
  hisRecords: rows,
  notifications: rows,
  outbox: rows,
  interfaceLogs: rows,
  discrepancies: rows,
  billLines: rows,
  timeline: z
    .array(
      z.object({
        at: z.union([z.string(), z.number()]).nullish(),
        kind: z.string(),
        zh: z.string(),
        en: z.string(),
        tone: z.enum(['info', 'success', 'warning', 'error']).catch('info'),
        detail: z.unknown().optional(),
      }),
    )
    .nullish()
    .transform((value) => value ?? []),
});
export type Location = z.infer<typeof location>;

const settings = z.object({
  midnightMinutes: z.number(),
  toleranceFen: z.object({ his: fen, channel: fen }),
  feePpm: z.number().nullable(),
});
const trialSide = z.object({
  settings,
  counts: z.record(z.string(), z.number()),
  totals: z.object({ hisFen: fen, platformFen: fen, channelFen: fen, differenceFen: fen, feeFen: fen }),
  openCases: z.number(),
  openDifferenceFen: fen,
});
export type TrialSide = z.infer<typeof trialSide>;
const actResult = z.object({
  caseNo: z.string(),
  ok: z.boolean(),
  status: text,
  error: z.object({ code: z.string(), zh: z.string(), en: z.string(), details: z.unknown() }).nullish(),
});
export type ActResult = z.infer<typeof actResult>;
export const actResults = z.object({ results: z.array(actResult) });
export const handlers = z.object({
  people: z.array(z.object({ username: z.string(), displayName: z.string() })),
});
const offer = z.object({
  action: z.string(),
  effect: z.object({
    platformFen: fen,
    abnormalRefundFen: fen,
    bankArrivalFen: fen,
    handled: z.number(),
  }),
  needsApproval: z.boolean(),
  lockedUntil: text,
});
export type Offer = z.infer<typeof offer>;
const caseStep = z.object({
  at: z.string(),
  actor: z.string(),
  action: z.string(),
  fromStatus: z.string(),
  toStatus: z.string(),
  amountFen: fen.nullish(),
  day: text,
  assignee: text,
  note: text,
});
export type CaseStep = z.infer<typeof caseStep>;
const attachment = z.object({
  attachmentNo: z.string(),
  fileName: z.string(),
  bytes: z.number(),
  sha256: z.string(),
  uploadedBy: z.string(),
  uploadedAt: z.string(),
});
export const caseDetail = z.object({
  case: row,
  steps: z.array(caseStep),
  attachments: z.array(attachment),
  group: z.array(row),
  offers: z.array(offer),
  lockedUntil: text,
  refund: z.object({ refundNo: z.string(), status: z.string() }).nullable(),
});
export type CaseDetail = z.infer<typeof caseDetail>;
export const counterparts = z.object({ cases: z.array(row) });
export const ruleTrial = z.object({
  billKnown: z.boolean(),
  speaks: z.boolean(),
  before: trialSide,
  after: trialSide,
  appearing: z.number(),
  disappearing: z.number(),
  changing: z.number(),
  changes: z.array(
    z.object({
      change: z.enum(['appears', 'disappears', 'changes']),
      before: row.nullable(),
      after: row.nullable(),
    }),
  ),
});
export type RuleTrial = z.infer<typeof ruleTrial>;
export const exportView = z.object({
  exportNo: z.string(),
  format: z.enum(['xlsx', 'csv']),
  status: z.enum(['queued', 'running', 'done', 'failed', 'cancelled', 'expired']),
  rowsDone: z.number(),
  rowsTotal: z.number(),
  fileName: z.string(),
  bytes: z.number().nullable(),
  createdTime: z.string(),
  expiresAt: z.string().nullable(),
  error: z.object({ code: z.string(), ...bilingual.shape }).nullable(),
});
export type ExportView = z.infer<typeof exportView>;
export const exportList = z.object({ exports: z.array(exportView), total: z.number() });

export const runs = z.object({ runs: z.array(z.looseObject({ runNo: z.string() })) });

/** What the codes mean under which runs fail and bills are not taken. */
export const errorTexts = z.object({
  errors: z.array(z.object({ code: z.string(), zh: z.string(), en: z.string() })),
});

export const statistics = z.object({
  ...oneCurrency,
  isHalfWritten: z.boolean().catch(false),
  hisFen: optionalFen,
  platformFen: optionalFen,
  abnormalRefundFen: optionalFen,
  differenceFen: optionalFen,
  bankArrivalFen: optionalFen,
  refundsByMethod: z
    .object({ online: optionalFen, cash: optionalFen, other: optionalFen })
    .nullish()
    .transform((value) => value ?? { online: '0', cash: '0', other: '0' }),
  handled: count,
  open: count,
  carriedOut: count,
  carriedIn: rows,
  refundDetail: rows,
  differenceDetail: rows,
  differenceCount: count,
});

export const kinds = [
  'string',
  'text',
  'integer',
  'money',
  'boolean',
  'datetime',
  'day',
  'enum',
  'json',
  'channel',
  'merchant',
  'anomalies',
] as const;

const field = z.object({
  name: z.string(),
  kind: z.enum(kinds).catch('string'),
  title: bilingual,
  options: z.array(z.object({ value: z.string(), zh: z.string(), en: z.string(), color: text })).nullish(),
  required: z.boolean().nullish(),
  readOnly: z.boolean().nullish(),
  masked: z.boolean().nullish(),
  hint: bilingual.nullish(),
  /** The rows that its codes stand for. */
  names: z
    .object({
      type: z.string(),
      endpoint: z.string(),
      code: z.string(),
      name: z.string(),
      /** Codes that no row has. */
      besides: z.record(z.string(), bilingual).optional(),
    })
    .nullish(),
  many: z.boolean().nullish(),
});
export type Field = z.infer<typeof field>;
const operators = ['eq', 'contains', 'range', 'in', 'present'] as const;
export type FilterOperator = (typeof operators)[number];
const column = z.object({
  field: z.string(),
  width: z.number().nullish(),
  fixed: z.union([z.enum(['left', 'right']), z.boolean()]).nullish(),
  hidden: z.boolean().nullish(),
});
export type ColumnChoice = z.infer<typeof column>;

export const screen = z.object({
  type: z.string(),
  title: bilingual,
  endpoint: z.string(),
  /** `places`: a page begins where the last one ended, and has no number. */
  paging: z.enum(['numbers', 'places']).catch('numbers'),
  fields: z.array(field),
  view: z.object({
    name: text,
    scope: text,
    columns: z.array(column),
    filters: z
      .array(z.object({ field: z.string(), op: z.enum(operators).catch('eq'), title: bilingual.nullish() }))
      .nullish()
      .transform((value) => value ?? []),
    form: z
      .array(z.object({ field: z.string(), span: z.number().nullish() }))
      .nullish()
      .transform((value) => value ?? []),
    actions: z
      .array(z.string())
      .nullish()
      .transform((value) => value ?? []),
    sort: z
      .array(z.object({ field: z.string(), order: z.enum(['asc', 'desc']) }))
      .nullish()
      .transform((value) => value ?? []),
  }),
  can: z.object({
    read: z.boolean().optional(),
    create: z.boolean().optional(),
    update: z.boolean().optional(),
    delete: z.boolean().optional(),
    /** What of it screens ask about. */
    actions: z
      .object({ refund: z.boolean(), test: z.boolean(), run: z.boolean() })
      .partial()
      .nullish()
      .transform((value) => value ?? {}),
  }),
});
export type Screen = z.infer<typeof screen>;

export const anything = z.unknown();

export const routingView = z.object({
  department: text,
  at: z.string(),
  routes: z.array(
    z.object({
      name: z.string(),
      channel: z.string(),
      accountCode: z.string(),
      priority: z.number(),
      verdict: z.string(),
      weight: z.number(),
      circuit: z.enum(['closed', 'open', 'trial']).nullable().catch(null),
    }),
  ),
});
export type RoutingView = z.infer<typeof routingView>;
export const orderRouting = z.object({ routing: routingView.nullable() });
