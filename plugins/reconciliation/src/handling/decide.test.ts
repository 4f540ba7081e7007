import { isPlatformError } from '@hospital-pay/errors';
import { defectsOf, shiftDay } from '@hospital-pay/payments';
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { type ApprovalRule, thresholdFor } from './approval-rules';
import { effectOf, fittingProposals, type HandledCase } from './case';
import {
  type Act,
  type Change,
  decide,
  decideMatch,
  type Facts,
  notRefunded,
  type Person,
  refunded,
} from './decide';
import { caseMoves, isUnhandled, proposals, settlements, unhandled } from './states';

const today = '2026-03-10';
const clerk: Person = { username: 'clerk', mayHandle: true, mayApprove: true, mayRefund: true };
const chief: Person = { ...clerk, username: 'chief' };
const reader: Person = { username: 'reader', mayHandle: false, mayApprove: false, mayRefund: false };

const facts = (more: Partial<Facts> = {}): Facts => ({
  now: new Date('2026-03-10T02:00:00Z'),
  today,
  thresholdOf: () => 10_000,
  suspenseDays: 1,
  owedFen: null,
  ...more,
});

const lacking = (more: Partial<HandledCase> = {}): HandledCase => ({
  id: 1,
  caseNo: 'D1',
  occurredAt: new Date('2026-03-09T02:00:00Z'),
  merchantCode: 'H001',
  accountCode: 'alipay-1',
  date: '2026-03-09',
  orderNo: 'P1',
  refundNo: null,
  hisSerialNo: null,
  channelTradeNo: null,
  bizType: null,
  payType: 'alipay',
  tradeKind: 'payment',
  part: null,
  leg: 'his',
  kind: 'platform_only',
  source: 't1',
  status: 'open',
  currency: 'CNY',
  platformFen: 1999,
  hisFen: 0,
  channelFen: 0,
  differenceFen: -1999,
  bonusFen: 0,
  feeFen: 0,
  patientName: null,
  cardNo: null,
  remark: null,
  resolution: null,
  resolutionFen: 0,
  resolutionNote: null,
  resolvedBy: null,
  resolvedAt: null,
  carriedTo: null,
  assignee: null,
  proposedAction: null,
  proposedFen: null,
  proposedNote: null,
  proposedDay: null,
  proposedBy: null,
  proposedAt: null,
  approvedBy: null,
  groupNo: null,
  dueOn: null,
  touchedAt: null,
  ...more,
});
const dear = { platformFen: 1_999_999, differenceFen: -1_999_999 };
const booked = (more: Partial<HandledCase> = {}) =>
  lacking({ caseNo: 'D2', kind: 'his_only', hisFen: 1999, platformFen: 0, differenceFen: 1999, ...more });

const after = (entry: HandledCase, { to, set }: Change): HandledCase => ({ ...entry, ...set, status: to });
const act = (entry: HandledCase, what: Act, by: Person, given = facts()) =>
  after(entry, decide(entry, what, by, given));
const suggest = (action: (typeof settlements)[number]): Act => ({ do: 'propose', action, note: '原因' });

function refusalOf(work: () => unknown): string {
  try {
    work();
    return 'allowed';
  } catch (error) {
    return isPlatformError(error) ? error.code : String(error);
  }
}

