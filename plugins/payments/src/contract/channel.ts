import type { Bilingual } from '@hospital-pay/errors';
import type { Currency } from './money';

/** How the payer meets us. micropay: we scan the patient's code; native: the patient scans ours; terminal: a card at the counter's device. */
export type Scene = 'micropay' | 'native' | 'jsapi' | 'h5' | 'app' | 'terminal';

/**
 * What a channel said, or that it said nothing usable. A closed union: switch on `kind` exhaustively.
 * Timeouts, resets, 5xx and answers that do not verify are `unknown`, never `failed`.
 */
export type Outcome =
  | {
      kind: 'paid';
      amount: number;
      currency: Currency;
      channelNo: string;
      paidAt: Date;
      payer?: string;
      /** Of an insurance payment: who bore what. `amount` is all but the cash. */
      split?: InsuranceSplit;
    }
  /** `amount`: this refund's amount in minor units, not the cumulative one. */
  | { kind: 'refunded'; amount: number; currency: Currency; channelNo: string; refundedAt: Date }
  /** Accepted and not finished. `payerAction`: what the payer needs to go on (QR text, URL, client parameters). */
  | { kind: 'pending'; payerAction?: PayerAction; channelNo?: string }
  /**
   * The channel holds no payment: closed unpaid, reversed, or never arrived and can no longer be paid.
   * `reversed`: money had been (or may have been) taken and is given back.
   */
  | { kind: 'closed'; reversed: boolean }
  /** The channel said no, for good. `code`: the channel's own code. */
  | { kind: 'failed'; code: string; message: string }
  | { kind: 'unknown'; cause: string; code?: string };

export type PayerAction =
  | { kind: 'qr'; text: string }
  | { kind: 'redirect'; url: string }
  /** Parameters for the wallet's own client (WeChat JSAPI/app, Alipay tradePay). */
  | { kind: 'client'; parameters: Record<string, string> };

/** Who bears a medical fee, in fen: fund, the patient's insurance account, others on the insurer's side, the patient's own money. */
export interface InsuranceSplit {
  fundFen: number;
  accountFen: number;
  otherFen: number;
  cashFen: number;
}

/** A fee of which insurance is asked to bear its part, before anything is settled. `details`: the channel's own form, from HIS. */
export interface InsuranceQuestion {
  /** Of the payment that will settle the claim: the insurer tells of it under this number. */
  attemptNo: string;
  totalFen: number;
  details: Record<string, unknown>;
}

/** `split` adds up to the fee asked about. */
export type InsuranceQuote =
  | { kind: 'quoted'; claim: InsuranceClaim }
  | { kind: 'refused'; code: string; message: string }
  | { kind: 'unknown'; cause: string; code?: string };

/** What insurance agreed to bear. `claimNo` is the insurer's number of it (payOrdId); `token` belongs to it and is never logged. */
export interface InsuranceClaim {
  claimNo: string;
  token?: string;
  split: InsuranceSplit;
}

/** A claim as it is settled, asked about and given back: with HIS's details of it. */
export interface SettledClaim extends InsuranceClaim {
  details: Record<string, unknown>;
  /** The cash part's payment, where both are paid in one act (`manifest.insurance` is `with cash`). */
  cash?: { attemptNo: string; payerAction: PayerAction };
}

/** One try at being paid. `attemptNo` is the merchant order number the channel sees; unique for ever. */
export interface PayRequest {
  attemptNo: string;
  scene: Scene;
  amount: number;
  currency: Currency;
  subject: string;
  /** The `createdAt` of the reference that will name this payment: some banks find a payment by number and time. */
  createdAt?: Date;
  expiresAt: Date;
  authCode?: string;
  payerId?: string;
  /** What a wallet on the payer's device made for this amount (an Apple Pay token, as JSON text). Never logged. */
  token?: string;
  /** Insurance channels: the claim to settle. `amount` is all but the cash. */
  claim?: SettledClaim;
  clientIp?: string;
  returnUrl?: string;
  terminalCode?: string;
  operatorCode?: string;
}

