import { shiftDay } from '@hospital-pay/payments';
import { fail } from '../errors';
import { effectOf, fittingProposals, type HandledCase, isShort, sideOf } from './case';
import { type CaseStatus, caseMoves, isUnhandled, type Proposal, type StepAction } from './states';

/** What a person does with a case. */
export type Act =
  | { do: 'assign'; assignee: string | null; note?: string | undefined }
  | { do: 'comment'; note: string }
  | { do: 'attach'; note: string }
  /** `day`: until when it is in transit, or to which day it is carried. */
  | { do: 'propose'; action: Exclude<Proposal, 'match'>; note: string; day?: string | undefined }
  | { do: 'withdraw'; note?: string | undefined }
  | { do: 'undo'; note: string }
  /** `seen`: when the proposal was made that the checker has before him. */
  | { do: 'approve'; note?: string | undefined; seen?: string | undefined }
  | { do: 'reject'; note: string };

export interface Person {
  username: string;
  mayHandle: boolean;
  mayApprove: boolean;
  mayRefund: boolean;
}

/** What stands outside the case and decides with it. */
export interface Facts {
  now: Date;
  /** The merchant's business day. */
  today: string;
  /** Fen; more needs two people. `null`: one suffices. */
  thresholdOf(action: Proposal): number | null;
  suspenseDays: number;
  /** What the order now holds more than HIS has booked, in fen; `null` where no order is known. */
  owedFen: number | null;
}

/** The part of a case that handling writes. */
export type Settings = Pick<
  HandledCase,
  | 'assignee'
  | 'proposedAction'
  | 'proposedFen'
  | 'proposedNote'
  | 'proposedDay'
  | 'proposedBy'
  | 'proposedAt'
  | 'approvedBy'
  | 'resolution'
  | 'resolutionFen'
  | 'resolutionNote'
  | 'resolvedBy'
  | 'resolvedAt'
  | 'groupNo'
  | 'carriedTo'
  | 'dueOn'
  | 'touchedAt'
>;

export interface Change {
  to: CaseStatus;
  set: Partial<Settings>;
  step: { action: StepAction; amountFen: number | null; day: string | null; note: string };
}

const furthestDays = 31;
const mostMatched = 50;

const nothingProposed = {
  proposedAction: null,
  proposedFen: null,
  proposedNote: null,
  proposedDay: null,
  proposedBy: null,
  proposedAt: null,
} satisfies Partial<Settings>;

const nothingResolved = {
  approvedBy: null,
  resolution: null,
  resolutionFen: 0,
  resolutionNote: null,
  resolvedBy: null,
  resolvedAt: null,
  groupNo: null,
  dueOn: null,
} satisfies Partial<Settings>;

/** The last day on which a late bill may still settle what the bill lacks; `null` when none is waited for. */
export function lockedUntil(entry: HandledCase, suspenseDays: number): string | null {
  return isShort(entry) && suspenseDays > 0 ? shiftDay(entry.date, suspenseDays + 1) : null;
}

/**
 * What one act makes of a case. Pure: the same case, act, person and facts, the same change.
 * @throws CASE_… as documented in errors.ts
 */
export function decide(entry: HandledCase, act: Act, by: Person, facts: Facts): Change {
  switch (act.do) {
    case 'assign':
      allow(by.mayHandle);
      if (!isUnhandled(entry.status)) throw fail('CASE_CLOSED', { caseNo: entry.caseNo });
      return stay(entry, facts, { assignee: act.assignee }, 'assign', act.note ?? '');
    case 'comment':
    case 'attach':
      allow(by.mayHandle);
      return stay(entry, facts, {}, act.do, act.note);
    case 'propose':
      return propose(entry, act, by, facts);
    case 'withdraw':
      allow(by.mayHandle);
      pending(entry);
      if (entry.proposedBy !== by.username) throw fail('CASE_NOT_YOURS', { proposedBy: entry.proposedBy });
      return back(entry, facts, 'withdraw', act.note ?? '');
    case 'reject':
      checker(entry, by);
      return back(entry, facts, 'reject', act.note);
    case 'approve': {
      const { action, day } = checker(entry, by);
      if (act.seen !== undefined && act.seen !== entry.proposedAt?.toISOString()) throw fail('CASE_CHANGED');
      stillOwed(entry, action, facts);
      const change = carryOut(entry, { action, day, by: by.username }, facts);
      return { ...change, step: { ...change.step, action: 'approve', note: act.note ?? '' } };
    }
    case 'undo':
      return undo(entry, act.note, by, facts);
    default:
      return unreachable(act);
  }
}