describe('a case', () => {
  test('has a table of moves in which every state is reached', () => {
    expect(defectsOf(caseMoves, 'open')).toEqual([]);
  });

  test('below the threshold is settled by one person, above it by two different ones', () => {
    expect(act(lacking(), suggest('cash'), clerk)).toMatchObject({
      status: 'resolved',
      resolution: 'cash',
      resolutionFen: 1999,
      resolvedBy: 'clerk',
      approvedBy: null,
    });
    const waiting = act(lacking(dear), suggest('cash'), clerk);
    expect(waiting).toMatchObject({ status: 'pending_approval', proposedBy: 'clerk', resolution: null });
    expect(refusalOf(() => decide(waiting, { do: 'approve' }, clerk, facts()))).toBe('CASE_SAME_PERSON');
    expect(refusalOf(() => decide(waiting, { do: 'approve' }, reader, facts()))).toBe('CASE_FORBIDDEN');
    expect(act(waiting, { do: 'approve' }, chief)).toMatchObject({
      status: 'resolved',
      resolvedBy: 'clerk',
      approvedBy: 'chief',
      proposedBy: null,
    });
  });

  test('goes back to open with the reason when it is rejected, and only its maker withdraws it', () => {
    const waiting = act(lacking(dear), suggest('write_off'), clerk);
    const rejection = decide(waiting, { do: 'reject', note: '缺少凭证' }, chief, facts());
    expect(rejection.step.note).toBe('缺少凭证');
    expect(after(waiting, rejection)).toMatchObject({ status: 'open', proposedAction: null });
    expect(refusalOf(() => decide(waiting, { do: 'withdraw' }, chief, facts()))).toBe('CASE_NOT_YOURS');
    expect(act(waiting, { do: 'withdraw' }, clerk)).toMatchObject({ status: 'open', proposedBy: null });
  });

  test('is approved as the checker saw it, or not at all', () => {
    const waiting = act(lacking(dear), suggest('cash'), clerk);
    const seen = '2026-03-10T01:00:00.000Z';
    expect(refusalOf(() => decide(waiting, { do: 'approve', seen }, chief, facts()))).toBe('CASE_CHANGED');
  });

  test('is not refunded when HIS has booked it meanwhile', () => {
    expect(refusalOf(() => decide(lacking(), suggest('online_refund'), clerk, facts({ owedFen: 0 })))).toBe(
      'CASE_FACTS_CHANGED',
    );
    const waiting = act(lacking(dear), suggest('online_refund'), clerk);
    expect(refusalOf(() => decide(waiting, { do: 'approve' }, chief, facts({ owedFen: 0 })))).toBe(
      'CASE_FACTS_CHANGED',
    );
  });

  test('is being refunded until the channel has answered, and open again when it says no', () => {
    const refunding = act(lacking(), suggest('online_refund'), clerk);
    expect(refunding).toMatchObject({ status: 'refunding', resolution: null, proposedFen: 1999 });
    const now = new Date();
    expect(after(refunding, refunded(refunding, now, now))).toMatchObject({
      status: 'resolved',
      resolution: 'online_refund',
      resolutionFen: 1999,
      resolvedBy: 'clerk',
    });
    expect(after(refunding, notRefunded(refunding, 'BALANCE', now))).toMatchObject({
      status: 'open',
      proposedAction: null,
    });
    expect(refusalOf(() => decide(refunding, suggest('cash'), chief, facts()))).toBe('CASE_BUSY');
  });

  test('that the bill lacks is locked as long as a late bill can settle it, and says until when', () => {
    const short = lacking({ leg: 'channel' });
    try {
      decide(short, suggest('write_off'), clerk, facts({ today: '2026-03-11' }));
      throw new Error('not locked');
    } catch (error) {
      expect(error).toMatchObject({ code: 'CASE_LOCKED', details: { until: '2026-03-11' } });
    }
    expect(act(short, suggest('write_off'), clerk, facts({ today: '2026-03-12' })).status).toBe('resolved');
    expect(act(short, suggest('write_off'), clerk, facts({ suspenseDays: 0 })).status).toBe('resolved');
    expect(act(short, { do: 'comment', note: '等账单' }, clerk).status).toBe('open');
    const waits: Act = { do: 'propose', action: 'in_transit', note: '等账单', day: shiftDay(today, 2) };
    expect(act(short, waits, clerk)).toMatchObject({ status: 'in_transit', dueOn: '2026-03-12' });
  });

  test('offers what fits: no money back where nothing is owed, no HIS where only the bill differs', () => {
    expect(fittingProposals(booked())).toEqual([
      'his_supplement',
      'write_off',
      'match',
      'in_transit',
      'carry',
    ]);
    expect(fittingProposals(lacking({ leg: 'channel', kind: 'fee' }))).toEqual([
      'write_off',
      'in_transit',
      'carry',
    ]);
    expect(refusalOf(() => decide(booked(), suggest('cash'), clerk, facts()))).toBe('CASE_ACTION_UNFIT');
  });

  test('is undone by whoever handles, but not by its maker alone when two had decided, and never a refund', () => {
    const settled = act(lacking(), suggest('write_off'), clerk);
    expect(act(settled, { do: 'undo', note: '误操作' }, clerk)).toMatchObject({
      status: 'open',
      resolution: null,
    });
    const agreed = act(act(lacking(dear), suggest('write_off'), clerk), { do: 'approve' }, chief);
    expect(refusalOf(() => decide(agreed, { do: 'undo', note: '误' }, clerk, facts()))).toBe(
      'CASE_SAME_PERSON',
    );
    expect(act(agreed, { do: 'undo', note: '误' }, chief).status).toBe('open');
    const refunding = act(lacking(), suggest('online_refund'), clerk);
    const back = after(refunding, refunded(refunding, new Date(), new Date()));
    expect(refusalOf(() => decide(back, { do: 'undo', note: '误' }, chief, facts()))).toBe(
      'CASE_NOT_UNDOABLE',
    );
  });
});