/** Names a payment made earlier. `amount` is what was asked, so that a driver can check what it reads. */
export interface PaymentReference {
  attemptNo: string;
  scene: Scene;
  amount: number;
  currency: Currency;
  channelNo?: string;
  /** The counter's device, for channels that live there. */
  terminalCode?: string;
  createdAt: Date;
  /** Insurance channels: the claim, exactly as `pay` was given it. */
  claim?: SettledClaim;
  /** When the payer's time is over. Until then a payment that the channel does not know may still arrive there. */
  expiresAt?: Date;
}

export interface RefundRequest {
  /** The same number on every try of one refund. */
  refundNo: string;
  amount: number;
  reason: string;
  /** The same moment on every try: some banks find a refund by number and time. */
  requestedAt?: Date;
  payment: PaymentReference;
  /** The channel's numbers of this payment's other refunds that are booked, for channels that know none of ours. */
  booked?: readonly string[];
  /** Of a payment made `with cash`: the number under which the cash part is given back. */
  cashRefundNo?: string;
}

/** A notification exactly as it came. Header names are lower-case. */
export interface RawNotification {
  headers: Record<string, string>;
  body: Buffer;
}

/** The exact bytes that answer a notification. */
export interface Acknowledgement {
  status: number;
  contentType: string;
  body: string;
}

export type NotificationEvent =
  | { kind: 'payment'; attemptNo: string; outcome: Outcome }
  | { kind: 'refund'; attemptNo: string; refundNo: string; outcome: Outcome };

export type NotificationReading =
  | {
      kind: 'event';
      /** Constant over the channel's retries of one notification. */
      notificationId: string;
      event: NotificationEvent;
      accepted: Acknowledgement;
      /** Sent when we could not store it, so that the channel tries again. */
      retry: Acknowledgement;
    }
  /** Verified, but nothing for us to do (another event type). */
  | { kind: 'ignored'; accepted: Acknowledgement }
  /** Forged, stale, a probe, unreadable. */
  | { kind: 'rejected'; code: string; cause: string; answer: Acknowledgement };

/** One line of a channel's bill, in our own terms. Refund amounts are positive: `kind` gives the direction. */
export interface BillLine {
  /** Number of the line in the file, 1-based, to point at it. */
  lineNo: number;
  kind: 'payment' | 'refund';
  /** Our number as the channel knows it (attemptNo). */
  orderNo: string;
  refundNo?: string;
  /** The channel's own number of the payment. */
  channelNo: string;
  amountFen: number;
  /** Of an insurance payment: who bore `amountFen`, and what the patient paid beside it. */
  split?: InsuranceSplit;
  /** What the channel keeps; negative when it gives a fee back. */
  feeFen: number;
  occurredAt: Date;
  /** Day in the channel's zone, yyyy-MM-dd. */
  settledOn: string;
  /** The line as received. */
  raw: string;
}

/** One movement of the merchant's account at the channel. `amountFen` is negative for money out. */
export interface FundFlowLine {
  lineNo: number;
  flowNo: string;
  businessNo: string;
  orderNo?: string;
  kind: string;
  amountFen: number;
  balanceFen?: number;
  occurredAt: Date;
  raw: string;
}

/** The totals the bill itself states, against which its lines are checked. All amounts positive. */
export interface BillTotals {
  payments: number;
  paymentFen: number;
  refunds: number;
  refundFen: number;
  feeFen?: number;
}

export type BillKind = 'trade' | 'fund-flow';

/**
 * `file` is the raw file as received (kept in the archive before it is read).
 * `lines()` may be called again; it throws `BillError` on a line it cannot read, naming the line, and at the end
 * when counts or sums differ from the file's own totals.
 */
export type Bill<Line = BillLine> =
  | {
      kind: 'ready';
      file: { name: string; bytes: Buffer };
      totals: BillTotals | undefined;
      lines(): AsyncIterable<Line>;
    }
  | { kind: 'not-ready'; retryAfterMinutes: number }
  | { kind: 'empty' };

