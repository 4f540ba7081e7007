import type { Bilingual } from '@hospital-pay/errors';
import type { Clock } from '@hospital-pay/jobs';
import type { Knex } from 'knex';
import type { Context } from 'koa';
import type { CircuitState } from './circuits';
import type {
  Acknowledgement,
  CallRecord,
  ChannelConfig,
  ChannelDriver,
  ChannelManifest,
  Currency,
  InsuranceClaim,
  InsuranceSplit,
  PayerAction,
  RawNotification,
  Scene,
  SettledClaim,
} from './contract';
import type { Retry } from './error-kinds';
import type { ErrorKnowledge } from './error-knowledge';
import type { RouteVerdict } from './route-verdicts';

export type OrderStatus =
  | 'created'
  | 'pending'
  | 'unknown'
  | 'paid'
  | 'partially_refunded'
  | 'refunded'
  | 'closed'
  | 'reversed'
  | 'failed';

/** One payment of two halves: what insurance bears, and the patient's own money. */
export type MixedState =
  /** Insurance has been asked what it would bear. */
  | 'quoting'
  /** The split is known and nothing has been settled. */
  | 'quoted'
  /** Insurance would not. */
  | 'refused'
  /** Insurance settles its half; the cash comes after. */
  | 'settling'
  /** The patient pays: the cash, or both halves in one act. */
  | 'paying'
  | 'paid'
  /** Ended without anybody having paid. */
  | 'closed'
  /** One half was paid and the other will not be: what was paid goes back. */
  | 'undoing'
  | 'undo_stopped'
  | 'undone'
  | 'refunding'
  | 'refund_stopped'
  | 'refunded';

export type RefundStatus = 'requested' | 'processing' | 'succeeded' | 'failed' | 'unknown';
export type RefundSource = 'api' | 'staff' | 'duplicate' | 'his_refused' | 'mixed';
export type HisState = 'none' | 'waiting' | 'confirmed' | 'refused';

/** Who asks. Every service checks the merchant against it. */
export type Caller =
  | { kind: 'application'; appId: string; merchantCode: string }
  /** `merchantCodes: null` = every merchant. */
  | { kind: 'staff'; username: string; merchantCodes: string[] | null }
  | { kind: 'system' };

export interface CreateOrder {
  merchantCode: string;
  merchantOrderNo: string;
  amountFen: number;
  subject: string;
  scene: Scene;
  channel?: string | undefined;
  authCode?: string | undefined;
  payerId?: string | undefined;
  token?: string | undefined;
  clientIp?: string | undefined;
  returnUrl?: string | undefined;
  terminalCode?: string | undefined;
  department?: string | undefined;
  businessNo?: string | undefined;
  bizType?: string | undefined;
  patientName?: string | undefined;
  patientId?: string | undefined;
  cardNo?: string | undefined;
  operatorCode?: string | undefined;
  /** Seconds the payer has; per scene unless told. */
  expiresIn?: number | undefined;
  /** Made as one half of a mixed payment, by the room that watches over both. */
  half?: Half | undefined;
}

/** `insurance`: the half that insurance bears, at the account that was asked for it. */
export interface Half {
  mixedNo: string;
  orderNo: string;
  insurance?: { claim: SettledClaim; accountCode: string; routing: RoutingView | null };
}

/** An order as far as routing looks at it. `at`: now unless given; without `merchantOrderNo` equals stay undecided. */
/** `insurance`: only channels that pay so are looked at; others never pay for insurance. */
export type RoutingQuestion = Pick<
  CreateOrder,
  'merchantCode' | 'scene' | 'amountFen' | 'channel' | 'authCode' | 'token' | 'terminalCode' | 'department'
> & {
  merchantOrderNo?: string | undefined;
  at?: Date | undefined;
  insurance?: ChannelManifest['insurance'];
};

/** Which of a merchant's routes was taken and why the others were not. */
export interface RoutingView {
  department: string | null;
  /** The moment on the merchant's clock, ISO with its offset. */
  at: string;
  routes: {
    name: string;
    channel: string;
    accountCode: string;
    priority: number;
    verdict: RouteVerdict;
    /** Its share among those that share the orders; 0 elsewhere. */
    weight: number;
    /** Null for an account that is disabled or gone. */
    circuit: CircuitState | null;
  }[];
}

export interface ErrorView {
  code: string;
  zh: string;
  en: string;
  channelCode?: string;
  channelMessage?: string;
  /** What the channel's code is known to call for. */
  advice?: Bilingual;
  retry?: Retry;
}

