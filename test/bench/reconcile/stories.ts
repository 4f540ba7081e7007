import { type Anomaly, orderState } from '@hospital-pay/reconciliation';

/** What one patient leaves behind on each of the three sides, and what reconciliation must say of it. */
export interface Story {
  order?: {
    orderNo: string;
    merchantOrderNo: string;
    tradeNo: string;
    status: 'paid' | 'refunded' | 'closed';
    amountFen: number;
    refundedFen: number;
    paidAt: number;
    settledOn: string | null;
    hisChargedFen: number;
    hisRefundedFen: number;
    reconState: string;
    anomalies: Anomaly[];
  };
  refund?: { refundNo: string; orderNo: string; amountFen: number; at: number };
  his: HisBooking[];
  lines: BillEntry[];
  expected: Expected[];
}

export interface HisBooking {
  serialNo: string;
  kind: 'charge' | 'refund';
  orderNo: string | null;
  refundNo: string | null;
  tradeNo: string | null;
  amountFen: number;
  currency: string;
  at: number;
  settledOn: string;
}

export interface BillEntry {
  kind: 'payment' | 'refund';
  orderNo: string;
  refundNo: string;
  tradeNo: string;
  amountFen: number;
  at: number;
}

/** A case as it must stand in the list afterwards. */
export interface Expected {
  leg: 'his' | 'channel';
  kind: string;
  tradeKind: 'payment' | 'refund';
  /** The order's number, or what the row without an order is called by. */
  number: string;
  differenceFen: number;
  status: 'open' | 'void';
}

export const difference = [
  'his missing',
  'bill missing',
  'platform missing',
  'his only',
  'channel only',
  'his amount',
  'bill amount',
  'his twice',
  'bill twice',
  'his in two parts',
  'closed here and paid there',
  'his on the next day',
  'close to midnight',
  'refund missing in his',
  'refund amount in his',
  'his currency',
  'by channel number',
  'by the number of his',
  'given back a day later',
  'given back and never booked',
] as const;
export type Difference = (typeof difference)[number];

/** One in so many stories has something to tell; one in thirty of the rest is refunded on the same day. */
const everyStory = 25;
const everyRefund = 30;

export interface Day {
  size: number;
  date: string;
  dayBefore: string;
  dayAfter: string;
  /** Midnight that begins the day, epoch ms. */
  start: number;
  /** What of the day never came, or is gone; everything else is as it should be. */
  lost: 'nothing' | 'his' | 'orders';
}

export const differenceOf = ({ lost }: Day, index: number): Difference | undefined =>
  lost === 'nothing' && index % everyStory === everyStory - 1
    ? difference[Math.floor(index / everyStory) % difference.length]
    : undefined;

