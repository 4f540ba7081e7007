import { randomBytes } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { formatAmount } from '@hospital-pay/payments';
import fc from 'fast-check';
import { type Audited, audit, essence } from './audit';
import { type Performed, perform } from './perform';
import { batch, type Mishap } from './stories';
import { startWorld, type World, type WorldOptions } from './world';

export interface AgreementOptions extends WorldOptions {
  /** Sequences of commands, lived side by side in batches. */
  sequences: number;
  /** How often the process is killed in the middle, and how often ended properly. */
  kills: number;
  restarts: number;
  /** Repeats a run: what a failure printed. */
  seed?: number;
  batchSize?: number;
}

export interface Agreement {
  sequences: number;
  commands: number;
  kills: number;
  /** Of these, with a call booked at the gateway whose answer was still under way. */
  killsInCall: number;
  restarts: number;
  orders: number;
  refunds: number;
  notifications: number;
  takenFen: number;
  refundedFen: number;
}

const day = 24 * 3600_000;
const settlesWithinMs = 3 * day;
const replays = 3;

/**
 * Random histories against a running platform and simulated gateways; when everything has settled, both sides' ledgers
 * must say the same.
 * @throws Error naming the seed, the sequence and every finding
 */
export async function agree(options: AgreementOptions): Promise<Agreement> {
  const size = options.batchSize ?? 20;
  const total: Agreement = {
    sequences: 0,
    commands: 0,
    kills: 0,
    killsInCall: 0,
    restarts: 0,
    orders: 0,
    refunds: 0,
    notifications: 0,
    takenFen: 0,
    refundedFen: 0,
  };
  const seed = options.seed ?? Date.now() % 2 ** 31;
  const world = await startWorld(options);
  try {
    const batches = Math.max(Math.ceil(options.sequences / size), options.kills + options.restarts);
    const quiet = batches - options.kills - options.restarts;
    const runsOf: [Mishap['kind'], number][] = [
      ['none', quiet],
      ['kill', options.kills],
      ['restart', options.restarts],
    ];
    let lastOrderId = 0;
    for (const [kind, runs] of runsOf) {
      if (runs === 0) continue;
      const result = await fc.check(
        fc.asyncProperty(batch(size, kind), async (drawn) => {
          const name = `Q${randomBytes(5).toString('hex')}`;
          const before = world.sent().length;
          const { performed, diedInCall } = await perform(world, drawn, name);
          const { audited, highest } = await settleAndAudit(world, performed, lastOrderId, before);
          lastOrderId = highest;
          if (audited.findings.length > 0)
            throw new Error(describe(audited, performed, drawn.mishap, options));
          total.sequences += performed.length;
          total.commands += performed.reduce((sum, story) => sum + story.commands, 0);
          total.kills += kind === 'kill' ? 1 : 0;
          total.killsInCall += kind === 'kill' && diedInCall ? 1 : 0;
          total.restarts += kind === 'restart' ? 1 : 0;
          total.orders += audited.orders;
          total.refunds += audited.refunds;
          total.takenFen += audited.takenFen;
          total.refundedFen += audited.refundedFen;
          total.notifications += world.sent().length - before;
        }),
        // A batch leaves its mark on the world, so it is told as it happened and not made smaller.
        { seed, numRuns: runs, endOnFailure: true },
      );
      if (result.failed) {
        const cause =
          result.errorInstance instanceof Error ? result.errorInstance.message : 'no batch was run';
        throw new Error(`seed ${result.seed}, path ${result.counterexamplePath}, ${kind}\n${cause}`);
      }
    }
  } finally {
    await world.stop();
  }
  process.stdout.write(`${sentence(total, options, seed)}\n`);
  return total;
}

async function settleAndAudit(
  world: World,
  performed: Performed[],
  lastOrderId: number,
  sentBefore: number,
): Promise<{ audited: Audited; highest: number }> {
  const { sandbox } = world;
  sandbox.faults.clear();
  const findings: string[] = [];
  const settle = async () => {
    await sandbox.notifications.settled();
    if (!(await world.settle(settlesWithinMs))) findings.push('somebody still waits after three days');
  };
  await settle();
  // Delayed notifications are under way for a moment yet; what was lost is sent again, as the gateways do for a day.
  await sleep(260);
  const first = await world.tables(lastOrderId);
  await Promise.all(first.orders.map((order) => sandbox.notifications.resend(String(order.orderNo))));
  await settle();
  // Cases are opened after the merchant's grace period.
  await world.turn(10_000);
  await sleep(150);
  await settle();

  const settled = await world.tables(lastOrderId);
  // Once more as the gateway would render it, and once more byte by byte as it had come.
  await Promise.all(
    settled.orders.map((order) => sandbox.notifications.resend(String(order.orderNo), replays)),
  );
  await Promise.all(
    world
      .sent()
      .slice(sentBefore)
      .map((notification) => world.post(notification)),
  );
  await settle();
  const repeated = await world.tables(lastOrderId);
  if (essence(repeated) !== essence(settled)) {
    findings.push(`repeated notifications changed\n${essence(settled)}\nto\n${essence(repeated)}`);
  }
  const audited = audit(world, repeated, performed);
  const highest = Math.max(lastOrderId, ...repeated.orders.map((order) => Number(order.id)));
  return { audited: { ...audited, findings: [...findings, ...audited.findings] }, highest };
}

function describe(audited: Audited, performed: Performed[], mishap: Mishap, options: WorldOptions): string {
  const stories = performed
    .filter(({ slots }) =>
      slots.some((slot) => audited.findings.some((finding) => finding.includes(slot.merchantOrderNo))),
    )
    .map(({ slots, story }) =>
      [
        ...slots.map((slot) => `${slot.merchantOrderNo} ${slot.orderNo ?? '-'} ${JSON.stringify(slot.plan)}`),
        ...story.steps.map(
          ({ step, waits, under }) =>
            `  ${waits ? '' : '(at once) '}${JSON.stringify(step)}${under ? ` under ${JSON.stringify(under)}` : ''}`,
        ),
      ].join('\n'),
    );
  return [
    `The ledgers do not agree (${options.database}, HIS refusal: ${options.hisRefusal}):`,
    ...audited.findings.map((finding) => `- ${finding}`),
    `mishap: ${JSON.stringify(mishap)}`,
    ...stories,
  ].join('\n');
}

const sentence = (total: Agreement, options: AgreementOptions, seed: number): string =>
  `agreed on ${options.database}: ${total.sequences} sequences, ${total.commands} commands, ${total.kills} crashes (${total.killsInCall} in the middle of a call), ` +
  `${total.restarts} restarts, ${total.orders} orders, ${total.refunds} refunds, ${total.notifications} notifications, ` +
  `${formatAmount(total.takenFen, 'CNY')} CNY taken, ${formatAmount(total.refundedFen, 'CNY')} returned ` +
  `(seed ${seed})`;
