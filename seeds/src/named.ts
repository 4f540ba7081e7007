/**
 * The differences that were put into the month, by name. `seeds/README.md` shows the same table; a test compares them.
 * Days are counted back from today (1 = yesterday), so that the story is the same whenever it is told.
 */
export type NamedKind =
  | 'his_only'
  | 'his_only_refund'
  | 'platform_only'
  | 'missing_from_bill'
  | 'channel_only'
  | 'amount'
  | 'duplicate'
  | 'in_transit'
  | 'fee'
  | 'status'
  | 'healed'
  | 'refunded_online'
  | 'refunded_cash'
  | 'settled_other'
  | 'his_supplement';

export type Named = { kind: NamedKind; daysAgo: readonly number[] };

export const named: readonly Named[] = [
  { kind: 'his_only', daysAgo: [0, 1, 3, 8, 15] },
  { kind: 'his_only_refund', daysAgo: [2, 9, 20] },
  { kind: 'platform_only', daysAgo: [0, 1, 2, 5, 11] },
  { kind: 'missing_from_bill', daysAgo: [4, 17] },
  { kind: 'channel_only', daysAgo: [3, 12, 22] },
  { kind: 'amount', daysAgo: [1, 6, 14, 23] },
  { kind: 'duplicate', daysAgo: [2, 10, 18] },
  { kind: 'in_transit', daysAgo: [4, 11, 19, 26] },
  { kind: 'fee', daysAgo: [7, 21] },
  { kind: 'status', daysAgo: [5, 16, 25] },
  { kind: 'healed', daysAgo: [0, 1, 4, 9, 13, 20, 28] },
  { kind: 'refunded_online', daysAgo: [1, 3, 7, 12, 19, 27] },
  { kind: 'refunded_cash', daysAgo: [6, 16, 24] },
  { kind: 'settled_other', daysAgo: [10, 25] },
  { kind: 'his_supplement', daysAgo: [5, 13, 21, 29] },
];