export interface OrderView {
  orderNo: string;
  merchantCode: string;
  merchantOrderNo: string;
  status: OrderStatus;
  amountFen: number;
  paidFen: number;
  refundedFen: number;
  currency: Currency;
  scene: Scene;
  channel: string;
  tradeType: string;
  subject: string;
  channelTradeNo: string | null;
  payerAction: PayerAction | null;
  paidAt: string | null;
  expiresAt: string | null;
  hisState: HisState;
  hisOrderNo: string | null;
  receiptNo: string | null;
  /** The mixed payment of which this is one half. */
  mixedNo: string | null;
  error: ErrorView | null;
  createdTime: string;
}

export type OrderKey = { orderNo: string } | { merchantCode: string; merchantOrderNo: string };
export type RefundKey = { refundNo: string } | { merchantCode: string; merchantRefundNo: string };

export interface CreateRefund {
  order: OrderKey;
  merchantRefundNo: string;
  amountFen: number;
  reason: string;
  /** Asked by the room that watches over both halves of a mixed payment: nobody else gives half of one back. */
  isHalf?: boolean;
}

/** How the patient pays the own half. */
export interface CashWay {
  scene: Scene;
  channel?: string | undefined;
  authCode?: string | undefined;
  payerId?: string | undefined;
  clientIp?: string | undefined;
  returnUrl?: string | undefined;
}

export interface CreateMixed {
  merchantCode: string;
  merchantOrderNo: string;
  totalFen: number;
  subject: string;
  /** The insurance channel, where the merchant has several. */
  channel?: string | undefined;
  /** In the channel's own form, from HIS. */
  details: Record<string, unknown>;
  /** HIS knows the split already: both halves are paid in one act. */
  claim?: InsuranceClaim | undefined;
  /** With `claim`: how. */
  cash?: CashWay | undefined;
  terminalCode?: string | undefined;
  department?: string | undefined;
  businessNo?: string | undefined;
  bizType?: string | undefined;
  patientName?: string | undefined;
  patientId?: string | undefined;
  cardNo?: string | undefined;
  operatorCode?: string | undefined;
  /** Seconds until a payment that is not complete is undone. */
  expiresIn?: number | undefined;
}

export interface MixedView {
  mixedNo: string;
  merchantCode: string;
  merchantOrderNo: string;
  state: MixedState;
  totalFen: number;
  /** Null until insurance has said it. */
  split: InsuranceSplit | null;
  subject: string;
  insuranceChannel: string;
  claimNo: string | null;
  insuranceOrder: OrderView | null;
  cashOrder: OrderView | null;
  /** What the patient needs to pay now. */
  payerAction: PayerAction | null;
  merchantRefundNo: string | null;
  refundReason: string | null;
  hisState: HisState;
  hisOrderNo: string | null;
  receiptNo: string | null;
  error: ErrorView | null;
  expiresAt: string;
  paidAt: string | null;
  createdTime: string;
}

export type MixedKey = { mixedNo: string } | { merchantCode: string; merchantOrderNo: string };

/** One payment of two halves: insurance's and the patient's own. It ends with both paid or both given back. */
export interface MixedPayments {
  /** Same (merchant, merchantOrderNo) and body: the first one again; another body: MIXED_CONFLICT. */
  create(input: CreateMixed, caller: Caller): Promise<MixedView>;
  /** The patient agrees to the split: insurance settles, and what is left is paid in this way, now or when this is called again. */
  confirm(key: MixedKey, cash: CashWay | undefined, caller: Caller): Promise<MixedView>;
  get(key: MixedKey, caller: Caller): Promise<MixedView>;
  /** As get, after asking about what is undecided. */
  query(key: MixedKey, caller: Caller): Promise<MixedView>;
  /** Ends one that is not complete; what was paid of it goes back. @throws ORDER_ALREADY_PAID */
  cancel(key: MixedKey, caller: Caller): Promise<MixedView>;
  /** Gives all of it back: insurance first, then the cash. */
  refund(
    key: MixedKey,
    request: { merchantRefundNo: string; reason: string },
    caller: Caller,
  ): Promise<MixedView>;
  /** Tries again, under the same numbers, what stopped a refund or an undoing. @throws MIXED_NOT_STOPPED */
  retry(key: MixedKey, caller: Caller): Promise<MixedView>;
}

export interface RefundView {
  refundNo: string;
  merchantRefundNo: string;
  orderNo: string;
  amountFen: number;
  currency: Currency;
  status: RefundStatus;
  source: RefundSource;
  reason: string;
  channelRefundNo: string | null;
  refundedAt: string | null;
  error: ErrorView | null;
  requestedAt: string;
}

