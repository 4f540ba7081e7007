import { setTimeout as sleep } from 'node:timers/promises';
import { alipayCode, wechatCode } from '../../harness/hospital';
import type { Batch, Operation, OrderPlan, Scheduled, Step, Story } from './stories';
import type { World } from './world';

/** One order of a story and what its merchant knows of it. */
export interface Slot {
  plan: OrderPlan;
  merchantOrderNo: string;
  businessNo: string | undefined;
  amountFen: number;
  body: Record<string, unknown>;
  isSent: boolean;
  orderNo?: string;
}

export interface Performed {
  slots: Slot[];
  story: Story;
  commands: number;
  /** What was answered that must not be. */
  faults: string[];
}

const payer = { alipay: '2088102146225135', wechat: 'oUpF8uMuAJO_M2pxb1Q9zNjWeS6o' };
const businessPrefix: Record<OrderPlan['business'], string> = {
  none: '',
  own: 'OWN',
  shared: 'SHARED',
  'refused by HIS': 'REFUSE',
  'forgotten by HIS': 'SILENT',
};

function slotOf(plan: OrderPlan, storyName: string, index: number): Slot {
  const amountFen = plan.hundreds * 100 + plan.ending;
  const merchantOrderNo = `${storyName}-${index}`;
  const businessNo =
    plan.business === 'none'
      ? undefined
      : `${businessPrefix[plan.business]}-${storyName}${plan.business === 'shared' ? '' : `-${index}`}`;
  return {
    plan,
    merchantOrderNo,
    businessNo,
    amountFen,
    isSent: false,
    body: {
      merchantOrderNo,
      amountFen,
      subject: '门诊缴费',
      scene: plan.scene,
      channel: plan.channel,
      ...(businessNo === undefined ? {} : { businessNo }),
      ...(plan.scene === 'micropay'
        ? { authCode: plan.channel === 'alipay' ? alipayCode() : wechatCode() }
        : {}),
      ...(plan.scene === 'jsapi' ? { payerId: payer[plan.channel] } : {}),
    },
  };
}

export interface Batched {
  performed: Performed[];
  /** The machine died while a gateway had booked a call and not yet answered it. */
  diedInCall: boolean;
}

/** Longer than the machine lives on, so that it never hears the answer. */
const slowAnswerMs = 400;
const longestWaitMs = 1500;

/** Lives the stories of a batch side by side, with the one mishap the machine has in it. */
export async function perform(world: World, batch: Batch, name: string): Promise<Batched> {
  const { faults } = world.sandbox;
  let commands = 0;
  let mishap: Promise<void> | undefined;
  let diedInCall = false;
  const paying = new Set<Promise<unknown>>();

  const fail = async () => {
    const { kind, afterMs, during } = batch.mishap;
    const slow = faults.add({
      channel: '*',
      operation: during,
      kind: 'delay',
      delayMs: slowAnswerMs,
      times: 1,
    });
    const isStruck = () => faults.list().every(({ id }) => id !== slow.id);
    const end = Date.now() + longestWaitMs;
    while (!isStruck() && Date.now() < end) await sleep(5);
    diedInCall = isStruck();
    await sleep(afterMs);
    await (kind === 'kill' ? world.kill() : world.restart());
  };
  const beforeCommand = () => {
    commands++;
    if (batch.mishap.kind !== 'none' && commands >= batch.mishap.atCommand) mishap ??= fail();
  };

  const live = async (story: Story, storyName: string): Promise<Performed> => {
    const slots = story.orders.map((plan, index) => slotOf(plan, storyName, index));
    const performed: Performed = { slots, story, commands: story.steps.length, faults: [] };
    const underWay: Promise<void>[] = [];
    for (const scheduled of story.steps) {
      beforeCommand();
      const doing = act(world, scheduled, slots, performed.faults, paying);
      if (scheduled.waits) await doing;
      else underWay.push(doing);
    }
    await Promise.all(underWay);
    return performed;
  };

  const performed = await Promise.all(batch.stories.map((story, index) => live(story, `${name}-${index}`)));
  if (batch.mishap.kind !== 'none') await (mishap ?? fail());
  return { performed, diedInCall };
}

/** Which call to a gateway a step comes down to. */
function operationOf(step: Step, plan: OrderPlan): Operation | undefined {
  switch (step.do) {
    case 'pay':
      return plan.scene === 'micropay' ? 'pay' : 'create';
    case 'query':
    case 'refund':
      return step.do;
    case 'close':
    case 'reverse':
    case 'late payment':
      return plan.scene === 'micropay' ? 'reverse' : 'close';
    case 'query refund':
      return 'query_refund';
    default:
      return undefined;
  }
}