/**
 * DAY, MERCHANT: the bill of another day, or with another merchant's lines. DUPLICATE: a line twice. UNAVAILABLE without
 * a line: ask again later.
 */
export type BillErrorCode =
  | 'HASH'
  | 'TRUNCATED'
  | 'SIZE'
  | 'ENCODING'
  | 'COLUMNS'
  | 'LINE'
  | 'TOTALS'
  | 'DAY'
  | 'MERCHANT'
  | 'DUPLICATE'
  | 'UNAVAILABLE';

/** A bill that must not be booked: wrong hash, truncated, unknown columns, totals that do not add up. */
export class BillError extends Error {
  override readonly name = 'BillError';
  constructor(
    readonly code: BillErrorCode,
    message: string,
    readonly lineNo?: number,
    options?: ErrorOptions,
  ) {
    super(lineNo === undefined ? message : `line ${lineNo}: ${message}`, options);
  }
}

/** What a bill file is held against when it is read: it must be this day's, and this merchant's. */
export interface BillGuard {
  /** yyyy-MM-dd in the channel's zone. */
  date: string;
  /** The account's configuration without its secrets. */
  config: ChannelConfig;
}

/** Reads a trade bill's raw file, wherever it came from. Pure: no network, no clock. */
export type BillReader = (bytes: Buffer, guard: BillGuard) => Promise<Bill>;

/** `session`: handed to the payer's device as it is. */
export type WalletSession =
  | { kind: 'opened'; session: Record<string, unknown> }
  | { kind: 'refused'; code: string; message: string };

export interface PayerIdentity {
  /** Where the wallet's browser is sent; it comes back to `returnUrl` with `code` and `state`. */
  authorizeUrl(returnUrl: string, state: string): string;
  /** The payer of such a code; undefined when the wallet does not know it, or did not answer. */
  identify(code: string): Promise<string | undefined>;
}

/**
 * A channel's verbs. A verb that a channel lacks is absent, and the core and the screens read that as "not offered".
 * Business answers, timeouts and unverifiable answers are outcomes; a driver throws only on a programming error.
 * A driver makes one call a verb: retries, polling and state belong to the core.
 */
export interface ChannelDriver {
  pay(request: PayRequest): Promise<Outcome>;
  query(payment: PaymentReference): Promise<Outcome>;
  close?(payment: PaymentReference): Promise<Outcome>;
  /** Undo a payment whose result is not known: unpaid → closed, paid → given back. */
  reverse?(payment: PaymentReference): Promise<Outcome>;
  refund?(request: RefundRequest): Promise<Outcome>;
  queryRefund?(request: RefundRequest): Promise<Outcome>;
  readNotification?(raw: RawNotification): Promise<NotificationReading>;
  /** How a patient in the wallet's own browser becomes a `payerId`, where `jsapi` needs one. */
  payer?: PayerIdentity;
  /** `date`: yyyy-MM-dd in the channel's zone. */
  bill?(date: string): Promise<Bill>;
  fundFlowBill?(date: string): Promise<Bill<FundFlowLine>>;
  /** A wallet on the payer's device wants to know whom it pays, before it makes a token (`manifest.takesToken`). */
  openSession?(asked: { validationUrl: string; domain: string }): Promise<WalletSession>;
  /** What insurance would bear of a fee. Asked again with the same `attemptNo` it gives the same claim. */
  quote?(question: InsuranceQuestion): Promise<InsuranceQuote>;
  /** Tells whether these credentials work, by a call that moves nothing. */
  test(): Promise<{ ok: true } | { ok: false; code: string; message: string }>;
}

/** What a channel may offer beyond paying, asking and testing, which all do. */
export const optionalVerbs = [
  'close',
  'reverse',
  'refund',
  'queryRefund',
  'readNotification',
  'bill',
  'fundFlowBill',
  'openSession',
  'quote',
] as const satisfies readonly (keyof ChannelDriver)[];
export type OptionalVerb = (typeof optionalVerbs)[number];