function propose(
  entry: HandledCase,
  { action, note, day }: Extract<Act, { do: 'propose' }>,
  by: Person,
  facts: Facts,
): Change {
  allow(by.mayHandle && (action !== 'online_refund' || by.mayRefund));
  free(entry);
  if (!fittingProposals(entry).includes(action))
    throw fail('CASE_ACTION_UNFIT', { action, kind: entry.kind });
  if (action === 'in_transit' || action === 'carry') {
    const from = action === 'carry' && entry.date >= facts.today ? shiftDay(entry.date, 1) : facts.today;
    const isFit = day !== undefined && day >= from && day <= shiftDay(facts.today, furthestDays);
    if (!isFit || (action === 'carry' && day === entry.carriedTo))
      throw fail('CASE_DAY_INVALID', { fields: ['day'] });
  } else {
    const until = lockedUntil(entry, facts.suspenseDays);
    if (until !== null && facts.today <= until)
      throw fail('CASE_LOCKED', { until, issues: [{ message: until }] });
  }
  stillOwed(entry, action, facts);
  const fen = Math.abs(entry.differenceFen);
  return suggest(entry, { action, fen, note, day: day ?? null, groupNo: null }, by, facts);
}

interface Suggestion {
  action: Proposal;
  fen: number;
  note: string;
  day: string | null;
  groupNo: string | null;
}

/** Up to the threshold it is done at once, above it a second person is asked. */
function suggest(
  entry: HandledCase,
  { action, fen, note, day, groupNo }: Suggestion,
  by: Person,
  facts: Facts,
): Change {
  const proposed = {
    proposedAction: action,
    proposedFen: fen,
    proposedNote: note,
    proposedDay: day,
    proposedBy: by.username,
    proposedAt: facts.now,
    groupNo,
  };
  const threshold = facts.thresholdOf(action);
  if (threshold !== null && fen > threshold) {
    return move(
      entry,
      'pending_approval',
      facts,
      { ...proposed, dueOn: null },
      {
        action: 'propose',
        amountFen: fen,
        day,
        note,
      },
    );
  }
  const change = carryOut({ ...entry, ...proposed }, { action, day, by: null }, facts);
  return { ...change, set: { ...(change.to === 'refunding' ? proposed : { groupNo }), ...change.set } };
}

/** A proposal becomes what it says. `by`: who agreed, where somebody had to. */
function carryOut(
  entry: HandledCase,
  { action, day, by }: { action: Proposal; day: string | null; by: string | null },
  facts: Facts,
): Change {
  const note = entry.proposedNote ?? '';
  const step = { action, amountFen: entry.proposedFen, day, note };
  const resolved = (resolution: HandledCase['resolution']) =>
    move(
      entry,
      'resolved',
      facts,
      {
        ...nothingProposed,
        resolution,
        resolutionFen: Math.abs(entry.differenceFen),
        resolutionNote: note,
        resolvedBy: entry.proposedBy,
        resolvedAt: facts.now,
        approvedBy: by,
        dueOn: null,
      },
      step,
    );
  switch (action) {
    case 'online_refund':
      return move(entry, 'refunding', facts, { approvedBy: by, dueOn: null }, step);
    case 'cash':
    case 'other':
    case 'his_supplement':
    case 'write_off':
      return resolved(action);
    case 'match':
      return resolved('matched');
    case 'in_transit':
      return move(entry, 'in_transit', facts, { ...nothingProposed, dueOn: day }, step);
    case 'carry':
      return move(entry, 'open', facts, { ...nothingProposed, carriedTo: day, dueOn: null }, step);
    default:
      return unreachable(action);
  }
}

