import { describe, expect, test } from '@jest/globals';
import { type BillFacts, billDay } from './calendar';
import { billDueAt } from './schedule';

const china = { zone: 'Asia/Shanghai', dayCutoff: '00:00' };
const date = '2026-10-18';
const dueAt = new Date('2026-10-19T10:00:00+08:00');
const at = (text: string) => new Date(`2026-10-${text}+08:00`);
const stateOf = (facts: Partial<BillFacts>, now: Date) =>
  billDay(date, { dueAt, offered: true, expected: true, kept: undefined, attempt: undefined, ...facts }, now);
const attempt = (status: NonNullable<BillFacts['attempt']>['status'], more = {}) => ({
  status,
  at: at('19T11:00:00'),
  nextAt: null,
  errorCode: null,
  lineNo: null,
  ...more,
});

describe('when a bill is due', () => {
  test('the house waits until ten, whatever earlier hour the channel names', () => {
    expect(billDueAt(date, china, { zone: 'Asia/Shanghai', billReadyHour: 9 })).toEqual(dueAt);
    expect(billDueAt(date, china, undefined)).toEqual(dueAt);
  });
  test('a channel that is ready later, or lives elsewhere, is waited for', () => {
    expect(billDueAt(date, china, { zone: 'Asia/Shanghai', billReadyHour: 15 })).toEqual(at('19T15:00:00'));
    expect(billDueAt(date, china, { zone: 'UTC', billReadyHour: 9 })).toEqual(at('19T17:00:00'));
  });
});

describe('a day of the calendar', () => {
  test.each([
    ['nothing before it is due', {}, '19T09:59:00', 'not_due'],
    ['nothing after it was due: a gap', {}, '19T10:01:00', 'missing'],
    ['an account that did not exist yet', { expected: false }, '20T10:00:00', 'none'],
    ['a channel without bills', { offered: false }, '20T10:00:00', 'none'],
    ['a run that waits', { attempt: attempt('deferred') }, '19T12:00:00', 'waiting'],
    ['a run that still waits a day later', { attempt: attempt('deferred') }, '20T10:01:00', 'late'],
    ['a day without business', { attempt: attempt('empty') }, '19T12:00:00', 'empty'],
    ['a bill that cannot be read', { attempt: attempt('failed') }, '19T12:00:00', 'failed'],
    ['a run that was cancelled', { attempt: attempt('cancelled') }, '19T12:00:00', 'missing'],
  ] as const)('%s', (_, facts, now, state) => {
    expect(stateOf(facts, at(now))).toMatchObject({ state });
  });

  test('says when it is asked for again, and at which line reading failed', () => {
    const nextAt = at('19T12:30:00');
    expect(stateOf({ attempt: attempt('deferred', { nextAt }) }, at('19T12:00:00'))).toMatchObject({
      nextAt,
    });
    const failed = attempt('failed', { errorCode: 'BILL_LINE', lineNo: 7 });
    expect(stateOf({ attempt: failed }, at('19T12:00:00'))).toMatchObject({
      errorCode: 'BILL_LINE',
      lineNo: 7,
    });
  });

  test('what arrived more than a day late is marked, and an upload is told from a download', () => {
    const kept = { version: 2, source: 'schedule' as const, fetchedAt: at('20T11:00:00') };
    expect(stateOf({ kept }, at('21T00:00:00'))).toMatchObject({ state: 'arrived', arrivedLate: true });
    const given = { ...kept, source: 'upload' as const, fetchedAt: at('19T11:00:00') };
    expect(stateOf({ kept: given }, at('21T00:00:00'))).toMatchObject({
      state: 'uploaded',
      version: 2,
      arrivedLate: false,
    });
  });

  test('a kept bill stays arrived when a later run fails for another reason, not when its newer file is bad', () => {
    const kept = { version: 1, source: 'schedule' as const, fetchedAt: at('19T10:30:00') };
    const internal = attempt('failed', { errorCode: 'INTERNAL' });
    expect(stateOf({ kept, attempt: internal }, at('19T12:00:00')).state).toBe('arrived');
    const bad = attempt('failed', { errorCode: 'BILL_TOTALS' });
    expect(stateOf({ kept, attempt: bad }, at('19T12:00:00')).state).toBe('failed');
  });
});