/** @throws PlatformError with a code of errors.ts */
export interface Orders {
  /** Same (merchant, merchantOrderNo) and body: the first order again; another body: ORDER_CONFLICT. */
  create(input: CreateOrder, caller: Caller): Promise<OrderView>;
  get(key: OrderKey, caller: Caller): Promise<OrderView>;
  /** Asks the channel when the order is not final, then tells. */
  query(key: OrderKey, caller: Caller): Promise<OrderView>;
  close(key: OrderKey, caller: Caller): Promise<OrderView>;
  reverse(key: OrderKey, caller: Caller): Promise<OrderView>;
  /** Answers as soon as the order changes, or as it is after `ms` (at most 25 s). */
  waitForChange(key: OrderKey, ms: number, caller: Caller): Promise<OrderView>;
}

export interface Refunds {
  create(input: CreateRefund, caller: Caller): Promise<RefundView>;
  get(key: RefundKey, caller: Caller): Promise<RefundView>;
  query(key: RefundKey, caller: Caller): Promise<RefundView>;
  /** Tries a failed refund again under the same number. */
  retry(key: RefundKey, caller: Caller): Promise<RefundView>;
}

export interface Routes {
  /** What would happen to such an order; nothing is written and no channel is asked. */
  explain(question: RoutingQuestion, caller: Caller): Promise<RoutingView>;
  /** Why an order went where it did; null for one from before this was kept. @throws ORDER_NOT_FOUND */
  ofOrder(orderNo: string, caller: Caller): Promise<RoutingView | null>;
}

/** Channels that the administration has switched off take no new orders; old ones are asked about, refunded and reconciled. */
export interface ChannelSwitches {
  /** The codes of the channels that are switched off. */
  disabled(): Promise<ReadonlySet<string>>;
  /** @throws CHANNEL_UNKNOWN */
  set(code: string, enabled: boolean): Promise<void>;
}

export interface Notifications {
  receive(accountCode: string, raw: RawNotification): Promise<Acknowledgement>;
}

export interface PaymentEvents {
  'order.changed': { orderNo: string };
  'refund.changed': { refundNo: string; orderNo: string };
  /** An order has come to another state; told once a move, by the process that moved it. */
  'order.moved': {
    orderNo: string;
    to: OrderStatus;
    channel: string;
    scene: Scene;
    currency: Currency;
    paidFen: number;
  };
  'refund.moved': {
    refundNo: string;
    to: RefundStatus;
    channel: string;
    currency: Currency;
    amountFen: number;
  };
  /** A HIS record was created or changed; emitted by the his plugin. */
  'his.changed': { merchantCode: string; hisSerialNo: string; orderNo: string | null };
  'channel.call': CallRecord & {
    channel: string | null;
    accountCode: string | null;
    orderNo: string | null;
    tradeType: string | null;
    direction: 'out' | 'in';
  };
  alarm: {
    kind: string;
    level: 'info' | 'warning' | 'critical';
    zh: string;
    en: string;
    orderNo: string | null;
    /** Names the occurrence: the same one told again is no second one. */
    dedupeKey: string;
    /** What it is about, where alarms of one kind about different things are not one matter. */
    about?: string | undefined;
    /** The matter is over. */
    isOver?: boolean | undefined;
  };
}

export interface Events {
  /** Listeners run after the change is committed; what they throw is logged and goes no further. */
  on<Name extends keyof PaymentEvents>(
    name: Name,
    listener: (event: PaymentEvents[Name]) => void,
  ): () => void;
  emit<Name extends keyof PaymentEvents>(name: Name, event: PaymentEvents[Name]): void;
}

export interface AccountInput {
  code: string;
  name: string;
  channel: string;
  merchantCode: string;
  enabled: boolean;
  /** Public and secret fields together; a secret omitted or '' keeps its value. */
  config: ChannelConfig;
}

export interface AccountView {
  code: string;
  name: string;
  channel: string;
  merchantCode: string;
  enabled: boolean;
  config: ChannelConfig;
  secretsSet: Record<string, boolean>;
}

export type AccountTest =
  | { ok: true; durationMs: number }
  | ({ ok: false; code: string; durationMs: number } & Bilingual);

export interface ConnectedAccount {
  code: string;
  merchantCode: string;
  enabled: boolean;
  /** Without secrets. */
  config: ChannelConfig;
  manifest: ChannelManifest;
  currency: Currency;
  /** IANA zone in which the channel cuts this account's days. */
  zone: string;
  driver: ChannelDriver;
}

