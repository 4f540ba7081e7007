import { describe, expect, test } from '@jest/globals';
import { type BillRow, type HisRow, type MatchInput, match, type OrderRow, type RefundRow } from './match';

const date = '2026-10-18';
const dayStart = Date.parse('2026-10-18T00:00:00+08:00');
const dayEnd = dayStart + 86_400_000;
const noon = dayStart + 43_200_000;
const rules = { date, dayStart, dayEnd, midnightMinutes: 10, nextBillKnown: false, billKnown: true };

const order = (orderNo: string, paidFen: number, more: Partial<OrderRow> = {}): OrderRow => ({
  orderNo,
  merchantOrderNo: `M-${orderNo}`,
  attemptNos: [`A-${orderNo}`],
  channelTradeNo: `T-${orderNo}`,
  standing: 'paid',
  paidFen,
  currency: 'CNY',
  occurredAt: noon,
  day: date,
  ...more,
});
const refund = (
  refundNo: string,
  orderNo: string,
  amountFen: number,
  more: Partial<RefundRow> = {},
): RefundRow => ({
  refundNo,
  merchantRefundNo: `M-${refundNo}`,
  orderNo,
  amountFen,
  currency: 'CNY',
  occurredAt: noon + 1000,
  day: date,
  ...more,
});
const charged = (
  hisSerialNo: string,
  orderNo: string,
  amountFen: number,
  more: Partial<HisRow> = {},
): HisRow => ({
  hisSerialNo,
  kind: 'payment',
  orderNo,
  amountFen,
  currency: 'CNY',
  occurredAt: noon + 2000,
  day: date,
  ...more,
});
const line = (lineNo: number, orderNo: string, amountFen: number, more: Partial<BillRow> = {}): BillRow => ({
  lineNo,
  kind: 'payment',
  orderNo: `A-${orderNo}`,
  channelNo: `T-${orderNo}`,
  amountFen,
  feeFen: 0,
  currency: 'CNY',
  occurredAt: noon,
  day: date,
  ...more,
});

const run = (input: Partial<MatchInput>) =>
  match({ orders: [], refunds: [], hisRecords: [], billLines: [], rules, ...input });
const kinds = (input: Partial<MatchInput>) =>
  run(input).results.map((r) => `${r.leg}:${r.tradeKind}:${r.kind}`);

