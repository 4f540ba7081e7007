import { randomBytes } from 'node:crypto';
import { type OrderView, payments } from '@hospital-pay/payments';
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { alipayCode, type Hospital, startHospital, wechatCode } from '../harness/hospital';

/** Random histories of orders against the gateways; at the end their ledger and ours must say the same. */
const sequences = Number(process.env.SEQUENCES ?? 25);
const system = { kind: 'system' } as const;
const newNo = () => `S${randomBytes(8).toString('hex')}`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

const faults = fc.record({
  operation: fc.constantFrom('pay', 'create', 'query', 'close', 'refund', 'query_refund', 'reverse'),
  kind: fc.constantFrom('http_5xx', 'garbage', 'bad_signature', 'reset'),
});
const step = fc.oneof(
  fc.constant({ do: 'patient pays' } as const),
  fc.constant({ do: 'query' } as const),
  fc.constant({ do: 'close' } as const),
  fc.constant({ do: 'crash' } as const),
  fc.record({ do: fc.constant('refund' as const), part: fc.integer({ min: 1, max: 3 }) }),
  fc.record({ do: fc.constant('fault' as const), fault: faults }),
  fc.record({
    do: fc.constant('notification fault' as const),
    kind: fc.constantFrom('lost_notify', 'duplicate_notify', 'delay_notify', 'notify_before_reply'),
  }),
);
const history = fc.record({
  scene: fc.constantFrom('micropay', 'native'),
  channel: fc.constantFrom('alipay', 'wechat'),
  // 03 hesitates for ever, 05 is taken though the answer is an error, 06 is not, 07 is refused.
  ending: fc.constantFrom(0, 0, 0, 3, 5, 6, 7),
  steps: fc.array(step, { minLength: 1, maxLength: 7 }),
});
type History = typeof history extends fc.Arbitrary<infer Value> ? Value : never;

let hospital: Hospital;
let crashes = 0;
beforeAll(async () => {
  hospital = await startHospital();
}, 90_000);
afterAll(() => hospital.stop());

const room = () => payments(hospital.strapi());

async function live(story: History): Promise<string> {
  const { faults: gateway, patient } = hospital.sandbox;
  const create = () =>
    room().orders.create(
      {
        merchantCode: 'H001',
        merchantOrderNo: newNo(),
        amountFen: 3000 + story.ending,
        subject: '门诊缴费',
        scene: story.scene === 'native' ? 'native' : 'micropay',
        channel: story.channel,
        ...(story.scene === 'micropay'
          ? { authCode: story.channel === 'alipay' ? alipayCode() : wechatCode() }
          : {}),
      },
      system,
    );
  const first = story.steps[0];
  if (first?.do === 'fault') gateway.add(toFault(first.fault));
  const order = await create();
  const { orderNo } = order;
  for (const action of story.steps) {
    const ignoreRefusal = (work: Promise<unknown>) => work.catch(() => undefined);
    switch (action.do) {
      case 'patient pays':
        if (order.payerAction?.kind === 'qr') {
          try {
            patient.pay(null, order.payerAction.text);
          } catch {
            // Closed or paid already: the wallet says so to the patient.
          }
        }
        break;
      case 'query':
        await ignoreRefusal(room().orders.query({ orderNo }, system));
        break;
      case 'close':
        await ignoreRefusal(room().orders.close({ orderNo }, system));
        break;
      case 'refund': {
        const input = {
          order: { orderNo },
          merchantRefundNo: newNo(),
          amountFen: 1000 * action.part,
          reason: '退号',
        };
        await ignoreRefusal(room().refunds.create(input, system));
        break;
      }
      case 'fault':
        gateway.add(toFault(action.fault));
        break;
      case 'notification fault':
        gateway.add({ channel: '*', operation: 'notify', kind: toNotifyFault(action.kind), times: 1 });
        break;
      case 'crash':
        if (crashes < 4) {
          crashes++;
          await hospital.restart();
        }
        break;
      default:
        action satisfies never;
    }
  }
  gateway.clear();
  await settle(orderNo);
  return orderNo;
}

type ReplyFault = 'http_5xx' | 'garbage' | 'bad_signature' | 'reset';
type Operation = 'pay' | 'create' | 'query' | 'close' | 'refund' | 'query_refund' | 'reverse';
const replyFaults: readonly ReplyFault[] = ['http_5xx', 'garbage', 'bad_signature', 'reset'];
const operations: readonly Operation[] = [
  'pay',
  'create',
  'query',
  'close',
  'refund',
  'query_refund',
  'reverse',
];
function toFault(fault: { operation: string; kind: string }) {
  const kind = replyFaults.find((known) => known === fault.kind) ?? 'reset';
  const operation = operations.find((known) => known === fault.operation) ?? 'query';
  return { channel: '*' as const, operation, kind, times: 1 };
}
const notifyFaults = ['lost_notify', 'duplicate_notify', 'delay_notify', 'notify_before_reply'] as const;
const toNotifyFault = (kind: string) => notifyFaults.find((known) => known === kind) ?? 'lost_notify';

/** Whoever waits is asked until nobody waits; an order nobody pays is closed. */
async function settle(orderNo: string): Promise<void> {
  const isOpen = (order: OrderView) => ['created', 'pending', 'unknown'].includes(order.status);
  for (let round = 0; round < 60; round++) {
    const order = await room().orders.query({ orderNo }, system);
    if (isOpen(order)) {
      await room()
        .orders.close({ orderNo }, system)
        .catch(() => undefined);
    }
    const rows: { refund_no: string; status: string }[] = await hospital
      .strapi()
      .db.connection('refunds')
      .where({ order_no: orderNo })
      .select('refund_no', 'status');
    const waiting = rows.filter((row) => row.status !== 'succeeded' && row.status !== 'failed');
    for (const row of waiting) await room().refunds.query({ refundNo: row.refund_no }, system);
    if (!isOpen(order) && waiting.length === 0) return;
    await pause(250);
  }
}

test('after any history the ledgers of gateway and platform agree', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(history, async (story) => {
      const orderNo = await live(story);
      const order = await room().orders.get({ orderNo }, system);
      const [payment] = hospital.sandbox.ledger.payments({ outTradeNo: orderNo });
      const took = payment?.paidAt != null ? payment.amountFen : 0;
      const gave = payment?.refundedFen ?? 0;
      const context = JSON.stringify({ story, order, payment });
      expect(['created', 'pending', 'unknown']).not.toContain(order.status);
      expect({ kept: order.paidFen - order.refundedFen, context }).toEqual({ kept: took - gave, context });
      expect(order.refundedFen).toBeLessThanOrEqual(order.paidFen);
      run++;
    }),
    { numRuns: sequences, endOnFailure: true },
  );
  process.stdout.write(`${run} sequences, ${crashes} restarts: both ledgers agree\n`);
}, 280_000);
