import { z } from 'zod';
import { caseView } from '../figures';
import { type Proposal, proposals } from './states';

const text = z.string().nullable();

/** A case as it is handled. */
export const handledCase = caseView.extend({
  id: z.number(),
  assignee: text,
  /** What waits for approval or for the channel; all `null` otherwise. */
  proposedAction: z.enum(proposals).nullable(),
  proposedFen: z.number().nullable(),
  proposedNote: text,
  /** The day in question when something is marked in transit or carried forward. */
  proposedDay: text,
  proposedBy: text,
  proposedAt: z.date().nullable(),
  approvedBy: text,
  /** Cases matched with each other by hand share it. */
  groupNo: text,
  /** Marked in transit until this day. */
  dueOn: text,
  touchedAt: z.date().nullable(),
});
export type HandledCase = z.output<typeof handledCase>;

/** 短款 while a late bill may still settle it: our payment is missing in the channel's bill. */
export const isShort = (entry: Pick<HandledCase, 'leg' | 'kind' | 'tradeKind' | 'differenceFen'>): boolean =>
  entry.leg === 'channel' &&
  (entry.kind === 'platform_only' || entry.kind === 'in_transit') &&
  entry.tradeKind === 'payment' &&
  entry.differenceFen < 0;

/** What by its nature can be done about a difference, whoever asks. */
export function fittingProposals(entry: HandledCase): Proposal[] {
  const isOwed = entry.leg !== 'channel' && entry.platformFen > entry.hisFen;
  return [
    ...(isOwed && entry.orderNo !== null ? (['online_refund'] as const) : []),
    ...(isOwed && entry.tradeKind === 'payment' ? (['cash', 'other'] as const) : []),
    ...(entry.leg === 'channel' ? [] : (['his_supplement'] as const)),
    'write_off',
    ...(sideOf(entry) === undefined ? [] : (['match'] as const)),
    'in_transit',
    'carry',
  ];
}

/** The one side that a one-sided entry has, and what stands there. */
export function sideOf(
  entry: Pick<HandledCase, 'kind' | 'hisFen' | 'platformFen' | 'channelFen'>,
): { side: 'his' | 'platform' | 'channel'; fen: number } | undefined {
  switch (entry.kind) {
    case 'his_only':
      return { side: 'his', fen: entry.hisFen };
    case 'platform_only':
      return { side: 'platform', fen: entry.platformFen };
    case 'channel_only':
      return { side: 'channel', fen: entry.channelFen ?? 0 };
    default:
      return undefined;
  }
}

/** What a decision does to the figures of the day on which it is made, in fen; `handled` counts cases. */
export interface Effect {
  platformFen: number;
  abnormalRefundFen: number;
  bankArrivalFen: number;
  handled: 0 | 1;
}

/** The day's own difference is history and stays; what changes is what is given back, and what is left to do. */
export function effectOf(action: Proposal, entry: HandledCase, today: string): Effect {
  const fen = Math.abs(entry.differenceFen);
  const none = { platformFen: 0, abnormalRefundFen: 0, bankArrivalFen: 0 };
  switch (action) {
    case 'cash':
    case 'other':
      return { ...none, abnormalRefundFen: fen, bankArrivalFen: -fen, handled: 1 };
    case 'online_refund': {
      // On the payment's own day, and where HIS has booked the refund, it is an ordinary refund within the income.
      const isOrdinary = entry.tradeKind === 'refund' || entry.date === today;
      return isOrdinary
        ? { ...none, platformFen: -fen, bankArrivalFen: -fen, handled: 1 }
        : { ...none, abnormalRefundFen: fen, bankArrivalFen: -fen, handled: 1 };
    }
    case 'his_supplement':
    case 'write_off':
    case 'match':
      return { ...none, handled: 1 };
    case 'in_transit':
    case 'carry':
      return { ...none, handled: 0 };
    default:
      return unreachable(action);
  }
}

function unreachable(value: never): never {
  throw new Error(`unknown proposal ${String(value)}`);
}
