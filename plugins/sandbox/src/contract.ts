import type Koa from 'koa';
import type { SandboxClock } from './clock';
import type { SandboxCredentials } from './credentials';
import type { Faults } from './faults';
import type { RunningGateways } from './gateways';
import type { HisPlatform, SandboxHis } from './his/his';
import type { Ledger } from './ledger';
import type { Notifier } from './notifier';
import type { Outcomes } from './outcomes';
import type { Patient } from './patient/patient';
import type { SandboxSettings } from './world';

export interface SandboxOptions {
  /** One hospital's credentials, or several when it has several merchants. */
  credentials: SandboxCredentials | readonly SandboxCredentials[];
  /** Where clients reach the sandbox, prefix included; a function when the port is not known yet. */
  baseUrl?: string | (() => string);
  /** The path below which the sandbox answers. */
  prefix?: string;
  clock?: { now(): number };
  fetch?: typeof globalThis.fetch;
  /** Multiplies the documented waits between notification attempts; 0.001 turns hours into seconds. */
  notifyRetryScale?: number;
  /** Orders of every scene but micropay are paid by themselves. */
  autoPay?: boolean;
  /** Keeps the ledger in a journal in this folder; absent = memory only. */
  dataDir?: string;
  refundSettleMs?: number;
  /** Hour of the next day, China time, from which a bill exists. Documented: Alipay 9, WeChat 10. */
  billReadyHour?: number;
  billsForToday?: boolean;
  /** Where the sandbox HIS pushes what it booked. */
  platform?: HisPlatform;
  hisPushDelayMs?: number;
}

export interface Sandbox {
  readonly credentials: readonly SandboxCredentials[];
  readonly clock: SandboxClock;
  readonly ledger: Ledger;
  readonly faults: Faults;
  readonly outcomes: Outcomes;
  readonly patient: Patient;
  readonly notifications: Notifier;
  /** What one gateway can do beyond what all can. */
  readonly gateways: RunningGateways;
  readonly his: SandboxHis;
  readonly settings: SandboxSettings;
  baseUrl(): string;
  addMerchant(credentials: SandboxCredentials): void;
  /** Koa middleware; passes on what is not below the prefix. Must run before anything reads the body. */
  callback(): Koa.Middleware;
  listen(port?: number): Promise<{ port: number; baseUrl: string; close(): Promise<void> }>;
  destroy(): void;
}
