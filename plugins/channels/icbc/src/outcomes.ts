import {
  type Outcome,
  type PaymentReference,
  type RefundRequest,
  readChinaCompact,
  type Scene,
} from '@hospital-pay/payments/contract';
import type { Reply, ReplyBody } from './client';

/**
 * ICBC's answers as outcomes, one function a verb. Pure: a reply and what was asked go in, an outcome comes out.
 * The bank has two families of calls, and `pay_status` means the opposite in each: 0 and 1 must never meet.
 */
export type Family = 'qr' | 'aggregate';

export const familyOf = (scene: Scene): Family =>
  scene === 'micropay' || scene === 'native' ? 'qr' : 'aggregate';

type Status = 'paid' | 'waiting' | 'failed' | 'reversed' | 'reversing';

const statuses: Record<Family, Record<string, Status>> = {
  qr: {
    '-1': 'failed',
    '0': 'waiting',
    '1': 'paid',
    '2': 'failed',
    '3': 'reversed',
    '4': 'reversing',
    // Refunded in full, in part, or just now: it had been paid.
    '5': 'paid',
    '6': 'paid',
    '7': 'paid',
  },
  aggregate: { '0': 'paid', '1': 'failed', '2': 'waiting' },
};

/** Bad parameter, bad signature: ICBC did nothing. Whatever else it refuses, the query decides. */
const refusals = new Set(['400011', '400017']);

const unknown = (cause: string, code?: string): Outcome & { kind: 'unknown' } => ({
  kind: 'unknown',
  cause,
  ...(code === undefined ? {} : { code }),
});

const integrity = (cause: string): Outcome => unknown(cause, 'INTEGRITY');
const message = (body: ReplyBody): string => body.return_msg ?? body.return_code;

function refused(body: ReplyBody): Outcome {
  return refusals.has(body.return_code)
    ? { kind: 'failed', code: body.return_code, message: message(body) }
    : unknown(message(body), body.return_code);
}

/** An answer about another order or amount is an alarm and never a success. */
export function mismatch(body: ReplyBody, asked: { attemptNo: string; amount: number }): Outcome | undefined {
  if (body.out_trade_no !== undefined && body.out_trade_no !== asked.attemptNo) {
    return integrity(`order mismatch: asked about ${asked.attemptNo}, answered about ${body.out_trade_no}`);
  }
  return body.total_amt === undefined || body.total_amt === String(asked.amount)
    ? undefined
    : integrity(`amount mismatch: asked for ${asked.amount}, answered ${body.total_amt}`);
}

const pending = (body: ReplyBody): Outcome => ({
  kind: 'pending',
  ...(body.order_id ? { channelNo: body.order_id } : {}),
});

function statusOutcome(
  family: Family,
  body: ReplyBody,
  asked: { attemptNo: string; amount: number },
  now: Date,
): Outcome {
  const wrong = mismatch(body, asked);
  if (wrong) return wrong;
  const status = statuses[family][body.pay_status ?? ''];
  switch (status) {
    case 'paid':
      if (!body.order_id || body.total_amt === undefined) {
        return unknown('a paid answer without amount or order number', 'MALFORMED');
      }
      return {
        kind: 'paid',
        amount: asked.amount,
        currency: 'CNY',
        channelNo: body.order_id,
        paidAt: readChinaCompact(body.pay_time) ?? now,
      };
    case 'waiting':
    case 'reversing':
      return pending(body);
    case 'failed':
      return { kind: 'failed', code: `PAY_STATUS_${body.pay_status}`, message: message(body) };
    case 'reversed':
      return { kind: 'closed', reversed: true };
    case undefined:
      return unknown(`pay_status ${body.pay_status ?? 'missing'}`, 'MALFORMED');
    default:
      return status satisfies never;
  }
}

/** `/api/qrcode/V2/pay`. */
export function micropayOutcome(
  reply: Reply,
  asked: { attemptNo: string; amount: number },
  now: Date,
): Outcome {
  if (reply.kind === 'none') return unknown(reply.cause, reply.code);
  return reply.body.return_code === '0' ? statusOutcome('qr', reply.body, asked, now) : refused(reply.body);
}

/** `/api/qrcode/V2/generate`: the QR text the patient scans. */
export function generateOutcome(reply: Reply): Outcome {
  if (reply.kind === 'none') return unknown(reply.cause, reply.code);
  const { body } = reply;
  if (body.return_code !== '0') return refused(body);
  return body.qrcode
    ? { kind: 'pending', payerAction: { kind: 'qr', text: body.qrcode } }
    : unknown('no QR text in the answer', 'MALFORMED');
}

