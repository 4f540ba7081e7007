import type { Ledger } from './ledger';

/** What becomes of a payment code that a cashier scans. */
export type MicropayOutcome =
  | 'pays'
  | 'paying_then_pays'
  | 'paying_for_ever'
  | 'auth_code_invalid'
  | 'system_error_paid'
  | 'system_error_unpaid'
  | 'insufficient_funds';

export const micropayOutcomes = [
  'pays',
  'paying_then_pays',
  'paying_for_ever',
  'auth_code_invalid',
  'system_error_paid',
  'system_error_unpaid',
  'insufficient_funds',
] as const satisfies readonly MicropayOutcome[];

/** By the last two digits of the amount in fen. */
const BY_AMOUNT: ReadonlyMap<number, MicropayOutcome> = new Map([
  [1, 'pays'],
  [2, 'paying_then_pays'],
  [3, 'paying_for_ever'],
  [4, 'auth_code_invalid'],
  [5, 'system_error_paid'],
  [6, 'system_error_unpaid'],
  [7, 'insufficient_funds'],
]);

/** The payment codes of one wallet. */
export interface PaymentCodes {
  format: RegExp;
  issue(): string;
}

export interface Outcomes {
  /** The amount table of the deterministic patient; off = every code pays at once. */
  byAmount: boolean;
  /** How many queries answer "paying" before `paying_then_pays` pays. */
  queriesUntilPaid: number;
  /** A fresh payment code of this wallet, optionally with a fate of its own. */
  issueCode(gateway: string, outcome?: MicropayOutcome): string;
  /** Gives any code a fate, which then wins over the amount. */
  setForCode(code: string, outcome: MicropayOutcome): void;
  of(gateway: string, code: string, amountFen: number): MicropayOutcome;
}

export function createOutcomes(
  ledger: Ledger,
  codesOf: (gateway: string) => PaymentCodes | undefined,
): Outcomes {
  const byCode = new Map<string, MicropayOutcome>();
  const outcomes: Outcomes = {
    byAmount: true,
    queriesUntilPaid: 2,
    issueCode(gateway, outcome) {
      const code = codesOf(gateway)?.issue();
      if (code === undefined) throw new Error(`${gateway} has no payment codes`);
      if (outcome !== undefined) byCode.set(code, outcome);
      return code;
    },
    setForCode: (code, outcome) => {
      byCode.set(code, outcome);
    },
    of(gateway, code, amountFen) {
      if (codesOf(gateway)?.format.test(code) !== true || ledger.isCodeUsed(code)) return 'auth_code_invalid';
      const chosen = byCode.get(code);
      if (chosen !== undefined) return chosen;
      return (outcomes.byAmount ? BY_AMOUNT.get(amountFen % 100) : undefined) ?? 'pays';
    },
  };
  return outcomes;
}
