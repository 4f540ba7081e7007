import type { Moves } from '@hospital-pay/payments';

export const caseStatuses = [
  'open',
  'pending_approval',
  'refunding',
  'in_transit',
  'resolved',
  'void',
] as const;
export type CaseStatus = (typeof caseStatuses)[number];

/**
 * People move a case to and fro; the machine voids what has healed and opens it again when it comes back. `refunding`
 * is left by the channel's answer alone.
 */
export const caseMoves: Moves<CaseStatus> = {
  open: ['pending_approval', 'refunding', 'in_transit', 'resolved', 'void'],
  pending_approval: ['open', 'refunding', 'in_transit', 'resolved'],
  refunding: ['resolved', 'open'],
  in_transit: ['open', 'pending_approval', 'refunding', 'resolved', 'void'],
  resolved: ['open'],
  void: ['open'],
};

/** 未处理: the difference still needs somebody. */
export const unhandled: readonly CaseStatus[] = ['open', 'pending_approval', 'refunding', 'in_transit'];
export const isUnhandled = (status: CaseStatus): boolean => unhandled.includes(status);

/** What a person may propose to do about a case; the first five settle it for good. */
export const settlements = ['online_refund', 'cash', 'other', 'his_supplement', 'write_off'] as const;
export const proposals = [...settlements, 'match', 'in_transit', 'carry'] as const;
export type Proposal = (typeof proposals)[number];

export const resolutions = [...settlements, 'matched', 'healed'] as const;

/** What the history of a case is made of: what people did, what they proposed, and what the machine saw. */
export const stepActions = [
  'assign',
  'comment',
  'attach',
  'propose',
  'approve',
  'reject',
  'withdraw',
  'undo',
  ...proposals,
  'refunded',
  'refund_failed',
  'overdue',
  'healed',
  'reopened',
  'facts_changed',
] as const;
export type StepAction = (typeof stepActions)[number];
