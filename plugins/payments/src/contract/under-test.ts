import type { ChannelConfig, PayerAction, PayRequest, Scene, SettledClaim } from './channel';

/**
 * What the contract kit (test/channels/kit) must be told of a channel in order to try it. A channel exports it as
 * `underTest` from `src/testing/under-test.ts`; a channel with a gateway of its own code in our sandbox and nothing
 * unusual about it needs no such file.
 */
export interface ChannelUnderTest {
  /** A simulator of the channel's own. Absent: the sandbox's gateway of the same code. */
  start?(options: { notifyUrl: string }): Promise<ChannelSimulator>;
  /** Before the first call, where our sandbox plays the gateway: pull a lever at `<baseUrl>/control/<code>/…`. */
  prepare?(around: { baseUrl: string; notifyUrl: string; config: ChannelConfig }): Promise<void>;
  /** What a payment in this scene needs beyond the usual (a wallet's token, a payer's id). */
  request?(scene: Scene): Partial<PayRequest>;
  /** The protocol does not sign answers: a wrong signature cannot be noticed. */
  answersUnsigned?: boolean;
  /** The protocol does not sign notifications: one may only make us ask, and say what the channel then confirmed. */
  notificationsUnsigned?: boolean;
  /** A notification carries no time: money is taken to have moved when it is first heard of. */
  notificationsTimeless?: boolean;
  /** The channel knows a refund by no number of ours. */
  refundsUnnumbered?: boolean;
  /** Scenes in which the answer to `pay` alone holds what the payer needs: when it is lost, nobody can pay any more. */
  lostUnpaid?: Scene[];
  /** The suite that proves a channel whose other end is no gateway; the kit does not try it. */
  provenBy?: string;
  /** When and by whom this channel was tried against the live gateway. Absent: unverified against live. */
  verifiedLive?: string;
}

/** What goes wrong with an answer, after the gateway did what was asked. */
export type AnswerFault = 'reply_lost' | 'reset' | 'http_5xx' | 'garbage' | 'bad_signature';

/** A gateway that can be played with. Amounts in the currency's minor unit. */
export interface ChannelSimulator {
  /** The configuration of an account on it. */
  config: ChannelConfig;
  /** A fresh code of the patient's wallet; `waits`: its owner never confirms. */
  paymentCode?(fate: 'pays' | 'waits'): string;
  /** What the patient's device makes for an amount, where `manifest.takesToken`; `waits`: the payment is not done at once. */
  token?(amount: number, fate: 'pays' | 'waits'): string;
  /**
   * A fee of which insurance bears `amount`, where `manifest.insurance`, as HIS says it: `waits`: the insurer does not
   * decide at once. `claim`: where the wallet takes HIS's word for the split (`with cash`); else it is quoted.
   */
  fee?(
    amount: number,
    fate: 'pays' | 'waits',
    patientName: string,
  ): Promise<{ totalFen: number; details: Record<string, unknown>; claim?: SettledClaim }>;
  /** The patient pays, from what the phone was shown. Resolves when the money has moved and was told. */
  pay(request: PayRequest, action: PayerAction | undefined): Promise<void>;
  /** The next answer to this operation goes wrong; gives back whether it has by now. */
  fault(operation: 'pay' | 'refund' | 'quote', scene: Scene, kind: AnswerFault): () => boolean;
  /** Everything in its books. */
  payments(): SimulatedPayment[];
  /** The day's bill as a person fetches it, where the channel has a reader for bills and no verb to ask for them. */
  billFile?(day: string): Buffer;
  /** Sends the last notification of a payment again. */
  repeatNotification(attemptNo: string): Promise<void>;
  stop(): Promise<void>;
}

export interface SimulatedPayment {
  attemptNo: string;
  amount: number;
  paid: boolean;
  /** Taken and given back whole by `reverse`; what the bill makes of that is the channel's own. */
  reversed?: boolean;
  refunds: { refundNo: string; amount: number }[];
}
