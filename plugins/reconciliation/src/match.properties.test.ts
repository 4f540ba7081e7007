import { describe, expect, jest, test } from '@jest/globals';
import fc from 'fast-check';
import {
  type BillRow,
  type HisRow,
  type MatchInput,
  type MatchResult,
  match,
  type OrderRow,
  type RefundRow,
} from './match';

const days = ['2026-10-17', '2026-10-18', '2026-10-19'] as const;
const date = days[1];
const dayStart = Date.parse('2026-10-18T00:00:00+08:00');
const dayEnd = dayStart + 86_400_000;

// Few numbers and few amounts, so that collisions, duplicates and splits happen all the time.
const number = fc.constantFrom('1', '2', '3', '4');
const amountFen = fc.constantFrom(1, 100, 200, 300, 1999);
const currency = fc.constantFrom('CNY', 'CNY', 'CNY', 'CNY', 'JPY');
const occurredAt = fc.constantFrom(dayStart, dayStart + 5000, dayEnd - 60_000, dayEnd - 1, dayEnd + 1);
const day = fc.constantFrom(...days, date, date, date);
const kind = fc.constantFrom('payment' as const, 'refund' as const);

const orders = fc
  .uniqueArray(
    fc.record({
      orderNo: number,
      standing: fc.constantFrom('paid' as const, 'paid' as const, 'open' as const, 'ended' as const),
      paidFen: amountFen,
      currency,
      occurredAt,
      day,
    }),
    { selector: (row) => row.orderNo },
  )
  .map((rows) =>
    rows.map(
      (row): OrderRow => ({
        ...row,
        merchantOrderNo: `M${row.orderNo}`,
        attemptNos: [`A${row.orderNo}`, `B${row.orderNo}`],
        channelTradeNo: `T${row.orderNo}`,
        // Orders 1 and 2 pay one HIS bill, 3 and 4 another; 4 has one of its own beside.
        hisNumbers: [Number(row.orderNo) < 3 ? 'H1' : 'H2', ...(row.orderNo === '4' ? ['H3'] : [])],
      }),
    ),
  );
const refunds = fc
  .array(fc.record({ orderNo: number, amountFen, currency, occurredAt, day }), { maxLength: 5 })
  .map((rows) =>
    rows.map((row, index): RefundRow => ({ ...row, refundNo: `r${index}`, merchantRefundNo: `mr${index}` })),
  );
const hisRecords = fc
  .array(
    fc.record({
      kind,
      orderNo: fc.oneof(
        number,
        number.map((n) => `M${n}`),
        number.map((n) => `T${n}`),
        fc.constant('stray'),
      ),
      refundNo: fc.constantFrom('r0', 'mr1', 'own'),
      hisOrderNo: fc.constantFrom('H1', 'H2', 'H3', ''),
      amountFen,
      currency,
      occurredAt,
      day,
    }),
    { maxLength: 8 },
  )
  .map((rows) => rows.map((row, index): HisRow => ({ ...row, hisSerialNo: `h${index}` })));
const billLines = fc
  .array(
    fc.record({
      kind,
      orderNo: fc.oneof(
        number.map((n) => `A${n}`),
        number.map((n) => `B${n}`),
        fc.constant('stray'),
      ),
      refundNo: fc.constantFrom('r0', 'r1', 'r2'),
      channelNo: number.map((n) => `T${n}`),
      amountFen,
      feeFen: fc.integer({ min: -5, max: 5 }),
      currency,
      occurredAt,
      day,
    }),
    { maxLength: 8 },
  )
  .map((rows) => rows.map((row, index): BillRow => ({ ...row, lineNo: index + 1 })));
const rules = fc.record({
  date: fc.constant(date),
  dayStart: fc.constant(dayStart),
  dayEnd: fc.constant(dayEnd),
  midnightMinutes: fc.constant(10),
  nextBillKnown: fc.boolean(),
  billKnown: fc.constant(true),
  toleranceFen: fc.constantFrom({}, { his: 1 }, { his: 100, channel: 100 }),
  suspenseDays: fc.constantFrom(0, 1, 2),
  isSuspended: fc.boolean(),
  manyToOne: fc.boolean(),
});
const input: fc.Arbitrary<MatchInput> = fc.record({ orders, refunds, hisRecords, billLines, rules });

const sorted = (values: (string | number)[]) => values.map(String).sort();
const sum = (values: number[]) => values.reduce((total, value) => total + value, 0);
const signed = (row: { kind: 'payment' | 'refund'; amountFen: number }) =>
  row.kind === 'refund' ? -row.amountFen : row.amountFen;
const today = <Row extends { day: string }>(rows: Row[]) => rows.filter((row) => row.day === date);

const runs = { numRuns: 2000 };
/** Thousands of days may take longer than Jest's five seconds on a busy machine. */
jest.setTimeout(60_000);