describe('the three-way match', () => {
  test('a payment that all three sides know is matched on both legs', () => {
    const { results, totals } = run({
      orders: [order('1', 1999)],
      hisRecords: [charged('h1', '1', 1999)],
      billLines: [line(1, '1', 1999, { feeFen: 12 })],
    });
    expect(results.map((r) => [r.leg, r.kind, r.differenceFen])).toEqual([
      ['his', 'matched', 0],
      ['channel', 'matched', 0],
    ]);
    expect(totals).toEqual({
      hisFen: 1999,
      platformFen: 1999,
      abnormalRefundFen: 0,
      channelFen: 1999,
      feeFen: 12,
      hisCount: 1,
      platformCount: 1,
      channelCount: 1,
      differenceFen: 0,
    });
  });

  test('a payment that HIS never booked is platform_only with difference HIS − platform', () => {
    const { results, totals } = run({ orders: [order('1', 1999)], billLines: [line(1, '1', 1999)] });
    expect(results[0]).toMatchObject({ leg: 'his', kind: 'platform_only', differenceFen: -1999 });
    expect(totals.differenceFen).toBe(1999);
  });

  test('a charge that nobody paid is his_only, with or without an order of ours', () => {
    expect(kinds({ hisRecords: [charged('h1', 'nobody', 50000)] })).toEqual(['his:payment:his_only']);
    expect(
      kinds({ orders: [order('1', 0, { standing: 'ended' })], hisRecords: [charged('h1', '1', 50000)] }),
    ).toEqual(['his:payment:his_only']);
  });

  test('a refund that only HIS booked has a negative amount', () => {
    const { results } = run({ hisRecords: [charged('h1', 'x', 731, { kind: 'refund' })] });
    expect(results[0]).toMatchObject({
      kind: 'his_only',
      tradeKind: 'refund',
      hisFen: -731,
      differenceFen: -731,
    });
  });

  test('a bill line that the platform does not know is channel_only', () => {
    expect(kinds({ billLines: [line(1, 'foreign', 800)] })).toEqual(['channel:payment:channel_only']);
  });

  test('money in the bill for an order still open is channel_only, for an ended one a status difference', () => {
    expect(kinds({ orders: [order('1', 0, { standing: 'open' })], billLines: [line(1, '1', 800)] })).toEqual([
      'channel:payment:channel_only',
    ]);
    expect(kinds({ orders: [order('1', 0, { standing: 'ended' })], billLines: [line(1, '1', 800)] })).toEqual(
      ['channel:payment:status'],
    );
  });

  test('a paid order that the bill lacks is platform_only on the channel leg', () => {
    expect(kinds({ orders: [order('1', 800)], hisRecords: [charged('h1', '1', 800)] })).toEqual([
      'his:payment:matched',
      'channel:payment:platform_only',
    ]);
  });

  test('different amounts are named on the leg where they differ', () => {
    const { results } = run({
      orders: [order('1', 1000)],
      hisRecords: [charged('h1', '1', 990)],
      billLines: [line(1, '1', 1000)],
    });
    expect(results.map((r) => [r.leg, r.kind, r.differenceFen])).toEqual([
      ['his', 'amount', -10],
      ['channel', 'matched', 0],
    ]);
  });

  test('a charge booked twice is one match and one duplicate', () => {
    const { results } = run({
      orders: [order('1', 1000)],
      hisRecords: [charged('h1', '1', 1000), charged('h2', '1', 1000)],
      billLines: [line(1, '1', 1000)],
    });
    expect(results.map((r) => [r.leg, r.kind, r.hisSerialNos])).toEqual([
      ['his', 'matched', ['h1']],
      ['his', 'duplicate', ['h2']],
      ['channel', 'matched', []],
    ]);
  });

  test('a payment that stands twice in the bill is one match and one duplicate', () => {
    expect(
      kinds({
        orders: [order('1', 1000)],
        hisRecords: [charged('h1', '1', 1000)],
        billLines: [line(1, '1', 1000), line(2, '1', 1000)],
      }),
    ).toEqual(['his:payment:matched', 'channel:payment:matched', 'channel:payment:duplicate']);
  });

  test('two HIS charges that add up to one payment are a split without a difference', () => {
    const { results } = run({
      orders: [order('1', 1000)],
      hisRecords: [charged('h1', '1', 600), charged('h2', '1', 400)],
    });
    expect(results[0]).toMatchObject({ kind: 'split', differenceFen: 0, hisSerialNos: ['h1', 'h2'] });
  });

  test('another currency is a currency difference', () => {
    expect(
      kinds({ orders: [order('1', 1000)], hisRecords: [charged('h1', '1', 1000, { currency: 'JPY' })] })[0],
    ).toBe('his:payment:currency');
  });

  test('refunds match by their own number, each for itself', () => {
    const { results } = run({
      refunds: [refund('r1', '1', 300), refund('r2', '1', 300), refund('r3', '1', 100)],
      orders: [order('1', 1000, { day: '2026-10-17' })],
      hisRecords: [
        charged('h0', '1', 1000, { day: '2026-10-17' }),
        charged('h1', '1', 300, { kind: 'refund', refundNo: 'M-r2' }),
      ],
      billLines: [
        line(1, '1', 300, { kind: 'refund', refundNo: 'r1' }),
        line(2, '1', 300, { kind: 'refund', refundNo: 'r2' }),
        line(3, '1', 90, { kind: 'refund', refundNo: 'r3' }),
      ],
    });
    expect(results.map((r) => [r.leg, r.kind, r.refundNo, r.differenceFen])).toEqual([
      ['his', 'matched', 'r2', 0],
      ['his', 'platform_only', 'r1', 300],
      ['his', 'platform_only', 'r3', 100],
      ['channel', 'matched', 'r1', 0],
      ['channel', 'matched', 'r2', 0],
      ['channel', 'amount', 'r3', 10],
    ]);
  });

  test('a payment of an earlier day that HIS never charged, given back today, is no difference of today', () => {
    const { results, totals } = run({
      orders: [order('1', 1000, { day: '2026-10-17' }), order('2', 500)],
      refunds: [refund('r1', '1', 1000)],
      hisRecords: [charged('h2', '2', 500)],
      billLines: [line(1, '1', 1000, { kind: 'refund', refundNo: 'r1' }), line(2, '2', 500)],
    });
    expect(results.map((r) => [r.leg, r.kind, r.differenceFen])).toEqual([
      ['his', 'abnormal_refund', 0],
      ['his', 'matched', 0],
      ['channel', 'matched', 0],
      ['channel', 'matched', 0],
    ]);
    expect(totals).toMatchObject({
      hisFen: 500,
      platformFen: 500,
      abnormalRefundFen: 1000,
      channelFen: -500,
      differenceFen: 0,
    });
  });

  test('an earlier day’s refund that HIS does not know is a difference when HIS charged the payment', () => {
    const { results, totals } = run({
      orders: [order('1', 1000, { day: '2026-10-17' })],
      refunds: [refund('r1', '1', 1000)],
      hisRecords: [charged('h1', '1', 1000, { day: '2026-10-17' })],
    });
    expect(results[0]).toMatchObject({ kind: 'platform_only', tradeKind: 'refund', differenceFen: 1000 });
    expect(totals).toMatchObject({ platformFen: -1000, abnormalRefundFen: 0 });
  });

  test('abnormal refunds never exceed what HIS lacks', () => {
    const { results, totals } = run({
      orders: [order('1', 1000, { day: '2026-10-17' })],
      refunds: [refund('r1', '1', 150), refund('r2', '1', 100, { occurredAt: noon + 2000 })],
      hisRecords: [charged('h1', '1', 800, { day: '2026-10-17' })],
    });
    expect(results.filter((r) => r.leg === 'his').map((r) => [r.kind, r.platformFen])).toEqual([
      ['abnormal_refund', -150],
      ['platform_only', -100],
    ]);
    expect(totals).toMatchObject({ platformFen: -100, abnormalRefundFen: 150 });
  });

  test('part of a payment given back the same day lessens what HIS lacks', () => {
    const { results, totals } = run({ orders: [order('1', 1000)], refunds: [refund('r1', '1', 400)] });
    expect(results[0]).toMatchObject({ kind: 'platform_only', platformFen: 600, differenceFen: -600 });
    expect(totals).toMatchObject({ platformFen: 600, abnormalRefundFen: 0 });
  });

  test('a payment given back the same day that HIS never knew nets to zero', () => {
    const { results } = run({
      orders: [order('1', 1000)],
      refunds: [refund('r1', '1', 1000)],
      billLines: [line(1, '1', 1000), line(2, '1', 1000, { kind: 'refund', refundNo: 'r1' })],
    });
    expect(results[0]).toMatchObject({ leg: 'his', kind: 'matched', netted: true, platformFen: 0 });
    expect(results[0]?.platformIds).toEqual(['1', 'r1']);
  });

  test('a payment reversed at the channel nets to zero in its bill', () => {
    const { results } = run({
      orders: [order('1', 0, { standing: 'ended' })],
      billLines: [line(1, '1', 1000), line(2, '1', 1000, { kind: 'refund' })],
    });
    expect(results).toHaveLength(1);
    expect(results[0]).toMatchObject({ kind: 'matched', netted: true, channelFen: 0, lineNos: [1, 2] });
  });

  test('a record that stands in the neighbour day is in transit, seen from either day', () => {
    const late = { occurredAt: dayEnd - 30_000 };
    const tomorrow = charged('h1', '1', 1000, { day: '2026-10-19', occurredAt: dayEnd + 30_000 });
    const today = run({
      orders: [order('1', 1000, late)],
      hisRecords: [tomorrow],
      billLines: [line(1, '1', 1000)],
    });
    expect(today.results[0]).toMatchObject({
      kind: 'in_transit',
      platformFen: 1000,
      hisFen: 0,
      elsewhereFen: 1000,
      elsewhereDays: ['2026-10-19'],
    });
    const next = run({
      orders: [order('1', 1000, late)],
      hisRecords: [tomorrow],
      rules: { ...rules, date: '2026-10-19' },
    });
    expect(next.results).toHaveLength(1);
    expect(next.results[0]).toMatchObject({
      kind: 'in_transit',
      platformFen: 0,
      hisFen: 1000,
      differenceFen: 1000,
    });
  });

  test('a payment just before midnight may be in the next bill; once that is at hand it is missing', () => {
    const input = {
      orders: [order('1', 1000, { occurredAt: dayEnd - 60_000 })],
      hisRecords: [charged('h1', '1', 1000)],
    };
    expect(kinds(input)[1]).toBe('channel:payment:in_transit');
    expect(kinds({ ...input, rules: { ...rules, nextBillKnown: true } })[1]).toBe(
      'channel:payment:platform_only',
    );
    expect(kinds({ ...input, orders: [order('1', 1000)] })[1]).toBe('channel:payment:platform_only');
  });

  test('a fee that differs from the agreed rate is named with what was expected', () => {
    const { results } = run({
      orders: [order('1', 10050)],
      hisRecords: [charged('h1', '1', 10050)],
      billLines: [line(1, '1', 10050, { feeFen: 61 })],
      rules: { ...rules, feePpm: 6000 },
    });
    expect(results[1]).toMatchObject({ kind: 'fee', feeFen: 61, expectedFeeFen: 60, differenceFen: 0 });
  });

  describe('a tolerance', () => {
    const a = (paidFen: number) => [order('1', paidFen)];
    const bothLegs = (toleranceFen: { his?: number; channel?: number }) =>
      run({
        orders: a(1000),
        hisRecords: [charged('h1', '1', 998)],
        billLines: [line(1, '1', 1003)],
        rules: { ...rules, toleranceFen },
      });

    test('lets amounts agree up to it on its own leg, and their difference stays visible', () => {
      expect(bothLegs({ his: 2 }).results.map((r) => [r.leg, r.kind, r.differenceFen])).toEqual([
        ['his', 'matched', -2],
        ['channel', 'amount', 3],
      ]);
      expect(bothLegs({ his: 2 }).totals.differenceFen).toBe(2);
      expect(bothLegs({ his: 1, channel: 3 }).results.map((r) => r.kind)).toEqual(['amount', 'matched']);
    });

    test('covers refunds that share a number, and sums of several records', () => {
      const refunded = run({
        orders: a(1000),
        refunds: [refund('r1', '1', 500)],
        hisRecords: [
          charged('h1', '1', 600),
          charged('h2', '1', 399),
          charged('h3', '1', 501, { kind: 'refund', refundNo: 'r1' }),
        ],
        rules: { ...rules, billKnown: false, toleranceFen: { his: 1 } },
      });
      expect(refunded.results.map((r) => [r.tradeKind, r.kind, r.differenceFen])).toEqual([
        ['refund', 'matched', -1],
        ['payment', 'matched', -1],
      ]);
    });

    test('reaches neither another day nor another currency, and excuses no missing side', () => {
      const tolerant = { ...rules, billKnown: false, toleranceFen: { his: 5 } };
      const his = (more: Partial<HisRow>) =>
        kinds({ orders: a(1000), hisRecords: [charged('h1', '1', 999, more)], rules: tolerant });
      expect(his({ day: '2026-10-19' })).toEqual(['his:payment:amount']);
      expect(his({ currency: 'JPY' })).toEqual(['his:payment:currency']);
      expect(kinds({ orders: a(3), rules: tolerant })).toEqual(['his:payment:platform_only']);
    });

    test('does not hide a fee that was not agreed', () => {
      const { results } = run({
        orders: a(10050),
        hisRecords: [charged('h1', '1', 10050)],
        billLines: [line(1, '1', 10049, { feeFen: 61 })],
        rules: { ...rules, feePpm: 6000, toleranceFen: { channel: 1 } },
      });
      expect(results[1]).toMatchObject({ kind: 'fee', expectedFeeFen: 60, differenceFen: -1 });
    });
  });

  describe('several payments and several records of one HIS bill', () => {
    const bill = (orderNo: string, paidFen: number, more: Partial<OrderRow> = {}) =>
      order(orderNo, paidFen, { hisNumbers: ['H1', `B-${orderNo}`], ...more });
    const booked = (
      serial: string,
      orderNo: string | undefined,
      amountFen: number,
      more: Partial<HisRow> = {},
    ) => {
      const { orderNo: _, ...rest } = charged(serial, '', amountFen, { hisOrderNo: 'H1', ...more });
      return orderNo === undefined ? rest : { ...rest, orderNo };
    };
    const noBill = { ...rules, billKnown: false };
    const told = (input: Partial<MatchInput>) =>
      run({ rules: noBill, ...input }).results.map((r) => [
        r.kind,
        r.platformIds,
        r.hisSerialNos,
        r.differenceFen,
      ]);

    test('settle each other when they add up, under whichever number HIS names', () => {
      const orders = [bill('1', 1000), bill('2', 2000)];
      for (const named of ['1', '2', undefined]) {
        expect(told({ orders, hisRecords: [booked('h', named, 3000)] })).toEqual([
          ['split', ['1', '2'], ['h'], 0],
        ]);
      }
      const three = [booked('h', '1', 1500), booked('i', undefined, 900), booked('j', '2', 600)];
      expect(told({ orders, hisRecords: three })).toEqual([['split', ['1', '2'], ['h', 'i', 'j'], 0]]);
    });

    test('settle one payment by records that carry the number of the bill alone', () => {
      const records = [booked('h', undefined, 400), booked('i', undefined, 600, { hisOrderNo: 'B-1' })];
      expect(told({ orders: [bill('1', 1000)], hisRecords: records.slice(0, 1) })[0]?.[0]).toBe('his_only');
      expect(told({ orders: [bill('1', 400)], hisRecords: records.slice(0, 1) })).toEqual([
        ['matched', ['1'], ['h'], 0],
      ]);
    });

    test('leave every order its own record first, and differ when they do not add up', () => {
      const orders = [bill('1', 1000), bill('2', 1000)];
      expect(told({ orders, hisRecords: [booked('h', '2', 1000)] })).toEqual([
        ['platform_only', ['1'], [], -1000],
        ['matched', ['2'], ['h'], 0],
      ]);
      expect(told({ orders, hisRecords: [booked('h', '1', 2001)] })).toEqual([
        ['amount', ['1'], ['h'], 1001],
        ['platform_only', ['2'], [], -1000],
      ]);
    });

    test('leave refunds of such payments ordinary refunds', () => {
      const { results, totals } = run({
        orders: [bill('1', 1000), bill('2', 2000)],
        refunds: [refund('r1', '2', 2000)],
        hisRecords: [booked('h', '1', 3000), booked('i', '1', 2000, { kind: 'refund' })],
        rules: noBill,
      });
      expect(results.map((r) => [r.tradeKind, r.kind, r.bridged])).toEqual([
        ['payment', 'split', true],
        ['refund', 'matched', true],
      ]);
      expect(totals).toMatchObject({ abnormalRefundFen: 0, differenceFen: 0 });
    });

    test('of two days are in transit on both', () => {
      const orders = [bill('1', 1000, { day: '2026-10-17' }), bill('2', 2000)];
      const input = { orders, hisRecords: [booked('h', '2', 3000)] };
      for (const day of ['2026-10-17', date]) {
        expect(told({ ...input, rules: { ...noBill, date: day } })[0]?.[0]).toBe('in_transit');
      }
    });

    test('stand alone where the rule says so', () => {
      const orders = [bill('1', 1000), bill('2', 2000)];
      const alone = { ...noBill, manyToOne: false };
      expect(
        told({ orders, hisRecords: [booked('h', undefined, 3000)], rules: alone }).map(([kind]) => kind),
      ).toEqual(['platform_only', 'platform_only', 'his_only'].toSorted((a, b) => (a < b ? -1 : 1)));
    });
  });

  test('several records by the channel’s number, or HIS’s own, settle one payment', () => {
    const numbers = [{ orderNo: 'M-1' }, { channelTradeNo: 'T-1' }];
    for (const first of numbers) {
      for (const second of numbers) {
        const { orderNo: _, ...record } = charged('h1', '1', 600);
        const hisRecords = [
          { ...record, ...first },
          { ...record, hisSerialNo: 'h2', amountFen: 400, ...second },
        ];
        expect(kinds({ orders: [order('1', 1000)], hisRecords })[0]).toBe('his:payment:split');
      }
    }
  });

  describe('the days of a channel', () => {
    const paid = [order('1', 1000)];
    const laterLine = (days: number) => [line(1, '1', 1000, { day: `2026-10-${18 + days}` })];
    const told = (
      more: Partial<typeof rules & { suspenseDays: number; isSuspended: boolean }>,
      lines: BillRow[] = [],
    ) =>
      run({
        orders: paid,
        hisRecords: [charged('h', '1', 1000)],
        billLines: lines,
        rules: { ...rules, ...more },
      })
        .results.filter(({ leg }) => leg === 'channel')
        .map(({ kind, platformFen, channelFen }) => [kind, platformFen, channelFen]);

    test('are waited for before a payment counts as missing in its bill', () => {
      expect(told({ suspenseDays: 2, isSuspended: true })).toEqual([['in_transit', 1000, 0]]);
      expect(told({ suspenseDays: 2, isSuspended: false })).toEqual([['platform_only', 1000, 0]]);
      expect(told({ suspenseDays: 0, isSuspended: true })).toEqual([['platform_only', 1000, 0]]);
    });

    test('bound how far apart a payment and its line may lie, and both days say the same', () => {
      const seenOn = (day: string, suspenseDays: number) =>
        told({ suspenseDays, date: day }, laterLine(2)).flat();
      expect([seenOn(date, 2), seenOn('2026-10-20', 2)]).toEqual([
        ['in_transit', 1000, 0],
        ['in_transit', 0, 1000],
      ]);
      expect([seenOn(date, 1), seenOn('2026-10-20', 1)]).toEqual([
        ['platform_only', 1000, 0],
        ['channel_only', 0, 1000],
      ]);
    });
  });

  test('HIS may call an order by our number, its own number, or the channel’s', () => {
    const numbers = [{ orderNo: '1' }, { orderNo: 'M-1' }, { orderNo: 'A-1' }, { channelTradeNo: 'T-1' }];
    for (const number of numbers) {
      const { orderNo: _, ...record } = charged('h1', '1', 1000);
      expect(kinds({ orders: [order('1', 1000)], hisRecords: [{ ...record, ...number }] })[0]).toBe(
        'his:payment:matched',
      );
    }
  });

  test('without a bill there is no channel leg', () => {
    expect(kinds({ orders: [order('1', 1)], rules: { ...rules, billKnown: false } })).toEqual([
      'his:payment:platform_only',
    ]);
  });
});