async function act(
  world: World,
  { step, under }: Scheduled,
  slots: Slot[],
  wrong: string[],
  paying: Set<Promise<unknown>>,
): Promise<void> {
  const { sandbox } = world;
  // What is done to an order that was never sent is done to one that was.
  const sent = slots.filter((candidate) => candidate.isSent);
  const chosen = 'order' in step ? slots[step.order] : undefined;
  const slot =
    step.do === 'pay' || chosen?.isSent ? chosen : sent[('order' in step ? step.order : 0) % sent.length];
  const path = (of: Slot) => `/api/v1/orders/${of.merchantOrderNo}`;

  /** A merchant who got no answer asks for the order by its own number. */
  const numberOf = async (of: Slot): Promise<string | undefined> => {
    if (of.isSent && of.orderNo === undefined) {
      const answer = await world.call('GET', path(of));
      if (answer?.status === 200) of.orderNo = String(answer.body.orderNo);
    }
    return of.orderNo;
  };

  const operation = slot && operationOf(step, slot.plan);
  if (under && operation) {
    const { kind, phase, ms } = under;
    const orderNo = slot.orderNo === undefined ? {} : { orderNo: slot.orderNo };
    sandbox.faults.add({
      channel: slot.plan.channel,
      operation,
      kind,
      phase,
      delayMs: ms,
      times: 1,
      ...orderNo,
    });
  }

  switch (step.do) {
    case 'pay': {
      if (!slot) return;
      slot.isSent = true;
      const call = world.call('POST', '/api/v1/orders', slot.body);
      paying.add(call);
      const answer = await call.finally(() => paying.delete(call));
      if (answer?.status !== 200) {
        if (answer) wrong.push(`pay ${slot.merchantOrderNo} answered ${JSON.stringify(answer)}`);
        return;
      }
      const orderNo = String(answer.body.orderNo);
      if (slot.orderNo !== undefined && slot.orderNo !== orderNo) {
        wrong.push(`${slot.merchantOrderNo} is ${slot.orderNo} and ${orderNo}`);
      }
      slot.orderNo = orderNo;
      return;
    }
    case 'patient': {
      const orderNo = slot && (await numberOf(slot));
      if (!orderNo || !sandbox.patient.find(null, orderNo)) return;
      if (step.pays) await sandbox.patient.pay(null, orderNo);
      else sandbox.patient.refuse(null, orderNo);
      return;
    }
    case 'query':
      if (slot?.isSent) await world.call('GET', path(slot));
      return;
    case 'close':
    case 'reverse':
      if (slot?.isSent) await world.call('POST', `${path(slot)}/${step.do}`);
      return;
    case 'refund': {
      if (!slot?.isSent) return;
      const amountFen = Math.max(1, Math.floor((slot.amountFen * step.share) / 4));
      const answer = await world.call('POST', '/api/v1/refunds', {
        merchantOrderNo: slot.merchantOrderNo,
        merchantRefundNo: `${slot.merchantOrderNo}-R${step.number}`,
        amountFen,
        reason: '退号',
      });
      if (answer?.status === 200 && amountFen > slot.amountFen) {
        wrong.push(`${amountFen} of ${slot.amountFen} were accepted as a refund`);
      }
      return;
    }
    case 'query refund':
      if (slot?.isSent) await world.call('GET', `/api/v1/refunds/${slot.merchantOrderNo}-R${step.number}`);
      return;
    case 'fault':
      sandbox.faults.add({
        channel: '*',
        operation: step.operation,
        kind: step.kind,
        phase: step.phase,
        delayMs: step.ms,
        times: 1,
      });
      return;
    case 'notification fault':
      sandbox.faults.add({
        channel: '*',
        operation: step.kind === 'notify_before_reply' ? 'create' : 'notify',
        kind: step.kind,
        delayMs: step.ms,
        times: 1,
      });
      return;
    case 'late payment': {
      const orderNo = slot && (await numberOf(slot));
      if (!orderNo) return;
      sandbox.faults.add({
        channel: '*',
        operation: slot.plan.scene === 'micropay' ? 'reverse' : 'close',
        kind: 'pay_after_close',
        orderNo,
        closeAnswersDone: step.answersDone,
      });
      await world.call('POST', `${path(slot)}/close`);
      return;
    }
    case 'refund fails later': {
      const orderNo = slot && (await numberOf(slot));
      if (!orderNo) return;
      sandbox.faults.add({
        channel: 'wechat',
        operation: 'refund',
        kind: 'refund_then_fails',
        orderNo,
        outcome: step.outcome,
      });
      return;
    }
    case 'HIS fault':
      sandbox.faults.add({
        channel: 'his',
        operation: 'confirm',
        kind: step.kind,
        phase: step.phase,
        times: step.times,
        delayMs: 20,
      });
      return;
    case 'repeat notification':
      if (slot?.orderNo) await sandbox.notifications.resend(slot.orderNo, step.times);
      return;
    case 'time passes':
      // A call to a gateway lasts 10 s at most: no more than that passes while an order is being created.
      await Promise.allSettled([...paying]);
      await world.turn(step.seconds * 1000).catch(() => undefined);
      return;
    default:
      step satisfies never;
  }
}
