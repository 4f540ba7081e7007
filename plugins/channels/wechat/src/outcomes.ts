import type { Outcome, PaymentReference, Scene } from '@hospital-pay/payments/contract';

/** What was asked. An error code means something else after a refund than after a payment. */
export type Verb = 'pay' | 'query' | 'close' | 'reverse' | 'refund' | 'queryRefund';

/** A call that did not end in a usable success. */
export type Refused =
  /** WeChat said it, and its signature verifies. */
  | { kind: 'error'; code: string; message: string; status: number; requestId?: string | undefined }
  /** Nobody we can trust said anything. */
  | { kind: 'unusable'; code: string; cause: string };

type Ruling =
  | 'failed'
  | 'unknown'
  | 'pending'
  | 'closed'
  | 'reversed'
  | 'not-found'
  | 'refund-not-found'
  | 'not-enough';

type Rulings = Partial<Record<Verb | 'default', Ruling>>;

const always = (ruling: Ruling): Rulings => ({ default: ruling });

const absent: Rulings = { default: 'not-found', refund: 'failed', queryRefund: 'refund-not-found' };

/**
 * v3 and v2 codes in one table. Whatever is not listed stays unknown: the next query tells, and money is never
 * taken for lost because of a word we have not met.
 */
const rulings: Record<string, Rulings> = {
  PARAM_ERROR: { pay: 'failed', refund: 'failed', default: 'unknown' },
  INVALID_REQUEST: { pay: 'failed', refund: 'failed', default: 'unknown' },
  APPID_MCHID_NOT_MATCH: { pay: 'failed', refund: 'failed', default: 'unknown' },
  MCH_NOT_EXISTS: { pay: 'failed', refund: 'failed', default: 'unknown' },
  MCHID_NOT_EXIST: { pay: 'failed', refund: 'failed', default: 'unknown' },
  APPID_NOT_EXIST: { pay: 'failed', refund: 'failed', default: 'unknown' },
  LACK_PARAMS: { pay: 'failed', refund: 'failed', default: 'unknown' },
  XML_FORMAT_ERROR: { pay: 'failed', refund: 'failed', default: 'unknown' },
  SIGN_ERROR: { pay: 'failed', refund: 'failed', default: 'unknown' },
  SIGNERROR: { pay: 'failed', refund: 'failed', default: 'unknown' },
  NO_AUTH: { pay: 'failed', refund: 'failed', default: 'unknown' },
  NOAUTH: { pay: 'failed', refund: 'failed', default: 'unknown' },
  AUTH_CODE_INVALID: always('failed'),
  AUTHCODEEXPIRE: always('failed'),
  AUTH_CODE_EXPIRED: always('failed'),
  AUTH_CODE_ERROR: always('failed'),
  NOTSUPORTCARD: always('failed'),
  BUYER_MISMATCH: always('failed'),
  RULE_LIMIT: { pay: 'failed', refund: 'failed', default: 'unknown' },
  TRADE_ERROR: { pay: 'failed', refund: 'failed', default: 'unknown' },
  USER_ACCOUNT_ABNORMAL: { pay: 'failed', refund: 'failed', default: 'unknown' },
  ACCOUNTERROR: { pay: 'failed', refund: 'failed', default: 'unknown' },
  ACCOUNT_ERROR: { pay: 'failed', refund: 'failed', default: 'unknown' },
  REQUEST_BLOCKED: { pay: 'failed', refund: 'failed', default: 'unknown' },
  NOT_ENOUGH: { pay: 'failed', refund: 'not-enough', default: 'unknown' },
  NOTENOUGH: { pay: 'failed', refund: 'not-enough', default: 'unknown' },
  PAYERROR: always('failed'),
  USERPAYING: { pay: 'pending', query: 'pending', default: 'unknown' },
  USER_PAYING: { pay: 'pending', query: 'pending', default: 'unknown' },
  // Somebody holds a payment under our number, most likely an earlier try of ours: only a query may tell.
  ORDERPAID: always('unknown'),
  OUT_TRADE_NO_USED: always('unknown'),
  ALREADY_EXISTS: always('unknown'),
  ORDER_CLOSED: { refund: 'failed', queryRefund: 'unknown', default: 'closed' },
  ORDERCLOSED: { refund: 'failed', queryRefund: 'unknown', default: 'closed' },
  ORDERREVERSED: { refund: 'failed', queryRefund: 'unknown', default: 'reversed' },
  ORDER_NOT_EXIST: absent,
  ORDERNOTEXIST: absent,
  RESOURCE_NOT_EXISTS: absent,
  REFUNDNOTEXIST: { queryRefund: 'refund-not-found', default: 'unknown' },
  TRADE_OVERDUE: { refund: 'failed', default: 'unknown' },
  INVALID_TRANSACTIONID: { refund: 'failed', default: 'unknown' },
  REVERSE_EXPIRE: always('unknown'),
  BIZERR_NEED_RETRY: always('unknown'),
  INVALID_REQ_TOO_MUCH: always('unknown'),
  FREQUENCY_LIMITED: always('unknown'),
  FREQUENCY_LIMIT_EXCEED: always('unknown'),
  RATELIMIT_EXCEEDED: always('unknown'),
  SYSTEM_ERROR: always('unknown'),
  SYSTEMERROR: always('unknown'),
  BANK_ERROR: always('unknown'),
  BANKERROR: always('unknown'),
};

