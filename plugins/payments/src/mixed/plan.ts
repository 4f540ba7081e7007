import type { Moves } from '../states';
import type { MixedState } from '../types';

export const mixedMoves: Moves<MixedState> = {
  quoting: ['quoted', 'refused', 'closed'],
  quoted: ['settling', 'paying', 'closed'],
  refused: [],
  settling: ['paying', 'paid', 'closed', 'undoing'],
  paying: ['paid', 'closed', 'undoing'],
  paid: ['refunding'],
  closed: [],
  undoing: ['undone', 'undo_stopped'],
  undo_stopped: ['undoing'],
  undone: [],
  refunding: ['refunded', 'refund_stopped'],
  refund_stopped: ['refunding'],
  refunded: [],
};

/** How one half stands. `none`: there is nothing to pay in it; `missing`: its order has not been made. */
export type Leg =
  | 'none'
  | 'missing'
  | 'open'
  | 'held'
  | 'ended'
  | 'refunding'
  | 'refund_failed'
  | 'given_back';

export type LegName = 'insurance' | 'cash';
export type Legs = Record<LegName, Leg>;

export type Step = { do: 'wait' } | { do: 'move'; to: MixedState } | { do: 'refund'; leg: LegName };

const wait: Step = { do: 'wait' };
const move = (to: MixedState): Step => ({ do: 'move', to });

/** What is to be done next. `isOver`: nobody may begin a half any longer. */
export function nextStep(state: MixedState, legs: Legs, isOver: boolean): Step {
  switch (state) {
    case 'quoting':
    case 'quoted':
      return isOver ? move('closed') : wait;
    case 'settling':
      if (legs.insurance !== 'held') return whilePaid([legs.insurance], isOver);
      return move(legs.cash === 'none' ? 'paid' : 'paying');
    case 'paying':
      return whilePaid([legs.insurance, legs.cash], isOver);
    case 'undoing':
      return giveBack(legs, 'undo_stopped', 'undone');
    case 'refunding':
      return giveBack(legs, 'refund_stopped', 'refunded');
    case 'undo_stopped':
      return hasWayOn(legs) ? move('undoing') : wait;
    case 'refund_stopped':
      return hasWayOn(legs) ? move('refunding') : wait;
    case 'paid':
    case 'refused':
    case 'closed':
    case 'undone':
    case 'refunded':
      return wait;
    default:
      return state satisfies never;
  }
}

function whilePaid(halves: Leg[], isOver: boolean): Step {
  if (halves.includes('open')) return wait;
  if (halves.every((leg) => leg === 'held' || leg === 'none')) return move('paid');
  const mayGoOn = halves.every((leg) => leg === 'held' || leg === 'none' || leg === 'missing');
  if (mayGoOn && !isOver) return wait;
  return halves.every((leg) => leg === 'none' || leg === 'missing' || leg === 'ended')
    ? move('closed')
    : move('undoing');
}

/** Insurance first, then the cash: the patient's money is the last to go back, and the surest. */
function giveBack(legs: Legs, stopped: MixedState, done: MixedState): Step {
  for (const leg of ['insurance', 'cash'] as const) {
    switch (legs[leg]) {
      case 'held':
        return { do: 'refund', leg };
      case 'open':
      case 'refunding':
        return wait;
      case 'refund_failed':
        return move(stopped);
      case 'none':
      case 'missing':
      case 'ended':
      case 'given_back':
        break;
      default:
        return legs[leg] satisfies never;
    }
  }
  return move(done);
}

/** A person has had the refund that stood in the way tried again, and it came through. */
const hasWayOn = (legs: Legs): boolean =>
  legs.insurance !== 'held' && ![legs.insurance, legs.cash].includes('refund_failed');