/** Nothing is taken back that has left the house online; what two people decided, a third decision of one checker. */
function undo(entry: HandledCase, note: string, by: Person, facts: Facts): Change {
  allow(by.mayHandle);
  const step = { action: 'undo', amountFen: null, day: null, note } as const;
  if (entry.status === 'in_transit') return move(entry, 'open', facts, { dueOn: null }, step);
  if (entry.status === 'open' && entry.carriedTo !== null) {
    return move(entry, 'open', facts, { carriedTo: null }, step);
  }
  const isByHand = entry.status === 'resolved' && entry.touchedAt !== null;
  if (!isByHand || entry.resolution === 'online_refund') {
    throw fail('CASE_NOT_UNDOABLE', { status: entry.status, resolution: entry.resolution });
  }
  if (entry.approvedBy !== null) {
    allow(by.mayApprove);
    if (by.username === entry.resolvedBy) throw fail('CASE_SAME_PERSON', { proposedBy: entry.resolvedBy });
  }
  return move(entry, 'open', facts, nothingResolved, step);
}

/** The channel has answered: the money is back with the patient. */
export function refunded(entry: HandledCase, at: Date, now: Date): Change {
  return move(
    entry,
    'resolved',
    { now },
    {
      ...nothingProposed,
      resolution: 'online_refund',
      resolutionFen: entry.proposedFen ?? 0,
      resolutionNote: entry.proposedNote,
      resolvedBy: entry.proposedBy,
      resolvedAt: at,
    },
    { action: 'refunded', amountFen: entry.proposedFen, day: null, note: '' },
  );
}

/** The channel has refused: the difference is as open as before, and why is in the history. */
export function notRefunded(entry: HandledCase, reason: string, now: Date): Change {
  const step = { action: 'refund_failed', amountFen: entry.proposedFen, day: null, note: reason } as const;
  return move(entry, 'open', { now }, { ...nothingProposed, approvedBy: null }, step);
}

export interface Matching {
  groupNo: string;
  note: string;
  /** The difference of the two sides' sums in fen, as the person states it. */
  differenceFen: number;
}

/**
 * Entries that have one side each are declared to be the same business: HIS's with the platform's or the channel's,
 * or the channel's with the platform's, however many on either side.
 * @throws MATCH_UNFIT, MATCH_SUM_DIFFERS and what `decide` throws
 */
export function decideMatch(
  entries: HandledCase[],
  { groupNo, note, differenceFen }: Matching,
  by: Person,
  facts: Facts,
): Change[] {
  allow(by.mayHandle);
  for (const entry of entries) free(entry);
  const first = entries[0];
  if (!first || entries.length < 2 || entries.length > mostMatched) throw unfit('2–50');
  const sums = { his: 0, platform: 0, channel: 0 };
  const sides = new Set<'his' | 'platform' | 'channel'>();
  const platformLegs = new Set<HandledCase['leg']>();
  for (const entry of entries) {
    const one = sideOf(entry);
    if (!one) throw unfit(entry.caseNo);
    if (entry.merchantCode !== first.merchantCode || entry.tradeKind !== first.tradeKind) {
      throw unfit(entry.caseNo);
    }
    if (entry.currency !== first.currency) throw unfit(`${first.currency}, ${entry.currency}`);
    sides.add(one.side);
    sums[one.side] += one.fen;
    if (one.side === 'platform') platformLegs.add(entry.leg ?? 'his');
  }
  if (sides.size !== 2) throw unfit([...sides].join(', '));
  // What the platform has alone, it has alone against HIS or against the channel.
  if (
    sides.has('platform') &&
    (platformLegs.size !== 1 || !platformLegs.has(sides.has('his') ? 'his' : 'channel'))
  ) {
    throw unfit('leg');
  }
  const left = sides.has('his') ? sums.his : sums.channel;
  const right = sides.has('platform') ? sums.platform : sums.channel;
  const apart = Math.abs(left - right);
  if (apart !== differenceFen || (apart !== 0 && note === '')) {
    throw fail('MATCH_SUM_DIFFERS', { differenceFen: apart, fields: ['differenceFen', 'note'] });
  }
  return entries.map((entry) =>
    suggest(entry, { action: 'match', fen: apart, note, day: null, groupNo }, by, facts),
  );
}

