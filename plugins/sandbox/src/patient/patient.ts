import type { Payment } from '../ledger';
import type { Life } from '../life';
import type { MicropayOutcome } from '../outcomes';
import type { World } from '../world';

export interface Patient {
  /** By the merchant's order number, or by what the patient sees: QR text, prepay id, link, app order string. */
  find(gateway: string | null, reference: string): Payment | null;
  /** Opens the wallet on the order: from here on Alipay knows the trade. */
  scan(gateway: string | null, reference: string): Payment | null;
  /** Enters the password. Resolves when the first notification has been answered. */
  pay(gateway: string | null, reference: string): Promise<Payment>;
  refuse(gateway: string | null, reference: string): Payment;
  waiting(): Payment[];
  issueCode(gateway: string, outcome?: MicropayOutcome): string;
}

export function createPatient(world: World, life: Life, held: (text: string) => Payment | null): Patient {
  function find(gateway: string | null, reference: string): Payment | null {
    const text = reference.trim();
    const payment =
      held(text) ??
      world.ledger.paymentOfPatient(gateway, text) ??
      world.ledger.paymentOfPatient(gateway, inLink(text));
    return payment === null ? null : life.refresh(payment);
  }

  function need(gateway: string | null, reference: string): Payment {
    const payment = find(gateway, reference);
    if (payment === null) throw new Error(`no order for ${reference}`);
    return payment;
  }

  return {
    find,
    scan(gateway, reference) {
      const payment = find(gateway, reference);
      if (payment === null || payment.scanned) return payment;
      payment.scanned = true;
      return world.ledger.savePayment(payment);
    },
    async pay(gateway, reference) {
      const payment = need(gateway, reference);
      await life.pay(payment);
      return payment;
    },
    refuse(gateway, reference) {
      const payment = need(gateway, reference);
      life.refuse(payment);
      return payment;
    },
    waiting: () =>
      world.ledger
        .payments()
        .map((payment) => life.refresh(payment))
        .filter((payment) => payment.state === 'waiting' || payment.state === 'paying')
        .sort((a, b) => b.createdAt - a.createdAt),
    issueCode: (gateway, outcome) => world.outcomes.issueCode(gateway, outcome),
  };
}

/** A link holds the token in `qr=`. */
function inLink(text: string): string {
  const match = /[?&]qr=([^&]+)/.exec(text);
  return match === null ? text : decodeURIComponent(match[1] ?? '');
}
