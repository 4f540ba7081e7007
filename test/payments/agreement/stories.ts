import fc from 'fast-check';

/** What people, networks and gateways do to a few orders, one after the other or at once. */
export type Step =
  | { do: 'pay'; order: number }
  /** The patient confirms on the telephone, or taps it away. */
  | { do: 'patient'; order: number; pays: boolean }
  | { do: 'query' | 'close' | 'reverse'; order: number }
  /** `number`: repeated numbers are repeated refunds. `share`: quarters of the amount. */
  | { do: 'refund'; order: number; number: number; share: number }
  | { do: 'query refund'; order: number; number: number }
  | { do: 'fault'; operation: Operation; kind: ReplyFault; phase: 'before' | 'after'; ms: number }
  | { do: 'notification fault'; kind: NotifyFault; ms: number }
  | { do: 'late payment'; order: number; answersDone: boolean }
  | { do: 'refund fails later'; order: number; outcome: 'abnormal' | 'closed' }
  | { do: 'HIS fault'; kind: ReplyFault; phase: 'before' | 'after'; times: number }
  | { do: 'repeat notification'; order: number; times: number }
  | { do: 'time passes'; seconds: number };

export type Operation = 'pay' | 'create' | 'query' | 'close' | 'refund' | 'query_refund' | 'reverse';
export type ReplyFault = 'reply_lost' | 'http_5xx' | 'garbage' | 'bad_signature' | 'reset' | 'delay';
export type NotifyFault =
  | 'lost_notify'
  | 'duplicate_notify'
  | 'delay_notify'
  | 'reorder_notify'
  | 'notify_before_reply'
  | 'tampered_notify_amount';

export interface OrderPlan {
  scene: 'micropay' | 'native' | 'jsapi';
  channel: 'alipay' | 'wechat';
  /** Last two digits of the amount: 01 paid, 02 hesitates, 03 for ever, 04 bad code, 05 error but taken, 06 error, 07 no money. */
  ending: number;
  hundreds: number;
  /** Orders of one business may be paid once; HIS refuses some businesses and forgets others. */
  business: 'none' | 'own' | 'shared' | 'refused by HIS' | 'forgotten by HIS';
}

export interface Scheduled {
  step: Step;
  /** False: the next step does not wait for this one. */
  waits: boolean;
  /** Strikes the call to the gateway that this step makes. */
  under?: { kind: ReplyFault; phase: 'before' | 'after'; ms: number } | undefined;
}

export interface Story {
  orders: OrderPlan[];
  steps: Scheduled[];
}

/** The machine itself: told at which command it dies, and how long after. */
export interface Mishap {
  kind: 'none' | 'kill' | 'restart';
  atCommand: number;
  afterMs: number;
  /** A slow answer of this operation, already booked at the gateway, so that it is under way when the process dies. */
  during: Operation;
}

export interface Batch {
  stories: Story[];
  mishap: Mishap;
}

const orderIndex = fc.nat({ max: 2 });
const operations = fc.constantFrom<Operation>(
  'pay',
  'create',
  'query',
  'close',
  'refund',
  'query_refund',
  'reverse',
);
const replyFaults = fc.constantFrom<ReplyFault>(
  'reply_lost',
  'http_5xx',
  'garbage',
  'bad_signature',
  'reset',
  'delay',
);
const phases = fc.constantFrom<'before' | 'after'>('after', 'after', 'before');
const refundNumber = fc.nat({ max: 2 });
const ms = fc.integer({ min: 5, max: 250 });

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 7, arbitrary: fc.record({ do: fc.constant('pay' as const), order: orderIndex }) },
  {
    weight: 7,
    arbitrary: fc.record({
      do: fc.constant('patient' as const),
      order: orderIndex,
      pays: fc.constantFrom(true, true, true, false),
    }),
  },
  {
    weight: 5,
    arbitrary: fc.record({
      do: fc.constantFrom('query' as const, 'query' as const, 'close' as const, 'reverse' as const),
      order: orderIndex,
    }),
  },
  {
    weight: 8,
    arbitrary: fc.record({
      do: fc.constant('refund' as const),
      order: orderIndex,
      number: refundNumber,
      share: fc.constantFrom(1, 1, 2, 2, 4, 5),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('query refund' as const),
      order: orderIndex,
      number: refundNumber,
    }),
  },
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constant('fault' as const),
      operation: operations,
      kind: replyFaults,
      phase: phases,
      ms,
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      do: fc.constant('notification fault' as const),
      kind: fc.constantFrom<NotifyFault>(
        'lost_notify',
        'duplicate_notify',
        'delay_notify',
        'reorder_notify',
        'notify_before_reply',
        'tampered_notify_amount',
      ),
      ms,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('late payment' as const),
      order: orderIndex,
      answersDone: fc.boolean(),
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      do: fc.constant('refund fails later' as const),
      order: orderIndex,
      outcome: fc.constantFrom<'abnormal' | 'closed'>('abnormal', 'closed'),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('HIS fault' as const),
      kind: fc.constantFrom<ReplyFault>('reply_lost', 'http_5xx', 'garbage', 'reset'),
      phase: phases,
      times: fc.constantFrom(1, 2, 3, 20),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('repeat notification' as const),
      order: orderIndex,
      times: fc.integer({ min: 1, max: 3 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      do: fc.constant('time passes' as const),
      seconds: fc.constantFrom(1, 3, 6, 16, 40, 70, 1000),
    }),
  },
);

