export { listenForSessions as listenForAppleSessions } from './applepay/sessions';
export { makeToken as makeAppleToken } from './applepay/token';
export type { Sandbox, SandboxOptions } from './contract';
export {
  type ChannelConfigChoices,
  type CredentialChoices,
  channelConfigs,
  demoCredentials,
  generateCredentials,
  type SandboxCredentials,
} from './credentials';
export type { Fault, FaultInput, FaultKind, Faults, Operation } from './faults';
export { type ChannelConfigs, type GatewayName, gatewayNames } from './gateways';
export type { HisBooking, HisPlatform, HisRefundRecord, SandboxHis } from './his/his';
export type { Ledger, LedgerFilter, Payment, Refund, Scene, SeedPayment } from './ledger';
export { sandbox } from './mounted';
export type { Notifier, SentNotification } from './notifier';
export { type MicropayOutcome, micropayOutcomes, type Outcomes } from './outcomes';
export type { Patient } from './patient/patient';
export { createSandbox } from './sandbox';