/** What a driver did, as the interface log keeps it. Bodies are masked by the driver before they get here. */
export interface CallRecord {
  /** create_order, query_order, close_order, cancel_order, refund_order, query_refund, download_bill, wallet_session, quote_insurance, test, notify. */
  method: string;
  url: string;
  request: string;
  response: string;
  httpStatus?: number;
  startedAt: Date;
  durationMs: number;
  /** The channel's own error code, when it answered one. */
  errorCode?: string;
  errorMessage?: string;
  attemptNo?: string;
  refundNo?: string;
  scene?: Scene;
}

export interface ChannelContext {
  /** The clock, in its own name so that tests can turn it. */
  now(): Date;
  /** Where this account's notifications arrive; no query string. */
  notifyUrl: string;
  /** Limit of one call, in ms. */
  timeoutMs: number;
  /** Called once a call, whatever came of it. Never throws. */
  record(call: CallRecord): void;
}

/** JSON Schema of a channel's configuration, as the form draws it. `secret` fields are encrypted at rest and write-only. */
export interface ConfigSchema {
  type: 'object';
  required: string[];
  properties: Record<string, ConfigField>;
}

export interface ConfigField {
  type: 'string' | 'boolean' | 'integer';
  title: string;
  titleEn: string;
  description?: string;
  descriptionEn?: string;
  enum?: string[];
  enumTitles?: Record<string, Bilingual>;
  default?: string | boolean | number;
  pattern?: string;
  minLength?: number;
  maxLength?: number;
  format?: 'uri' | 'pem';
  secret?: boolean;
  /** Shown only while another field has one of these values. */
  showWhen?: { field: string; in: string[] };
}

export type ChannelConfig = Record<string, string | boolean | number | undefined>;

/** One code of the channel, in words the counter understands. */
export interface ErrorExplanation extends Bilingual {
  /** What to do next. */
  advice?: Bilingual;
}

export interface ChannelManifest {
  code: string;
  title: Bilingual;
  /** Prefix of trade types in logs: `weixin` in `weixin_native`. */
  logName: string;
  currency: Currency;
  /** IANA zone in which the channel cuts its days. */
  zone: string;
  /** Ways to pay; none for a channel that has ended and whose old bills are still read. */
  scenes: Scene[];
  /** The verbs its driver has when it is fully configured. The contract kit holds the driver to them. */
  verbs: OptionalVerb[];
  /** Accounts in other countries: their currency and zone, by their configuration. */
  placeOf?(config: ChannelConfig): { currency: Currency; zone: string };
  /** Files by which the other side sees that this site is the merchant's, by name below `/.well-known/`. */
  wellKnown?(config: ChannelConfig): Record<string, string>;
  /** Paid with a token from the payer's device, and only so: orders without one go elsewhere. */
  takesToken?: boolean;
  /**
   * Pays the insurer's part of a mixed payment. `before cash`: quoted, settled, then the patient pays the rest by any
   * channel. `with cash`: HIS knows the split, and the patient pays both parts in one act in the wallet. The insurer takes
   * its part back whole or not at all.
   */
  insurance?: 'before cash' | 'with cash';
  /** Whose payment code is this? */
  authCode?: RegExp;
  config: ConfigSchema;
  /** Explanations of the channel's error codes, by code. */
  errors: Record<string, ErrorExplanation>;
  /** From which hour (channel's zone) yesterday's bill may be asked for. */
  billReadyHour?: number;
  /**
   * Path of the module that exports `openBill: BillReader`, and perhaps `openTable: BillTableReader` for the same lines
   * faster, for a process that has nothing else of the platform.
   * Without it bills are read in the platform's own process, and none can be uploaded.
   */
  billReader?: string;
  /** @throws ConfigError-like Error with a readable message when the configuration cannot work (bad key, missing field). */
  connect(config: ChannelConfig, context: ChannelContext): ChannelDriver;
}

/** A channel is a value. The identity function types it. */
export const defineChannel = (manifest: ChannelManifest): ChannelManifest => manifest;
