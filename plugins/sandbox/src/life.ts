import type { Payment, Refund } from './ledger';
import type { World } from './world';

/** What happens to money whichever gateway holds it. Nothing here speaks a protocol. */
export interface Life {
  /** The payer pays: commits, then notifies. Resolves to the delivered first attempt. */
  pay(payment: Payment): Promise<void>;
  refuse(payment: Payment): void;
  expire(payment: Payment): void;
  /** The state after time has passed: expiries, settled refunds. */
  refresh(payment: Payment): Payment;
  settle(refund: Refund): Refund;
  /** Counts one query of a payment that waits for the password. */
  queried(payment: Payment): Payment;
  startSettling(refund: Refund): void;
}

/** Tells the merchant in the words of the payment's gateway. */
export interface Tell {
  payment(payment: Payment): Promise<void>;
  refund(refund: Refund): Promise<void>;
}

export function createLife(world: World, tell: Tell): Life {
  const life: Life = {
    async pay(payment) {
      life.refresh(payment);
      if (payment.state !== 'waiting' && payment.state !== 'paying') return;
      payment.state = 'paid';
      payment.scanned = true;
      payment.queriesUntilPaid = null;
      payment.paidAt = world.clock.now();
      world.ledger.savePayment(payment);
      await tell.payment(payment);
    },
    refuse(payment) {
      if (payment.state !== 'waiting' && payment.state !== 'paying') return;
      // A refused QR can be scanned again; a refused payment code is over.
      if (payment.scene === 'micropay') {
        payment.state = 'failed';
        payment.endedAt = world.clock.now();
      }
      payment.scanned = true;
      world.ledger.savePayment(payment);
    },
    expire(payment) {
      payment.state = 'closed';
      payment.endedAt = payment.expiresAt;
      world.ledger.savePayment(payment);
    },
    refresh(payment) {
      const open = payment.state === 'waiting' || payment.state === 'paying';
      if (open && payment.expiresAt !== null && world.clock.now() >= payment.expiresAt) life.expire(payment);
      return payment;
    },
    settle(refund) {
      if (refund.state !== 'processing' || world.clock.now() < refund.settlesAt) return refund;
      refund.state = refund.settlesAs;
      if (refund.state === 'succeeded') refund.succeededAt = refund.settlesAt;
      else giveBack(world, refund);
      world.ledger.saveRefund(refund);
      void tell.refund(refund);
      return refund;
    },
    queried(payment) {
      life.refresh(payment);
      if (payment.state !== 'paying' || payment.queriesUntilPaid === null) return payment;
      if (payment.queriesUntilPaid > 0) {
        payment.queriesUntilPaid -= 1;
        world.ledger.savePayment(payment);
        return payment;
      }
      void life.pay(payment);
      return payment;
    },
    startSettling(refund) {
      const timer = setTimeout(
        () => life.settle(refund),
        Math.max(1, refund.settlesAt - world.clock.now() + 1),
      );
      timer.unref();
    },
  };
  return life;
}

/** A refund that failed leaves the money with the merchant and may be tried again. */
function giveBack(world: World, refund: Refund): void {
  if (refund.state !== 'closed') return;
  const payment = world.ledger.payment(refund.gateway, refund.merchant, refund.outTradeNo);
  if (payment === null) return;
  payment.refundedFen -= refund.amountFen;
  world.ledger.savePayment(payment);
}
