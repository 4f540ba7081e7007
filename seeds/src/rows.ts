/** The rows of the demo data: attributes of the content types, with everything a screen shows filled in. */
export type ChannelCode = 'alipay' | 'wechat';
export type SceneCode = 'micropay' | 'native' | 'jsapi' | 'h5' | 'app';
export type OrderStatusCode = 'paid' | 'partially_refunded' | 'refunded' | 'closed' | 'reversed' | 'failed';
export type AnomalyCode = 'charge_differs' | 'refund_differs' | 'his_without_payment' | 'his_duplicate';

export type OrderSeed = {
  createdTime: Date;
  orderNo: string;
  merchantOrderNo: string;
  reconState: 'none' | 'normal' | 'abnormal';
  anomalies: AnomalyCode[];
  payType: ChannelCode;
  status: OrderStatusCode;
  amountFen: number;
  paidFen: number;
  hisChargedFen: number;
  refundedFen: number;
  hisRefundedFen: number;
  refundingFen: number;
  subject: string;
  merchantCode: string;
  appId: string | null;
  businessNo: string;
  bizType: string;
  scene: SceneCode;
  channel: ChannelCode;
  accountCode: string;
  tradeType: string;
  currency: 'CNY';
  channelTradeNo: string | null;
  patientName: string;
  patientId: string;
  cardNo: string;
  terminalCode: string | null;
  department: string | null;
  operatorCode: string | null;
  hisState: 'none' | 'confirmed' | 'refused';
  hisOrderNo: string | null;
  receiptNo: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  expiresAt: Date;
  paidAt: Date | null;
  endedAt: Date | null;
  settledOn: string | null;
  queryCount: number;
};

export type AttemptSeed = {
  attemptNo: string;
  orderNo: string;
  channel: ChannelCode;
  accountCode: string;
  scene: SceneCode;
  amountFen: number;
  currency: 'CNY';
  status: 'paid' | 'closed' | 'reversed' | 'failed';
  authCodeHint: string | null;
  channelTradeNo: string | null;
  errorCode: string | null;
  errorMessage: string | null;
  startedAt: Date;
  endedAt: Date;
};

export type RefundSeed = {
  refundNo: string;
  merchantRefundNo: string;
  merchantCode: string;
  orderNo: string;
  attemptNo: string;
  channel: ChannelCode;
  accountCode: string;
  tradeType: string;
  amountFen: number;
  currency: 'CNY';
  reason: string;
  status: 'succeeded';
  source: 'api' | 'staff';
  operatorCode: string | null;
  channelRefundNo: string;
  requestedAt: Date;
  refundedAt: Date;
  settledOn: string;
  queryCount: number;
};

export type HisRecordSeed = {
  merchantCode: string;
  hisSerialNo: string;
  hisOrderNo: string;
  kind: 'charge' | 'refund';
  orderNo: string;
  refundNo: string | null;
  channelTradeNo: string | null;
  amountFen: number;
  currency: 'CNY';
  payType: ChannelCode;
  bizType: string;
  status: 'booked';
  patientName: string;
  patientId: string;
  cardNo: string;
  terminalCode: string | null;
  department: string | null;
  operatorCode: string | null;
  occurredAt: Date;
  settledOn: string;
  receivedAt: Date;
};

export type DiscrepancyKind =
  | 'his_only'
  | 'platform_only'
  | 'channel_only'
  | 'amount'
  | 'fee'
  | 'status'
  | 'duplicate'
  | 'in_transit';
export type ResolutionCode = 'online_refund' | 'cash' | 'other' | 'his_supplement' | 'write_off' | 'healed';

export type DiscrepancySeed = {
  caseNo: string;
  occurredAt: Date;
  merchantCode: string;
  orderNo: string | null;
  hisSerialNo: string | null;
  bizType: string | null;
  currency: 'CNY';
  platformFen: number;
  hisFen: number;
  channelFen: number;
  differenceFen: number;
  payType: ChannelCode;
  tradeKind: 'payment' | 'refund';
  patientName: string | null;
  cardNo: string | null;
  bonusFen: number;
  feeFen: number;
  remark: string;
  kind: DiscrepancyKind;
  /** Whom the platform differs from. */
  leg: 'his' | 'channel';
  source: 'realtime' | 't1';
  status: 'open' | 'pending_approval' | 'resolved' | 'void';
  accountCode: string;
  date: string;
  refundNo: string | null;
  channelTradeNo: string | null;
  dedupeKey: string;
  runNo: string | null;
  resolution: ResolutionCode | null;
  resolutionFen: number;
  resolutionNote: string | null;
  resolvedBy: string | null;
  resolvedAt: Date | null;
  approvedBy: string | null;
};