export interface Accounts {
  /** Creates or replaces by code. */
  save(input: AccountInput): Promise<AccountView>;
  describe(code: string): Promise<AccountView>;
  test(code: string): Promise<AccountTest>;
  /** Works for disabled accounts too: old orders are still refunded, queried and reconciled. */
  connect(code: string): Promise<ConnectedAccount>;
  driver(code: string): Promise<ChannelDriver>;
  /** How many accounts a channel has with these merchants; `null` = every merchant. */
  countByChannel(merchantCodes: string[] | null): Promise<ReadonlyMap<string, number>>;
}

export type Scope = 'orders:read' | 'orders:write' | 'refunds:read' | 'refunds:write' | 'his:write';

export interface AuthenticatedApplication {
  appId: string;
  merchantCode: string;
  scopes: Scope[];
}

export interface CreateApplication {
  appId: string;
  name: string;
  merchantCode: string;
  scopes: Scope[];
  ipAllowList?: string[];
  /** For seeds and tests; random unless given. */
  secret?: string;
}

export interface Applications {
  /** Checks signature, time, nonce, address and scope of a request to the open API. */
  authenticate(ctx: Context, scope: Scope): Promise<AuthenticatedApplication>;
  /** Creates or replaces by appId. The secret is told this once and not kept. */
  create(input: CreateApplication): Promise<{ appId: string; secret: string }>;
}

/** What HIS is told when money arrived. */
export interface HisConfirmPayload {
  orderNo: string;
  merchantCode: string;
  merchantOrderNo: string;
  businessNo: string | null;
  bizType: string | null;
  amountFen: number;
  currency: Currency;
  channel: string;
  scene: Scene;
  channelTradeNo: string | null;
  paidAt: string;
  patientId: string | null;
  cardNo: string | null;
  terminalCode: string | null;
  operatorCode: string | null;
  /** Of a mixed payment, which HIS is told as a whole: `orderNo` is its number, `amountFen` its total. */
  mixed?: InsuranceSplit & { insuranceOrderNo: string | null; cashOrderNo: string | null };
}

export interface HisRefundPayload extends HisConfirmPayload {
  refundNo: string;
  merchantRefundNo: string;
  refundFen: number;
  reason: string;
  channelRefundNo: string | null;
  refundedAt: string;
}

export interface OutboxTopics {
  /** Whoever writes messages; the alarm is also an event, for those who only listen. */
  alarm: PaymentEvents['alarm'];
  'his.confirm': HisConfirmPayload;
  /** Written for refunds of orders that HIS confirmed, once a sender is registered for it. */
  'his.refund': HisRefundPayload;
}

export type SendResult =
  | { kind: 'done'; hisOrderNo?: string; receiptNo?: string }
  | { kind: 'refused'; code: string; message: string }
  | { kind: 'retry'; error: string };

export interface Outbox {
  /** Registers the sender of a topic. `attempt` is 1 on the first try. */
  handle<Topic extends keyof OutboxTopics>(
    topic: Topic,
    send: (payload: OutboxTopics[Topic], context: { attempt: number }) => Promise<SendResult>,
  ): void;
}

export interface Vault {
  /** `context` is bound into the cipher text: it opens under the same one only. */
  seal(text: string, context: string): string;
  open(sealed: string, context: string): string;
  /** 32 bytes that only this installation knows, others for every purpose. */
  keyFor(purpose: string): Buffer;
}

/** Paths and schemas another room adds to the OpenAPI document. */
export interface OpenApiPart {
  paths: Record<string, unknown>;
  schemas?: Record<string, unknown>;
}

/** Seconds that a missing side is waited for; `undefined` leaves it to the merchant's own setting. */
export type GraceRule = (
  db: Knex,
  merchant: { merchantCode: string; date: string },
) => Promise<(what: { channel: string | null; bizType: string | null }) => number | undefined>;

export interface Grace {
  /** Reconciliation says how long; without it every merchant's own setting holds. */
  decidedBy(rule: GraceRule): void;
  of: GraceRule;
}

export interface Payments {
  orders: Orders;
  routes: Routes;
  refunds: Refunds;
  mixed: MixedPayments;
  notifications: Notifications;
  events: Events;
  accounts: Accounts;
  channels(): ChannelManifest[];
  channelSwitches: ChannelSwitches;
  errorKnowledge: ErrorKnowledge;
  applications: Applications;
  outbox: Outbox;
  openapi: { add(part: OpenApiPart): void };
  clock: Clock;
  vault: Vault;
  grace: Grace;
}