const plan: fc.Arbitrary<OrderPlan> = fc.record({
  scene: fc.constantFrom<OrderPlan['scene']>('micropay', 'micropay', 'native', 'native', 'jsapi'),
  channel: fc.constantFrom<OrderPlan['channel']>('alipay', 'wechat'),
  ending: fc.constantFrom(0, 1, 0, 2, 3, 4, 5, 6, 7),
  hundreds: fc.integer({ min: 1, max: 99 }),
  business: fc.constantFrom<OrderPlan['business']>('none', 'own', 'refused by HIS', 'forgotten by HIS'),
});

const beginnings: Step[][] = [
  [],
  [{ do: 'patient', order: 0, pays: true }],
  [
    { do: 'pay', order: 1 },
    { do: 'patient', order: 0, pays: true },
    { do: 'patient', order: 1, pays: true },
  ],
  [
    { do: 'patient', order: 0, pays: true },
    { do: 'refund', order: 0, number: 0, share: 2 },
  ],
  [{ do: 'late payment', order: 0, answersDone: true }],
];

const struck = fc.option(fc.record({ kind: replyFaults, phase: phases, ms }), { nil: undefined, freq: 3 });

/** Every story begins by paying something: the rest has something to happen to. */
export const story: fc.Arbitrary<Story> = fc
  .record({
    orders: fc.array(plan, { minLength: 3, maxLength: 3 }),
    beginning: fc.constantFrom(...beginnings),
    isOneBusiness: fc.boolean(),
    atOnce: fc.boolean(),
    faults: fc.array(struck, { minLength: 4, maxLength: 4 }),
    steps: fc.array(fc.record({ step, waits: fc.constantFrom(true, true, false), under: struck }), {
      minLength: 3,
      maxLength: 14,
    }),
  })
  .map(
    ({ orders, beginning, isOneBusiness, atOnce, faults, steps }): Story => ({
      orders: isOneBusiness ? orders.map((order) => ({ ...order, business: 'shared' })) : orders,
      steps: [
        { step: { do: 'pay', order: 0 }, waits: true, under: faults[0] },
        ...beginning.map((first, index) => ({ step: first, waits: !atOnce, under: faults[index + 1] })),
        ...steps,
      ],
    }),
  );

export const mishap = (kind: Mishap['kind']): fc.Arbitrary<Mishap> =>
  fc.record({
    kind: fc.constant(kind),
    atCommand: fc.integer({ min: 1, max: 120 }),
    afterMs: fc.integer({ min: 0, max: 200 }),
    during: fc.constantFrom<Operation>(
      'pay',
      'pay',
      'create',
      'refund',
      'refund',
      'close',
      'query',
      'reverse',
    ),
  });

export const batch = (size: number, kind: Mishap['kind']): fc.Arbitrary<Batch> =>
  fc.record({ stories: fc.array(story, { minLength: size, maxLength: size }), mishap: mishap(kind) });