describe('a match by hand', () => {
  const pair = { groupNo: 'G1', note: '', differenceFen: 0 };
  const match = (entries: HandledCase[], stated = pair, by = clerk) =>
    decideMatch(entries, stated, by, facts({ thresholdOf: () => 0 })).map((change, index) =>
      after(entries[index] ?? lacking(), change),
    );

  test('joins two sides whose sums agree, however many entries they have', () => {
    expect(match([booked(), lacking()])).toMatchObject([
      { status: 'resolved', resolution: 'matched', groupNo: 'G1' },
      { status: 'resolved', resolution: 'matched', groupNo: 'G1' },
    ]);
    const halves = [1000, 999].map((fen, index) =>
      lacking({ caseNo: `H${index}`, platformFen: fen, differenceFen: -fen }),
    );
    expect(match([booked(), ...halves]).every(({ status }) => status === 'resolved')).toBe(true);
  });

  test('wants a difference stated exactly and with a reason, and then a second person', () => {
    const near = lacking({ platformFen: 1990, differenceFen: -1990 });
    expect(refusalOf(() => match([booked(), near]))).toBe('MATCH_SUM_DIFFERS');
    expect(refusalOf(() => match([booked(), near], { ...pair, differenceFen: 9 }))).toBe('MATCH_SUM_DIFFERS');
    expect(match([booked(), near], { ...pair, differenceFen: 9, note: '抹零' })).toMatchObject([
      { status: 'pending_approval', proposedFen: 9 },
      { status: 'pending_approval', proposedFen: 9 },
    ]);
  });

  test('refuses one side alone, other merchants, charges with refunds, and the wrong leg', () => {
    for (const other of [
      booked({ caseNo: 'D3' }),
      lacking({ merchantCode: 'H002' }),
      lacking({ tradeKind: 'refund' }),
      lacking({ leg: 'channel' }),
      lacking({ kind: 'amount' }),
    ]) {
      expect(refusalOf(() => match([booked(), other]))).toBe('MATCH_UNFIT');
    }
    expect(refusalOf(() => match([booked(), lacking({ status: 'refunding' })]))).toBe('CASE_BUSY');
  });
});

describe('approval rules', () => {
  const rule = (more: Partial<ApprovalRule>): ApprovalRule => ({
    documentId: null,
    name: 'r',
    merchantCode: null,
    action: null,
    overFen: 0,
    enabled: true,
    ...more,
  });

  test('speak by the most specific, and the house speaks where none does', () => {
    const rules = [
      rule({ overFen: 1 }),
      rule({ action: 'cash', overFen: 2 }),
      rule({ merchantCode: 'H001', overFen: 3 }),
      rule({ merchantCode: 'H001', action: 'cash', overFen: 4, enabled: false }),
    ];
    expect(thresholdFor(rules, 'H001', 'cash')).toBe(3);
    expect(thresholdFor(rules, 'H002', 'cash')).toBe(2);
    expect(thresholdFor(rules, 'H002', 'write_off')).toBe(1);
    expect(thresholdFor([], 'H002', 'write_off')).toBe(10_000);
    expect(thresholdFor([], 'H002', 'carry')).toBeNull();
  });
});

