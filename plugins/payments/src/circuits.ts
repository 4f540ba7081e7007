import {
  CircuitState as Breaker,
  type CircuitBreakerPolicy,
  ConsecutiveBreaker,
  circuitBreaker,
  handleAll,
} from 'cockatiel';
import type { Outcome } from './contract';

/** `open`: the account has stopped answering, it is left alone; `trial`: the next payment shows whether it answers again. */
export const circuitStates = ['closed', 'open', 'trial'] as const;
export type CircuitState = (typeof circuitStates)[number];

export interface Circuits {
  stateOf(accountCode: string): CircuitState;
  /**
   * Makes a payment call, in any case, and remembers whether the account answered: `unknown` is no answer, everything
   * else is one.
   */
  watch(accountCode: string, call: () => Promise<Outcome>): Promise<Outcome>;
}

export interface CircuitsOptions {
  /** Hears of an account that stops answering, and that it answers again. */
  onChange(accountCode: string, state: 'open' | 'closed'): void;
  /** After so long one payment tries it again. */
  pauseMs?: number;
}

/** So many payments in a row without an answer open the circuit. */
export const silentPayments = 5;

class Silent extends Error {
  constructor(readonly outcome: Outcome) {
    super('the channel gave no usable answer');
  }
}

/** One circuit an account, in this process: every process learns for itself, and nothing is lost with it. */
export function createCircuits({ onChange, pauseMs = 30_000 }: CircuitsOptions): Circuits {
  const circuits = new Map<string, CircuitBreakerPolicy>();
  /** Since when an account is left alone. */
  const openedAt = new Map<string, number>();

  const circuitOf = (accountCode: string): CircuitBreakerPolicy => {
    const known = circuits.get(accountCode);
    if (known) return known;
    const made = circuitBreaker(handleAll, {
      halfOpenAfter: pauseMs,
      breaker: new ConsecutiveBreaker(silentPayments),
    });
    made.onBreak(() => {
      const isNews = !openedAt.has(accountCode);
      openedAt.set(accountCode, Date.now());
      if (isNews) onChange(accountCode, 'open');
    });
    made.onReset(() => {
      openedAt.delete(accountCode);
      onChange(accountCode, 'closed');
    });
    circuits.set(accountCode, made);
    return made;
  };

  return {
    stateOf(accountCode) {
      const opened = openedAt.get(accountCode);
      if (opened === undefined) return 'closed';
      // While one payment tries it, the others keep away.
      const isTried = circuits.get(accountCode)?.state === Breaker.HalfOpen;
      return !isTried && Date.now() - opened >= pauseMs ? 'trial' : 'open';
    },
    async watch(accountCode, call) {
      // Nowhere else to go: asked all the same, without waiting for the one that tries.
      if (this.stateOf(accountCode) === 'open') return call();
      try {
        return await circuitOf(accountCode).execute(async () => {
          const outcome = await call();
          if (outcome.kind === 'unknown') throw new Silent(outcome);
          return outcome;
        });
      } catch (error) {
        if (error instanceof Silent) return error.outcome;
        throw error;
      }
    },
  };
}