/** The last part of `Request-ID` tells apart what one code lumps together. */
const causesByRequestId: Record<string, string> = {
  '268512771': 'ORDER_NOT_EXIST',
  '268447840': 'FREQUENCY_LIMITED',
  '268435461': 'PARAM_ERROR',
  '268449538': 'ORDERPAID',
  '268498689': 'ORDERPAID',
  '268447914': 'ORDER_CLOSED',
  '268443699': 'SIGN_ERROR',
  '268501013': 'PARAM_ERROR',
  '268498688': 'OUT_TRADE_NO_USED',
  '268445527': 'APPID_MCHID_NOT_MATCH',
};

/** Only the vague code gives way: a code that says what happened is taken at its word. */
function preciseCode(code: string, requestId: string | undefined): string {
  if (code !== 'INVALID_REQUEST') return code;
  return causesByRequestId[requestId?.split('-').at(-1) ?? ''] ?? code;
}

/** For an order whose expiry is not told: a payment code lives a minute, a prepay id and a QR text two hours. */
const orderLifeMs: Record<Scene, number> = {
  micropay: 2 * 60_000,
  native: 2 * 3_600_000,
  jsapi: 2 * 3_600_000,
  h5: 2 * 3_600_000,
  app: 2 * 3_600_000,
  terminal: 2 * 3_600_000,
};

/** A request sent in the last moment may be under way for as long as this. */
const underWayMs = 60_000;

/** WeChat does not know the order. While a request of ours could still arrive, that proves nothing. */
export function orderNotFound(
  verb: Verb,
  payment: Pick<PaymentReference, 'scene' | 'createdAt' | 'expiresAt'>,
  now: Date,
): Outcome {
  // Nobody ever saw the QR text or prepay id of an order that WeChat does not know, so closing it has succeeded.
  if (verb === 'close') return { kind: 'closed', reversed: false };
  const over = payment.expiresAt
    ? payment.expiresAt.getTime() + underWayMs
    : payment.createdAt.getTime() + orderLifeMs[payment.scene];
  return now.getTime() > over
    ? { kind: 'closed', reversed: false }
    : { kind: 'unknown', code: 'ORDER_NOT_FOUND', cause: 'WeChat Pay does not know this order (yet)' };
}

export function refusedOutcome(
  verb: Verb,
  refused: Refused,
  payment: Pick<PaymentReference, 'scene' | 'createdAt' | 'expiresAt'>,
  now: Date,
): Outcome {
  if (refused.kind === 'unusable') return { kind: 'unknown', cause: refused.cause, code: refused.code };
  const code = preciseCode(refused.code, refused.requestId);
  const cause = `${code}: ${refused.message}`;
  const table = rulings[code];
  // A 5xx is unknown whatever it says; only its signature made it more than noise.
  const ruling: Ruling = refused.status >= 500 ? 'unknown' : (table?.[verb] ?? table?.default ?? 'unknown');
  switch (ruling) {
    case 'failed':
      return { kind: 'failed', code, message: refused.message };
    case 'unknown':
      return { kind: 'unknown', cause, code };
    case 'pending':
      return { kind: 'pending' };
    case 'closed':
      return { kind: 'closed', reversed: false };
    case 'reversed':
      return { kind: 'closed', reversed: true };
    case 'not-found':
      return orderNotFound(verb, payment, now);
    case 'refund-not-found':
      return { kind: 'unknown', cause, code: 'REFUND_NOT_FOUND' };
    case 'not-enough':
      return { kind: 'unknown', cause, code: 'NOT_ENOUGH' };
    default: {
      const never: never = ruling;
      return never;
    }
  }
}

