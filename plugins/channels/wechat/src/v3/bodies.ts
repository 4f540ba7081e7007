import { z } from 'zod';
import type { OrderFacts, RefundFacts } from '../outcomes';
import { readRfc3339 } from '../texts';

const fen = z.number().int().nonnegative().refine(Number.isSafeInteger);

const orderBody = z.object({
  appid: z.string().optional(),
  mchid: z.string(),
  out_trade_no: z.string(),
  transaction_id: z.string().optional(),
  trade_state: z.string(),
  trade_state_desc: z.string().optional(),
  success_time: z.string().optional(),
  payer: z.object({ openid: z.string().optional() }).optional(),
  amount: z.object({ total: fen.optional(), currency: z.string().optional() }).optional(),
});

export function readOrder(data: unknown): OrderFacts | undefined {
  const body = orderBody.safeParse(data);
  if (!body.success) return undefined;
  const order = body.data;
  return {
    mchid: order.mchid,
    appid: order.appid,
    attemptNo: order.out_trade_no,
    tradeState: order.trade_state,
    tradeStateText: order.trade_state_desc ?? order.trade_state,
    channelNo: order.transaction_id || undefined,
    amount: order.amount?.total,
    currency: order.amount?.currency,
    paidAt: readRfc3339(order.success_time),
    payer: order.payer?.openid,
  };
}

const refundAmount = z.object({ refund: fen, total: fen.optional(), currency: z.string().optional() });

const refundBody = z.object({
  refund_id: z.string(),
  out_refund_no: z.string(),
  out_trade_no: z.string(),
  status: z.string(),
  success_time: z.string().optional(),
  amount: refundAmount,
});

export function readRefund(data: unknown): RefundFacts | undefined {
  const body = refundBody.safeParse(data);
  if (!body.success) return undefined;
  return refundFacts(body.data, body.data.status);
}

/** A notification calls the same thing `refund_status`, and says whose it is. */
const refundNotice = refundBody
  .omit({ status: true })
  .extend({ mchid: z.string(), refund_status: z.string() });

export function readRefundNotice(data: unknown): (RefundFacts & { mchid: string }) | undefined {
  const body = refundNotice.safeParse(data);
  if (!body.success) return undefined;
  return { ...refundFacts(body.data, body.data.refund_status), mchid: body.data.mchid };
}

function refundFacts(refund: Omit<z.infer<typeof refundBody>, 'status'>, status: string): RefundFacts {
  return {
    refundNo: refund.out_refund_no,
    attemptNo: refund.out_trade_no,
    status,
    channelRefundNo: refund.refund_id,
    amount: refund.amount.refund,
    total: refund.amount.total,
    currency: refund.amount.currency,
    refundedAt: readRfc3339(refund.success_time),
  };
}