describe('random people doing random things', () => {
  const people: Person[] = [
    clerk,
    chief,
    { ...clerk, username: 'junior', mayApprove: false, mayRefund: false },
    reader,
  ];
  const day = fc.constantFrom('2026-03-09', today, '2026-03-12');
  const acts = fc.oneof(
    fc.record({ do: fc.constant('assign' as const), assignee: fc.constantFrom('clerk', null) }),
    fc.record({ do: fc.constant('comment' as const), note: fc.constant('备注') }),
    fc.record({
      do: fc.constant('propose' as const),
      action: fc.constantFrom(...settlements, 'in_transit' as const, 'carry' as const),
      note: fc.constant('原因'),
      day: fc.option(day, { nil: undefined }),
    }),
    fc.record({ do: fc.constantFrom('withdraw' as const, 'approve' as const) }),
    fc.record({ do: fc.constantFrom('reject' as const, 'undo' as const), note: fc.constant('原因') }),
    fc.record({ do: fc.constant('channel' as const), says: fc.boolean() }),
  );
  const steps = fc.array(fc.record({ act: acts, by: fc.constantFrom(...people), at: fc.nat(5) }), {
    maxLength: 40,
  });
  const starts = fc.array(
    fc.record({
      fen: fc.integer({ min: 1, max: 30_000 }),
      kind: fc.constantFrom('platform_only', 'his_only'),
      leg: fc.constantFrom('his' as const, 'channel' as const),
    }),
    { minLength: 1, maxLength: 6 },
  );

  test('never reach a state without the rights and the two people it needs, and the figures stay consistent', () => {
    fc.assert(
      fc.property(starts, steps, (drafts, story) => {
        const cases = drafts.map(({ fen, kind, leg }, index) =>
          kind === 'his_only'
            ? booked({ id: index, caseNo: `D${index}`, hisFen: fen, differenceFen: fen })
            : lacking({ id: index, caseNo: `D${index}`, platformFen: fen, differenceFen: -fen, leg }),
        );
        for (const { act: what, by, at } of story) {
          const index = at % cases.length;
          const entry = cases[index];
          if (!entry) continue;
          let next: HandledCase;
          try {
            if (what.do === 'channel') {
              if (entry.status !== 'refunding') continue;
              const now = facts().now;
              next = after(entry, what.says ? refunded(entry, now, now) : notRefunded(entry, 'no', now));
            } else next = act(entry, what, by);
          } catch (error) {
            expect(isPlatformError(error)).toBe(true);
            continue;
          }
          cases[index] = next;
          expect(next.status === entry.status || caseMoves[entry.status].includes(next.status)).toBe(true);
          expect(what.do === 'channel' || by.mayHandle).toBe(true);
          const needsTwo = Math.abs(entry.differenceFen) > 10_000;
          if (next.status === 'resolved' || next.status === 'refunding') {
            const maker = next.resolvedBy ?? next.proposedBy;
            expect(maker).not.toBeNull();
            if (needsTwo) {
              expect(next.approvedBy).not.toBeNull();
              expect(next.approvedBy).not.toBe(maker);
              expect(['clerk', 'chief']).toContain(next.approvedBy);
            }
          }
          if (next.resolution === 'online_refund') expect(next.resolvedBy).not.toBe('junior');
          // What a case says fits its state: nothing proposed hangs on, nothing resolved is left behind.
          const isProposed = next.status === 'pending_approval' || next.status === 'refunding';
          expect(next.proposedAction !== null).toBe(isProposed);
          expect(next.resolution !== null).toBe(next.status === 'resolved');
          expect(next.dueOn !== null).toBe(next.status === 'in_transit');
        }
        // 已处理 + 未处理 + 结转 are all of them; what was given back is what the cases say was given back.
        const handled = cases.filter(({ status }) => status === 'resolved');
        const left = cases.filter(({ status }) => isUnhandled(status));
        const carried = left.filter(({ carriedTo }) => carriedTo !== null);
        expect(handled.length + (left.length - carried.length) + carried.length).toBe(cases.length);
        const given = handled.reduce((sum, entry) => {
          const action = proposals.find((name) => name === entry.resolution);
          return sum + (action ? effectOf(action, entry, today).abnormalRefundFen : 0);
        }, 0);
        const stated = handled
          .filter(
            ({ resolution }) =>
              resolution === 'online_refund' || resolution === 'cash' || resolution === 'other',
          )
          .reduce((sum, { resolutionFen }) => sum + (resolutionFen ?? 0), 0);
        expect(given).toBe(stated);
        expect(unhandled).not.toContain('resolved');
      }),
      { numRuns: 400 },
    );
  });
});
