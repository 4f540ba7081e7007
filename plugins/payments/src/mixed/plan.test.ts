import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { defectsOf, isFinal } from '../states';
import type { MixedState } from '../types';
import { type Leg, type LegName, mixedMoves, nextStep } from './plan';

/** One half as its order would stand: what was taken, what was given back. */
interface Half {
  neededFen: number;
  isMade: boolean;
  end: 'open' | 'paid' | 'ended';
  refund: 'none' | 'under way' | 'failed' | 'done';
}

const legOf = (half: Half): Leg => {
  if (half.neededFen === 0) return 'none';
  if (!half.isMade) return 'missing';
  if (half.end !== 'paid') return half.end;
  const legs = {
    none: 'held',
    'under way': 'refunding',
    failed: 'refund_failed',
    done: 'given_back',
  } as const;
  return legs[half.refund];
};
const heldFen = (half: Half) => (half.end === 'paid' && half.refund !== 'done' ? half.neededFen : 0);

/** A mixed payment in a world where anything may happen between two looks at it. */
class World {
  state: MixedState = 'quoted';
  isOver = false;
  readonly halves: Record<LegName, Half>;
  readonly refundsAsked: LegName[] = [];
  hisTold = 0;

  constructor(
    insuredFen: number,
    cashFen: number,
    readonly isTogether: boolean,
  ) {
    const half = (neededFen: number): Half => ({ neededFen, isMade: false, end: 'open', refund: 'none' });
    this.halves = { insurance: half(insuredFen), cash: half(cashFen) };
  }

  private move(to: MixedState) {
    if (!mixedMoves[this.state].includes(to)) throw new Error(`${this.state} → ${to}`);
    this.state = to;
    if (to === 'paid') this.hisTold += 1;
  }

  confirm() {
    const { insurance, cash } = this.halves;
    if (this.isOver) return;
    if (this.state === 'quoted') {
      this.move(this.isTogether || insurance.neededFen === 0 ? 'paying' : 'settling');
    }
    if (this.state === 'settling') insurance.isMade = true;
    if (this.state !== 'paying') return;
    cash.isMade = cash.neededFen > 0;
    insurance.isMade ||= this.isTogether && insurance.neededFen > 0;
  }

  /** One look, and one thing done; a process may die after any of them. */
  look(): boolean {
    const legs = { insurance: legOf(this.halves.insurance), cash: legOf(this.halves.cash) };
    const step = nextStep(this.state, legs, this.isOver);
    switch (step.do) {
      case 'wait':
        return false;
      case 'move':
        this.move(step.to);
        return true;
      case 'refund':
        this.refundsAsked.push(step.leg);
        this.halves[step.leg].refund = 'under way';
        return true;
      default:
        return step satisfies never;
    }
  }

  settle() {
    for (let looks = 0; this.look(); looks++) if (looks > 20) throw new Error(`no end in ${this.state}`);
  }
}

const event = fc.oneof(
  fc.record({
    what: fc.constantFrom('paid' as const, 'ended' as const),
    leg: fc.constantFrom<LegName>('insurance', 'cash'),
  }),
  fc.record({
    what: fc.constantFrom('refund done' as const, 'refund failed' as const),
    leg: fc.constantFrom<LegName>('insurance', 'cash'),
  }),
  fc.record({ what: fc.constantFrom('look' as const, 'confirm' as const, 'refund asked' as const) }),
  fc.record({ what: fc.constant('time is over' as const) }),
);
type Event = typeof event extends fc.Arbitrary<infer Value> ? Value : never;

function happen(world: World, told: Event) {
  switch (told.what) {
    case 'look':
      world.look();
      return;
    case 'confirm':
      world.confirm();
      return;
    case 'refund asked':
      if (world.state === 'paid') world.state = 'refunding';
      return;
    case 'time is over':
      world.isOver = true;
      return;
    case 'paid':
    case 'ended': {
      const half = world.halves[told.leg];
      if (half.isMade && half.end === 'open') half.end = told.what;
      return;
    }
    case 'refund done':
    case 'refund failed': {
      const half = world.halves[told.leg];
      if (half.refund === 'under way' || half.refund === 'failed') {
        half.refund = told.what === 'refund done' ? 'done' : 'failed';
      }
      return;
    }
    default:
      told satisfies never;
  }
}

describe('the plan of a mixed payment', () => {
  test('every state is reachable, and an end is an end', () => {
    expect(defectsOf(mixedMoves, 'quoting')).toEqual([]);
    const final: MixedState[] = ['refused', 'closed', 'undone', 'refunded'];
    for (const state of final) expect(isFinal(mixedMoves, state)).toBe(true);
  });

  test('whatever happens, it ends with both halves paid or both given back, insurance first, to the fen', () => {
    const split = fc.tuple(fc.nat(9_999), fc.nat(9_999)).filter(([insured, cash]) => insured + cash > 0);
    fc.assert(
      fc.property(
        split,
        fc.boolean(),
        fc.array(event, { maxLength: 30 }),
        ([insured, cash], together, events) => {
          const world = new World(insured, cash, together);
          for (const told of events) happen(world, told);
          // In the end every channel answers, time is over, and a person has tried again what had stopped.
          world.isOver = true;
          for (const half of Object.values(world.halves))
            if (half.isMade && half.end === 'open') half.end = 'ended';
          for (let tries = 0; tries < 5; tries++) {
            world.settle();
            for (const leg of ['insurance', 'cash'] as const) happen(world, { what: 'refund done', leg });
          }
          world.settle();
          const held = heldFen(world.halves.insurance) + heldFen(world.halves.cash);
          if (world.state === 'paid') expect(held).toBe(insured + cash);
          else {
            expect(['closed', 'undone', 'refunded']).toContain(world.state);
            expect(held).toBe(0);
          }
          expect(world.hisTold).toBe(world.state === 'paid' || world.state === 'refunded' ? 1 : 0);
          // Each half is asked back once, insurance before the cash.
          expect(world.refundsAsked).toEqual(
            (['insurance', 'cash'] as const).filter((leg) => world.refundsAsked.includes(leg)),
          );
        },
      ),
      { numRuns: 2000 },
    );
  });
});