export const integrity = (cause: string): Outcome => ({ kind: 'unknown', cause, code: 'INTEGRITY' });

/** An order as either protocol version tells it, in one shape. */
export interface OrderFacts {
  mchid: string;
  appid: string | undefined;
  attemptNo: string;
  tradeState: string;
  tradeStateText: string;
  channelNo: string | undefined;
  amount: number | undefined;
  currency: string | undefined;
  paidAt: Date | undefined;
  payer: string | undefined;
}

export interface Expected {
  mchid: string;
  appid: string;
  /** Absent when a notification is read: the core knows what was asked and compares. */
  payment?: { attemptNo: string; amount: number };
}

/** The trade_state table. REFUND means that it was paid: what became of a refund is asked separately. */
export function orderOutcome(order: OrderFacts, expected: Expected, now: Date): Outcome {
  if (order.mchid !== expected.mchid) return integrity(`answer is for merchant ${order.mchid}`);
  if (order.appid !== undefined && order.appid !== expected.appid)
    return integrity(`answer is for app ${order.appid}`);
  if (expected.payment && order.attemptNo !== expected.payment.attemptNo) {
    return integrity(`answer is for order ${order.attemptNo}`);
  }
  switch (order.tradeState) {
    case 'SUCCESS':
    case 'REFUND':
      return paidOutcome(order, expected, now);
    case 'NOTPAY':
    case 'USERPAYING':
    case 'ACCEPT':
      return order.channelNo ? { kind: 'pending', channelNo: order.channelNo } : { kind: 'pending' };
    case 'CLOSED':
      return { kind: 'closed', reversed: false };
    case 'REVOKED':
      return { kind: 'closed', reversed: true };
    case 'PAYERROR':
      return { kind: 'failed', code: 'PAYERROR', message: order.tradeStateText };
    default:
      return { kind: 'unknown', cause: `unlisted trade_state ${order.tradeState}`, code: 'GARBAGE' };
  }
}

function paidOutcome(order: OrderFacts, expected: Expected, now: Date): Outcome {
  const { amount, channelNo, payer } = order;
  if (amount === undefined || !channelNo) return integrity('paid, yet without amount or transaction id');
  if ((order.currency ?? 'CNY') !== 'CNY') return integrity(`paid in ${order.currency}`);
  if (expected.payment && amount !== expected.payment.amount) {
    return integrity(`paid ${amount} fen, asked ${expected.payment.amount}`);
  }
  const paidAt = order.paidAt ?? now;
  return { kind: 'paid', amount, currency: 'CNY', channelNo, paidAt, ...(payer ? { payer } : {}) };
}

export interface RefundFacts {
  refundNo: string;
  attemptNo: string;
  status: string;
  channelRefundNo: string;
  amount: number;
  total: number | undefined;
  currency: string | undefined;
  refundedAt: Date | undefined;
}

export interface ExpectedRefund {
  refundNo: string;
  attemptNo: string;
  amount: number;
  total: number;
}

/** `expected` is absent when a notification is read. */
export function refundOutcome(refund: RefundFacts, expected: ExpectedRefund | undefined, now: Date): Outcome {
  if (expected) {
    if (refund.refundNo !== expected.refundNo) return integrity(`answer is for refund ${refund.refundNo}`);
    if (refund.attemptNo !== expected.attemptNo) return integrity(`answer is for order ${refund.attemptNo}`);
    if (refund.amount !== expected.amount) {
      return integrity(`refund of ${refund.amount} fen, asked ${expected.amount}`);
    }
    if (refund.total !== undefined && refund.total !== expected.total) {
      return integrity(`order of ${refund.total} fen, asked ${expected.total}`);
    }
  }
  if ((refund.currency ?? 'CNY') !== 'CNY') return integrity(`refunded in ${refund.currency}`);
  switch (refund.status) {
    case 'SUCCESS':
      return {
        kind: 'refunded',
        amount: refund.amount,
        currency: 'CNY',
        channelNo: refund.channelRefundNo,
        refundedAt: refund.refundedAt ?? now,
      };
    case 'PROCESSING':
      return { kind: 'pending', channelNo: refund.channelRefundNo };
    case 'CLOSED':
    case 'REFUNDCLOSE':
      return { kind: 'failed', code: refund.status, message: '退款关闭' };
    case 'ABNORMAL':
    case 'CHANGE':
      return { kind: 'failed', code: refund.status, message: '退款异常' };
    default:
      return { kind: 'unknown', cause: `unlisted refund status ${refund.status}`, code: 'GARBAGE' };
  }
}
