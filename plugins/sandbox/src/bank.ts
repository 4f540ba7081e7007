import type { GatewayWorld } from './gateway';
import type { Payment, Refund } from './ledger';
import type { MicropayOutcome } from './outcomes';

/** What the banks' aggregates decide alike, whatever their protocols are. */

/**
 * A till scans a patient's code. The fate of the code is played out on the ledger: after it `payment` is paid, paying,
 * failed, or (invalid code, lost on the way) not in the ledger at all.
 */
export function scanCode<Credentials>(
  world: GatewayWorld<Credentials>,
  payment: Payment,
  code: string,
): MicropayOutcome {
  const fate = world.outcomes.of(payment.gateway, code, payment.amountFen);
  if (fate === 'auth_code_invalid') return fate;
  world.ledger.saveUsedCode(code);
  payment.authCode = code;
  switch (fate) {
    case 'pays':
    case 'system_error_paid':
      world.ledger.savePayment(payment);
      void world.life.pay(payment);
      return fate;
    case 'paying_then_pays':
    case 'paying_for_ever':
      payment.state = 'paying';
      payment.queriesUntilPaid = fate === 'paying_then_pays' ? world.outcomes.queriesUntilPaid : null;
      world.ledger.savePayment(payment);
      return fate;
    case 'insufficient_funds':
      payment.state = 'failed';
      payment.endedAt = world.clock.now();
      world.ledger.savePayment(payment);
      return fate;
    case 'system_error_unpaid':
      return fate;
    default:
      return fate satisfies never;
  }
}

/** An order that waits for its payer: in the ledger, told early or paid by itself when a test wants that. */
export async function openOrder<Credentials>(
  world: GatewayWorld<Credentials>,
  payment: Payment,
): Promise<void> {
  world.ledger.savePayment(payment);
  const early = world.faults.take(['notify_before_reply'], {
    channel: payment.gateway,
    operation: 'create',
    orderNo: payment.outTradeNo,
  });
  if (early !== null) await world.life.pay(payment);
  else if (world.settings.autoPay) setTimeout(() => void world.life.pay(payment), 50).unref();
}

/** Books a refund that begins to settle, or says why not. The same number again gives the same refund. */
export function giveRefund<Credentials>(
  world: GatewayWorld<Credentials>,
  payment: Payment,
  request: { refundNo: string; amountFen: number; note: string | null; notifyUrl: string | null },
): Refund | 'not_paid' | 'too_much' | 'conflict' {
  const known = world.ledger.refund(payment.gateway, payment.merchant, payment.outTradeNo, request.refundNo);
  if (known !== null) {
    return known.outTradeNo === payment.outTradeNo && known.amountFen === request.amountFen
      ? known
      : 'conflict';
  }
  if (payment.state !== 'paid') return 'not_paid';
  if (payment.refundedFen + request.amountFen > payment.amountFen) return 'too_much';
  const refund = world.ledger.newRefund(payment, {
    refundNo: request.refundNo,
    amountFen: request.amountFen,
    reason: request.note,
    notifyUrl: request.notifyUrl,
    kind: 'refund',
  });
  const fails = world.faults.take(['refund_then_fails'], {
    channel: payment.gateway,
    operation: 'refund',
    orderNo: payment.outTradeNo,
  });
  refund.settlesAs = fails === null ? 'succeeded' : 'closed';
  refund.settlesAt = world.clock.now() + world.refundSettleMs;
  payment.refundedFen += request.amountFen;
  world.ledger.saveRefund(refund);
  world.ledger.savePayment(payment);
  world.life.startSettling(refund);
  return refund;
}