export type DailyTotalSeed = {
  date: string;
  merchantCode: string;
  accountCode: string;
  payType: ChannelCode;
  hisFen: number;
  platformFen: number;
  abnormalRefundFen: number;
  channelFen: number;
  differenceFen: number;
  feeFen: number;
  hisCount: number;
  platformCount: number;
  channelCount: number;
  runNo: string;
};

export type RunSeed = {
  runNo: string;
  merchantCode: string;
  channel: ChannelCode;
  accountCode: string;
  date: string;
  status: 'done';
  counts: Record<string, number>;
  requestedBy: string;
  startedAt: Date;
  finishedAt: Date;
  createdTime: Date;
};

export type LoginLogSeed = {
  at: Date;
  username: string;
  kind: 'sign_in' | 'sign_out' | 'failed';
  ip: string;
  userAgent: string;
};

export type InterfaceLogSeed = {
  at: Date;
  orderNo: string;
  tradeType: string;
  method: string;
  channel: ChannelCode;
  accountCode: string;
  direction: 'out' | 'in';
  url: string;
  request: string;
  response: string;
  httpStatus: number;
  durationMs: number;
  errorCode: string | null;
  traceId: string | null;
};

export type AbnormalRequestSeed = {
  at: Date;
  orderNo: string;
  errorCode: string;
  errorMessage: string;
  tradeType: string;
  action: string;
  channel: ChannelCode;
  accountCode: string;
  advice: string;
};

export type MessageSeed = {
  at: Date;
  kind: string;
  level: 'info' | 'warning' | 'critical';
  title: string;
  titleEn: string;
  body: string;
  bodyEn: string;
  audience: string;
  orderNo: string | null;
  dedupeKey: string;
  readAt: Date | null;
  readBy: string | null;
  status: 'open' | 'resolved';
  count: number;
  lastAt: Date;
};

export type ShiftSeed = {
  shiftNo: string;
  merchantCode: string;
  kind: 'operator';
  operatorCode: string;
  status: 'closed' | 'reviewed';
  openedBy: string;
  openedAt: Date;
  closedBy: string;
  closedAt: Date;
  openingFloatFen: number;
  takenFen: number;
  refundedFen: number;
  hisFen: number;
  differenceFen: number;
  cashExpectedFen: number;
  cashCountedFen: number | null;
  cashDifferenceFen: number | null;
  figures: object;
  note: string | null;
  reviewedBy: string | null;
  reviewedAt: Date | null;
};

/** A past payment in the simulated channel's own books. */
export type LedgerSeed = {
  gateway: ChannelCode;
  accountCode: string;
  outTradeNo: string;
  tradeNo: string;
  amountFen: number;
  paidAt: Date;
  scene: SceneCode;
  subject: string;
  /** The terminal as the channel knows it. */
  terminalId: string | null;
  refunds: { refundNo: string; refundId: string; amountFen: number; at: Date }[];
  billed: boolean;
};

/** Everything one hospital leaves behind, by table. */
export type Rows = {
  orders: OrderSeed[];
  attempts: AttemptSeed[];
  refunds: RefundSeed[];
  hisRecords: HisRecordSeed[];
  discrepancies: DiscrepancySeed[];
  dailyTotals: DailyTotalSeed[];
  runs: RunSeed[];
  loginLogs: LoginLogSeed[];
  interfaceLogs: InterfaceLogSeed[];
  abnormalRequests: AbnormalRequestSeed[];
  messages: MessageSeed[];
  shifts: ShiftSeed[];
  ledger: LedgerSeed[];
};

export const noRows = (): Rows => ({
  orders: [],
  attempts: [],
  refunds: [],
  hisRecords: [],
  discrepancies: [],
  dailyTotals: [],
  runs: [],
  loginLogs: [],
  interfaceLogs: [],
  abnormalRequests: [],
  messages: [],
  shifts: [],
  ledger: [],
});
