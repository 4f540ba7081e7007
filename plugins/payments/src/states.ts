import type { OrderStatus, RefundStatus } from './types';

/** A table of moves: from each state, where to. A state without moves is final. */
export type Moves<State extends string> = Record<State, readonly State[]>;

/** Only the channel's answer moves an order; nothing leaves closed, reversed, failed and refunded. */
export const orderMoves: Moves<OrderStatus> = {
  created: ['pending', 'unknown', 'paid', 'closed', 'reversed', 'failed'],
  pending: ['unknown', 'paid', 'closed', 'reversed', 'failed'],
  unknown: ['pending', 'paid', 'closed', 'reversed', 'failed'],
  paid: ['partially_refunded', 'refunded'],
  partially_refunded: ['refunded'],
  refunded: [],
  closed: [],
  reversed: [],
  failed: [],
};

/**
 * A failed refund may be tried again under its number; and a channel that said no may still have paid,
 * so its later word counts.
 */
export const refundMoves: Moves<RefundStatus> = {
  requested: ['processing', 'succeeded', 'failed', 'unknown'],
  processing: ['succeeded', 'failed', 'unknown'],
  unknown: ['processing', 'succeeded', 'failed'],
  failed: ['processing', 'succeeded'],
  succeeded: [],
};

/** States from which `to` may be reached in one move. */
export function sourcesOf<State extends string>(moves: Moves<State>, to: State): State[] {
  return statesOf(moves).filter((from) => moves[from].includes(to));
}

export const isFinal = <State extends string>(moves: Moves<State>, state: State): boolean =>
  moves[state].length === 0;

/** What is wrong with a table: states that nothing reaches, moves to themselves or doubled. */
export function defectsOf<State extends string>(moves: Moves<State>, start: State): string[] {
  const reached = new Set<State>([start]);
  for (const state of reached) for (const next of moves[state]) reached.add(next);
  const unreachable = statesOf(moves).filter((state) => !reached.has(state));
  const repeated = statesOf(moves).filter(
    (state) => moves[state].includes(state) || new Set(moves[state]).size !== moves[state].length,
  );
  return [
    ...unreachable.map((state) => `${state} cannot be reached`),
    ...repeated.map((state) => `${state} moves to itself or twice to one state`),
  ];
}

function statesOf<State extends string>(moves: Moves<State>): State[] {
  const states: State[] = [];
  for (const state in moves) states.push(state);
  return states;
}
