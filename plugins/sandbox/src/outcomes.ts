import { randomInt } from 'node:crypto';
import type { GatewayName, Ledger } from './ledger';

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

const CODE_FORMAT: Record<GatewayName, RegExp> = {
  alipay: /^(?:(?:2[5-9]|30)\d{14,22}|fp[0-9A-Za-z]{33})$/,
  wechat: /^1[0-5]\d{16}$/,
};

export interface Outcomes {
  /** The amount table of the deterministic patient; off = every code pays at once. */
  byAmount: boolean;
  /** How many queries answer "paying" before `paying_then_pays` pays. */
  queriesUntilPaid: number;
  /** A fresh payment code of this wallet, optionally with a fate of its own. */
  issueCode(gateway: GatewayName, outcome?: MicropayOutcome): string;
  /** Gives any code a fate, which then wins over the amount. */
  setForCode(code: string, outcome: MicropayOutcome): void;
  of(gateway: GatewayName, code: string, amountFen: number): MicropayOutcome;
}

export function createOutcomes(ledger: Ledger): Outcomes {
  const byCode = new Map<string, MicropayOutcome>();
  const outcomes: Outcomes = {
    byAmount: true,
    queriesUntilPaid: 2,
    issueCode(gateway, outcome) {
      const prefix = gateway === 'alipay' ? '28' : `1${randomInt(0, 5)}`;
      let code = prefix;
      while (code.length < 18) code += randomInt(0, 10);
      if (outcome !== undefined) byCode.set(code, outcome);
      return code;
    },
    setForCode: (code, outcome) => {
      byCode.set(code, outcome);
    },
    of(gateway, code, amountFen) {
      if (!CODE_FORMAT[gateway].test(code) || ledger.isCodeUsed(code)) return 'auth_code_invalid';
      const chosen = byCode.get(code);
      if (chosen !== undefined) return chosen;
      return (outcomes.byAmount ? BY_AMOUNT.get(amountFen % 100) : undefined) ?? 'pays';
    },
  };
  return outcomes;
}
