import { z } from 'zod';
import { saleNumber } from '../cashier/sale';
import { failureOf } from '../http/client';
import type { Failure } from '../http/failure';

const refundBody = z.object({ amountFen: z.number(), reason: z.string(), merchantRefundNo: z.string() });
type RefundBody = z.infer<typeof refundBody>;

const keyOf = (orderNo: string) => `hospital-pay.refund.${orderNo}`;

/** What was asked to be refunded of the order and got no answer: the money may have gone back. */
export function unansweredRefund(orderNo: string): RefundBody | undefined {
  try {
    return refundBody.safeParse(JSON.parse(sessionStorage.getItem(keyOf(orderNo)) ?? 'null')).data;
  } catch {
    return undefined;
  }
}

/** Sends what is unanswered again, under its number, or else this; it is kept until something definite is said of it. */
export async function sendRefund<Answer>(
  orderNo: string,
  asked: Pick<RefundBody, 'amountFen' | 'reason'>,
  send: (body: RefundBody) => Promise<Answer>,
): Promise<Answer> {
  const former = unansweredRefund(orderNo);
  const body = former ?? { ...asked, merchantRefundNo: saleNumber('R') };
  sessionStorage.setItem(keyOf(orderNo), JSON.stringify(body));
  try {
    const answer = await send(body);
    sessionStorage.removeItem(keyOf(orderNo));
    return answer;
  } catch (error) {
    if (isRefused(failureOf(error), former !== undefined)) sessionStorage.removeItem(keyOf(orderNo));
    throw error;
  }
}

/** Whether the platform has said that there is no such refund. A busy order may have booked it already. */
function isRefused({ statusCode, code }: Failure, isRepeat: boolean): boolean {
  if (statusCode < 400 || statusCode >= 500 || statusCode === 408 || code === 'ORDER_BUSY') return false;
  // Turned away at the door: says nothing of the request that went before.
  return !(isRepeat && [401, 403, 429].includes(statusCode));
}
