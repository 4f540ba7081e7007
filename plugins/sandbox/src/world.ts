import type { SandboxClock } from './clock';
import type { AlipayCredentials, WechatCredentials } from './credentials';
import type { Faults } from './faults';
import type { Ledger } from './ledger';
import type { Notifier } from './notifier';
import type { Outcomes } from './outcomes';

/** What every gateway of one sandbox shares. */
export interface World {
  clock: SandboxClock;
  ledger: Ledger;
  faults: Faults;
  outcomes: Outcomes;
  notifier: Notifier;
  /** Where the sandbox is reached from outside, e.g. `http://127.0.0.1:1337/sandbox`. */
  baseUrl(): string;
  alipay: AlipayCredentials[];
  wechat: WechatCredentials[];
  autoPay: boolean;
  /** How long a WeChat refund stays in processing. */
  refundSettleMs: number;
}