/** The same index tells the same story, whenever and wherever. */
export function storyOf(day: Day, index: number): Story {
  const told = differenceOf(day, index);
  const digits = String(index).padStart(9, '0');
  const compact = day.date.replaceAll('-', '');
  const orderNo = `${compact}${digits}0${String((index * 7919) % 1_000_000).padStart(6, '0')}`;
  const tradeNo = `${compact}22001${digits}${String((index * 104_729) % 1_000_000).padStart(6, '0')}`;
  const merchantOrderNo = `M${digits}`;
  const amountFen = 100 + ((index * 7919) % 50_000);
  // Spread from 7:00 to 21:00, like a hospital's day.
  const at = day.start + 7 * 3_600_000 + Math.floor((index / day.size) * 14 * 3600) * 1000;
  const refundNo = `${orderNo}R01`;

  const charge = (more: Partial<HisBooking> = {}): HisBooking => ({
    serialNo: `S${digits}`,
    kind: 'charge',
    orderNo,
    refundNo: null,
    tradeNo: null,
    amountFen,
    currency: 'CNY',
    at,
    settledOn: day.date,
    ...more,
  });
  const hisRefund = (more: Partial<HisBooking> = {}): HisBooking =>
    charge({ serialNo: `T${digits}`, kind: 'refund', refundNo, ...more });
  const payment = (more: Partial<BillEntry> = {}): BillEntry => ({
    kind: 'payment',
    orderNo,
    refundNo: '',
    tradeNo,
    amountFen,
    at,
    ...more,
  });
  const billRefund = (): BillEntry => payment({ kind: 'refund', refundNo });
  const refund = { refundNo, orderNo, amountFen, at };
  const expect = (
    leg: Expected['leg'],
    kind: string,
    differenceFen: number,
    more: Partial<Expected> = {},
  ): Expected => ({
    leg,
    kind,
    tradeKind: 'payment',
    number: orderNo,
    differenceFen,
    status: 'open',
    ...more,
  });
  const order = (his: HisBooking[], more: Partial<NonNullable<Story['order']>> = {}) => {
    const refundedFen = more.refundedFen ?? 0;
    const state = orderState(
      { paidFen: more.status === 'closed' ? 0 : amountFen, refundedFen, currency: 'CNY' },
      his,
      false,
    );
    return {
      orderNo,
      merchantOrderNo,
      tradeNo,
      status: refundedFen > 0 ? ('refunded' as const) : ('paid' as const),
      amountFen,
      refundedFen,
      paidAt: at,
      settledOn: day.date,
      ...state,
      ...more,
    };
  };
  const usual = (his: HisBooking[], lines: BillEntry[], expected: Expected[] = []): Story => ({
    order: order(his),
    his,
    lines,
    expected,
  });
  const refunded = (his: HisBooking[], lines: BillEntry[], expected: Expected[] = []): Story => ({
    order: order(his, { refundedFen: amountFen }),
    refund,
    his,
    lines,
    expected,
  });
  const usualOf = (lost: Day['lost']): Story => {
    switch (lost) {
      case 'nothing':
        return usual([charge()], [payment()]);
      case 'his':
        return usual([], [payment()], [expect('his', 'platform_only', -amountFen)]);
      case 'orders':
        return {
          his: [charge()],
          lines: [payment()],
          expected: [expect('his', 'his_only', amountFen), expect('channel', 'channel_only', amountFen)],
        };
    }
  };
  const refundedOf = (lost: Day['lost']): Story => {
    const [his, lines] = [
      [charge(), hisRefund()],
      [payment(), billRefund()],
    ];
    switch (lost) {
      case 'nothing':
        return refunded(his, lines);
      case 'his':
        return refunded([], lines);
      case 'orders':
        return { his, lines, expected: [] };
    }
  };

  switch (told) {
    case undefined:
      return index % everyRefund === 0 ? refundedOf(day.lost) : usualOf(day.lost);
    case 'his missing':
      return usualOf('his');
    case 'bill missing':
      return usual([charge()], [], [expect('channel', 'platform_only', -amountFen)]);
    case 'platform missing':
      return usualOf('orders');
    case 'his only':
      return { his: [charge()], lines: [], expected: [expect('his', 'his_only', amountFen)] };
    case 'channel only':
      return { his: [], lines: [payment()], expected: [expect('channel', 'channel_only', amountFen)] };
    case 'his amount':
      return usual([charge({ amountFen: amountFen + 100 })], [payment()], [expect('his', 'amount', 100)]);
    case 'bill amount':
      return usual([charge()], [payment({ amountFen: amountFen - 1 })], [expect('channel', 'amount', -1)]);
    case 'his twice':
      return usual(
        [charge(), charge({ serialNo: `U${digits}`, at: at + 1000 })],
        [payment()],
        [expect('his', 'duplicate', amountFen)],
      );
    case 'bill twice':
      return usual([charge()], [payment(), payment()], [expect('channel', 'duplicate', amountFen)]);
    case 'his in two parts':
      return usual(
        [charge({ amountFen: 40 }), charge({ serialNo: `U${digits}`, amountFen: amountFen - 40 })],
        [payment()],
      );
    case 'closed here and paid there':
      return {
        order: order([], { status: 'closed', settledOn: null }),
        his: [],
        lines: [payment()],
        expected: [expect('channel', 'status', amountFen)],
      };
    case 'his on the next day':
      return usual(
        [charge({ settledOn: day.dayAfter, at: at + 86_400_000 })],
        [payment()],
        [expect('his', 'in_transit', -amountFen, { status: 'void' })],
      );
    case 'close to midnight': {
      const late = day.start + 86_400_000 - 60_000;
      const his = [charge({ at: late })];
      return {
        order: order(his, { paidAt: late }),
        his,
        lines: [],
        expected: [expect('channel', 'in_transit', -amountFen)],
      };
    }
    case 'refund missing in his':
      return refunded(
        [charge()],
        [payment(), billRefund()],
        [expect('his', 'platform_only', amountFen, { tradeKind: 'refund' })],
      );
    case 'refund amount in his':
      return refunded(
        [charge(), hisRefund({ amountFen: amountFen - 10 })],
        [payment(), billRefund()],
        [expect('his', 'amount', 10, { tradeKind: 'refund' })],
      );
    case 'his currency':
      return usual([charge({ currency: 'JPY' })], [payment()], [expect('his', 'currency', 0)]);
    case 'by channel number':
      return usual([charge({ orderNo: null, tradeNo })], [payment()]);
    case 'by the number of his':
      return usual([charge({ orderNo: merchantOrderNo })], [payment()]);
    case 'given back a day later':
      return {
        order: order([], { settledOn: day.dayBefore, paidAt: at - 86_400_000, refundedFen: amountFen }),
        refund,
        his: [],
        lines: [billRefund()],
        expected: [],
      };
    case 'given back and never booked':
      return refunded([], [payment(), billRefund()]);
    default: {
      const never: never = told;
      return never;
    }
  }
}