/** `…/online/consumepurchase/V1`: what the wallet's own client takes. */
export function purchaseOutcome(reply: Reply, asked: { attemptNo: string; amount: number }): Outcome {
  if (reply.kind === 'none') return unknown(reply.cause, reply.code);
  const { body } = reply;
  if (body.return_code !== '0') return refused(body);
  const wrong = mismatch(body, asked);
  if (wrong) return wrong;
  const data = body.wx_data_package ?? body.zfb_data_package ?? body.union_data_package;
  return data
    ? {
        ...pending(body),
        kind: 'pending',
        payerAction: { kind: 'client', parameters: clientParameters(data) },
      }
    : unknown('no wallet data in the answer', 'MALFORMED');
}

function clientParameters(data: string): Record<string, string> {
  try {
    const parsed: unknown = JSON.parse(data);
    if (typeof parsed === 'object' && parsed !== null) {
      return Object.fromEntries(Object.entries(parsed).map(([name, value]) => [name, String(value)]));
    }
  } catch {
    // A bare order text: UnionPay's, or Alipay's trade number.
  }
  return { data };
}

/** How long after its time a QR's payment may still be on its way. */
const expiryGraceMs = 5 * 60_000;

/** Both families' queries. */
export function queryOutcome(reply: Reply, asked: PaymentReference, now: Date): Outcome {
  if (reply.kind === 'none') return unknown(reply.cause, reply.code);
  if (reply.body.return_code !== '0') return unknown(message(reply.body), reply.body.return_code);
  const family = familyOf(asked.scene);
  const outcome = statusOutcome(family, reply.body, asked, now);
  const isOver = asked.expiresAt !== undefined && now.getTime() > asked.expiresAt.getTime() + expiryGraceMs;
  // ICBC was given the QR's time (pay_expire) and says that it is not paid: it cannot be paid any more.
  return outcome.kind === 'pending' && asked.scene === 'native' && reply.body.pay_status === '0' && isOver
    ? { kind: 'closed', reversed: false }
    : outcome;
}

/** `/api/qrcode/V2/reverse`: `undefined` when it was accepted. */
export function reverseRefusal(reply: Reply): Outcome | undefined {
  if (reply.kind === 'none') return unknown(reply.cause, reply.code);
  const { body } = reply;
  return body.return_code === '0' ? undefined : unknown(message(body), body.return_code);
}

/** `…/online/orderqry/V1` with `deal_flag` 1. */
export function closeOutcome(reply: Reply): Outcome {
  if (reply.kind === 'none') return unknown(reply.cause, reply.code);
  const { body } = reply;
  if (body.return_code !== '0') return unknown(message(body), body.return_code);
  return statuses.aggregate[body.pay_status ?? ''] === 'paid'
    ? unknown('asked to close, answered paid', 'ORDER_PAID')
    : { kind: 'closed', reversed: false };
}

const refunded = (body: ReplyBody, asked: RefundRequest, now: Date): Outcome => ({
  kind: 'refunded',
  amount: asked.amount,
  currency: 'CNY',
  channelNo: body.intrx_serial_no ?? body.order_id ?? asked.payment.channelNo ?? asked.payment.attemptNo,
  refundedAt: now,
});

function refundMismatch(body: ReplyBody, asked: RefundRequest): Outcome | undefined {
  const number = body.reject_no ?? body.outtrx_serial_no;
  if (number !== undefined && number !== asked.refundNo) {
    return integrity(`refund mismatch: asked about ${asked.refundNo}, answered about ${number}`);
  }
  return body.reject_amt === undefined || body.reject_amt === String(asked.amount)
    ? undefined
    : integrity(`amount mismatch: refund of ${asked.amount}, answered ${body.reject_amt}`);
}

/** `/api/qrcode/V2/reject`, `…/online/merrefund/V1`. */
export function refundOutcome(reply: Reply, asked: RefundRequest, now: Date): Outcome {
  if (reply.kind === 'none') return unknown(reply.cause, reply.code);
  const { body } = reply;
  if (body.return_code !== '0') return refused(body);
  const wrong = refundMismatch(body, asked);
  if (wrong) return wrong;
  // The QR family states what it gave back; the aggregate family only accepts.
  return familyOf(asked.payment.scene) === 'qr' && body.reject_amt !== undefined
    ? refunded(body, asked, now)
    : pending(body);
}

/** `/api/qrcode/reject/query/V3`, `…/online/refundqry/V1`. */
export function refundQueryOutcome(reply: Reply, asked: RefundRequest, now: Date): Outcome {
  if (reply.kind === 'none') return unknown(reply.cause, reply.code);
  const { body } = reply;
  // No code is documented for "no such refund", so nothing is ever sent again on the strength of one.
  if (body.return_code !== '0') return unknown(message(body), body.return_code);
  const wrong = refundMismatch(body, asked);
  if (wrong) return wrong;
  if (familyOf(asked.payment.scene) === 'qr') {
    return body.reject_amt === undefined ? pending(body) : refunded(body, asked, now);
  }
  switch (statuses.aggregate[body.pay_status ?? '']) {
    case 'paid':
      return refunded(body, asked, now);
    case 'failed':
      return { kind: 'failed', code: `PAY_STATUS_${body.pay_status}`, message: message(body) };
    default:
      return pending(body);
  }
}
