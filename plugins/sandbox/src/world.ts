import type { SandboxClock } from './clock';
import type { Faults } from './faults';
import type { Ledger } from './ledger';
import type { Notifier } from './notifier';
import type { Outcomes } from './outcomes';

export interface SandboxSettings {
  /** Orders of every scene but micropay are paid by themselves. */
  autoPay: boolean;
  /** The hour of the next day, in the gateway's zone, from which bills exist. */
  billReadyHour: number;
  /** Lets a test ask for the bill of a day that has not ended. */
  billsForToday: boolean;
}

/** What every gateway of one sandbox shares. */
export interface World {
  clock: SandboxClock;
  ledger: Ledger;
  faults: Faults;
  outcomes: Outcomes;
  notifier: Notifier;
  settings: SandboxSettings;
  /** For calls that are no notification. */
  fetch: typeof globalThis.fetch;
  /** Where the sandbox is reached from outside, e.g. `http://127.0.0.1:1337/sandbox`. */
  baseUrl(): string;
  /** How long a refund stays in processing, at gateways where it does. */
  refundSettleMs: number;
}