describe('the three-way match, whatever the rows', () => {
  test('every row of the day ends in exactly one result of its leg', () => {
    fc.assert(
      fc.property(input, (day) => {
        const { results } = match(day);
        const platform = sorted([
          ...today(day.orders.filter((order) => order.standing === 'paid')).map((order) => order.orderNo),
          ...today(day.refunds).map((refund) => refund.refundNo),
        ]);
        for (const leg of ['his', 'channel'] as const) {
          const ofLeg = results.filter((result) => result.leg === leg);
          expect(sorted(ofLeg.flatMap((result) => result.platformIds))).toEqual(platform);
        }
        expect(sorted(results.flatMap((result) => result.hisSerialNos))).toEqual(
          sorted(today(day.hisRecords).map((record) => record.hisSerialNo)),
        );
        expect(sorted(results.flatMap((result) => result.lineNos))).toEqual(
          sorted(today(day.billLines).map((line) => line.lineNo)),
        );
      }),
      runs,
    );
  });

  test('the results add up to the sources to the fen, side by side', () => {
    fc.assert(
      fc.property(input, (day) => {
        const { results, totals } = match(day);
        const his = results.filter((result) => result.leg === 'his');
        const channel = results.filter((result) => result.leg === 'channel');
        const platformFen =
          sum(today(day.orders.filter((order) => order.standing === 'paid')).map((order) => order.paidFen)) -
          sum(today(day.refunds).map((refund) => refund.amountFen));
        expect(sum(his.map((result) => result.platformFen))).toBe(platformFen);
        expect(sum(channel.map((result) => result.platformFen))).toBe(platformFen);
        expect(sum(his.map((result) => result.hisFen))).toBe(sum(today(day.hisRecords).map(signed)));
        expect(sum(channel.map((result) => result.channelFen))).toBe(sum(today(day.billLines).map(signed)));
        expect(sum(channel.map((result) => result.feeFen))).toBe(
          sum(today(day.billLines).map((line) => line.feeFen)),
        );
        // The summary's sign is the opposite of the cases' sign, and the cases explain it entirely.
        expect(sum(his.map((result) => result.differenceFen)) + totals.differenceFen).toBe(0);
        // Taken − refunded = platform income − abnormal refunds.
        expect(totals.platformFen - totals.abnormalRefundFen).toBe(platformFen);
        expect(totals.abnormalRefundFen).toBeGreaterThanOrEqual(0);
      }),
      runs,
    );
  });

  test('the order of arrival changes nothing, and neither does repetition', () => {
    fc.assert(
      fc.property(
        input.chain((day) =>
          fc
            .tuple(
              fc.shuffledSubarray(day.orders, { minLength: day.orders.length }),
              fc.shuffledSubarray(day.refunds, { minLength: day.refunds.length }),
              fc.shuffledSubarray(day.hisRecords, { minLength: day.hisRecords.length }),
              fc.shuffledSubarray(day.billLines, { minLength: day.billLines.length }),
            )
            .map(([orders, refunds, hisRecords, billLines]) => ({
              day,
              shuffled: { ...day, orders, refunds, hisRecords, billLines },
            })),
        ),
        ({ day, shuffled }) => {
          const before = JSON.stringify(match(day));
          expect(JSON.stringify(match(shuffled))).toBe(before);
          expect(JSON.stringify(match(day))).toBe(before);
        },
      ),
      runs,
    );
  });

  test('what lies on two days is told by both, and the channel’s only within its days', () => {
    const name = (result: MatchResult) => `${result.leg} ${result.tradeKind} ${result.key}`;
    fc.assert(
      fc.property(input, (world) => {
        const told = new Map(
          days.map((each) => [each, match({ ...world, rules: { ...world.rules, date: each } }).results]),
        );
        for (const [own, results] of told) {
          for (const result of results) {
            for (const other of result.elsewhereDays) {
              const there = days.find((each) => each === other);
              const mirrored =
                there &&
                told
                  .get(there)
                  ?.some((each) => name(each) === name(result) && each.elsewhereDays.includes(own));
              expect(mirrored).toBe(true);
              const apart = Math.abs(Date.parse(other) - Date.parse(own)) / 86_400_000;
              if (result.leg === 'channel') expect(apart).toBeLessThanOrEqual(world.rules.suspenseDays ?? 1);
            }
          }
        }
      }),
      runs,
    );
  });

  test('what is matched never differs by more than the tolerance', () => {
    fc.assert(
      fc.property(input, (day) => {
        for (const { kind, leg, differenceFen } of match(day).results) {
          if (kind === 'split') expect(differenceFen).toBe(0);
          if (kind === 'matched') {
            expect(Math.abs(differenceFen)).toBeLessThanOrEqual(day.rules.toleranceFen?.[leg] ?? 0);
          }
        }
      }),
      runs,
    );
  });
});