const unfit = (message: string) => fail('MATCH_UNFIT', { issues: [{ message }] });

function allow(may: boolean): void {
  if (!may) throw fail('CASE_FORBIDDEN');
}

function free({ caseNo, status }: HandledCase): void {
  if (status === 'pending_approval' || status === 'refunding') throw fail('CASE_BUSY', { caseNo, status });
  if (!isUnhandled(status)) throw fail('CASE_CLOSED', { caseNo });
}

function pending({ caseNo, status, proposedAction, proposedDay }: HandledCase) {
  if (status !== 'pending_approval' || proposedAction === null)
    throw fail('CASE_NOT_PENDING', { caseNo, status });
  return { action: proposedAction, day: proposedDay };
}

/** Four eyes: whoever proposed it does not decide on it. */
function checker(entry: HandledCase, by: Person) {
  allow(by.mayApprove);
  const proposal = pending(entry);
  if (entry.proposedBy === by.username) throw fail('CASE_SAME_PERSON', { proposedBy: entry.proposedBy });
  return proposal;
}

/** HIS may have booked it meanwhile, or the money may have been given back by another way. */
function stillOwed(entry: HandledCase, action: Proposal, { owedFen }: Facts): void {
  const givesBack = action === 'online_refund' || action === 'cash' || action === 'other';
  if (givesBack && owedFen !== null && owedFen < Math.abs(entry.differenceFen)) {
    throw fail('CASE_FACTS_CHANGED', { owedFen });
  }
}

function back(entry: HandledCase, facts: Facts, action: 'withdraw' | 'reject', note: string): Change {
  const step = { action, amountFen: entry.proposedFen, day: entry.proposedDay, note };
  return move(entry, 'open', facts, { ...nothingProposed, groupNo: null }, step);
}

function stay(
  entry: HandledCase,
  facts: Facts,
  set: Partial<Settings>,
  action: StepAction,
  note: string,
): Change {
  return move(entry, entry.status, facts, set, { action, amountFen: null, day: null, note });
}

function move(
  entry: HandledCase,
  to: CaseStatus,
  { now }: Pick<Facts, 'now'>,
  set: Partial<Settings>,
  step: Change['step'],
): Change {
  if (to !== entry.status && !caseMoves[entry.status].includes(to)) {
    throw fail('CASE_CLOSED', { caseNo: entry.caseNo, status: entry.status });
  }
  return { to, set: { ...set, touchedAt: now }, step };
}

/** What may be proposed about a case, what each would do, and whether a second person is needed. */
export function offersOf(entry: HandledCase, facts: Facts) {
  const until = lockedUntil(entry, facts.suspenseDays);
  const isLocked = until !== null && facts.today <= until;
  return fittingProposals(entry).map((action) => {
    const threshold = facts.thresholdOf(action);
    const waits = action === 'match' || action === 'in_transit' || action === 'carry';
    return {
      action,
      effect: effectOf(action, entry, facts.today),
      needsApproval: action !== 'match' && threshold !== null && Math.abs(entry.differenceFen) > threshold,
      lockedUntil: isLocked && !waits ? until : null,
    };
  });
}

function unreachable(value: never): never {
  throw new Error(`unknown act ${JSON.stringify(value)}`);
}
