import { z } from 'zod';
import type { Performed } from './perform';
import type { Tables, World } from './world';

const text = z.string();
const fen = z.number();
const orderRow = z.object({
  id: z.number(),
  orderNo: text,
  merchantOrderNo: text,
  businessNo: text.nullable(),
  status: text,
  amountFen: fen,
  paidFen: fen,
  refundedFen: fen,
  refundingFen: fen,
  hisState: text,
});
const refundRow = z.object({ refundNo: text, orderNo: text, status: text, amountFen: fen, source: text });
const outboxRow = z.object({ orderNo: text, topic: text, status: text });
const namedRow = z.object({ orderNo: text.nullable(), kind: text });

export interface Audited {
  /** Everything that does not agree, in words. */
  findings: string[];
  orders: number;
  refunds: number;
  takenFen: number;
  refundedFen: number;
}

const moneyArrived = new Set(['paid', 'partially_refunded', 'refunded']);
const final = new Set([...moneyArrived, 'closed', 'reversed', 'failed']);

/** Our tables against the gateways' and HIS's own ledgers, order by order, to the fen. */
export function audit(world: World, tables: Tables, performed: Performed[]): Audited {
  const { ledger, his } = world.sandbox;
  const orders = tables.orders.map((row) => orderRow.parse(row));
  const refunds = tables.refunds.map((row) => refundRow.parse(row));
  const outboxes = tables.outboxes.map((row) => outboxRow.parse(row));
  const alarms = tables.alarms.map((row) => namedRow.parse(row));
  const cases = tables.discrepancies.map((row) => namedRow.parse(row));
  const findings: string[] = performed.flatMap(({ faults }) => faults);
  let takenFen = 0;
  let givenFen = 0;

  for (const order of orders) {
    const name = `${order.merchantOrderNo} (${order.orderNo}, ${order.status})`;
    const own = refunds.filter((refund) => refund.orderNo === order.orderNo);
    const raised = [...alarms, ...cases].filter((entry) => entry.orderNo === order.orderNo);
    const isRaised = (...kinds: string[]) => raised.some(({ kind }) => kinds.includes(kind));

    if (!final.has(order.status)) findings.push(`${name} never ended`);
    for (const refund of own) {
      if (refund.status !== 'succeeded' && refund.status !== 'failed') {
        findings.push(`${name}: refund ${refund.refundNo} never ended: ${refund.status}`);
      }
    }

    const payments = ledger.payments({ outTradeNo: order.orderNo });
    const channelRefunds = ledger.refunds({ outTradeNo: order.orderNo });
    const took = payments.reduce((sum, row) => sum + (row.paidAt === null ? 0 : row.amountFen), 0);
    const gave = channelRefunds
      .filter((row) => row.state === 'succeeded')
      .reduce((sum, row) => sum + row.amountFen, 0);
    const reversed = channelRefunds
      .filter((row) => row.kind === 'reversal' && row.state === 'succeeded')
      .reduce((sum, row) => sum + row.amountFen, 0);
    takenFen += took;
    givenFen += gave;

    if (payments.length > 1) findings.push(`${name} has ${payments.length} payments at the gateway`);
    // What a reversal gave back in the same breath was never a payment here.
    if (order.paidFen !== took - reversed) {
      findings.push(`${name}: we took ${order.paidFen}, the gateway ${took} less ${reversed} reversed`);
    }
    if (order.refundedFen !== gave - reversed) {
      findings.push(`${name}: we refunded ${order.refundedFen}, the gateway ${gave - reversed}`);
    }
    const booked = own
      .filter((refund) => refund.status === 'succeeded')
      .reduce((sum, refund) => sum + refund.amountFen, 0);
    if (booked !== order.refundedFen)
      findings.push(`${name}: refunds add up to ${booked}, not ${order.refundedFen}`);
    if (order.refundedFen > order.paidFen) findings.push(`${name}: more refunded than paid`);
    if (order.refundingFen !== 0)
      findings.push(`${name}: ${order.refundingFen} fen still reserved for refunds`);
    if (moneyArrived.has(order.status) && order.paidFen !== order.amountFen) {
      findings.push(`${name}: paid ${order.paidFen} of ${order.amountFen}`);
    }
    const status =
      order.refundedFen === 0
        ? 'paid'
        : order.refundedFen === order.paidFen
          ? 'refunded'
          : 'partially_refunded';
    if (moneyArrived.has(order.status) && order.status !== status) {
      findings.push(`${name}: should be ${status}`);
    }
    for (const refund of own) {
      const rows = channelRefunds.filter((row) => row.refundNo === refund.refundNo);
      const succeeded = rows.filter((row) => row.state === 'succeeded');
      if (
        refund.status === 'succeeded' &&
        (succeeded.length !== 1 || succeeded[0]?.amountFen !== refund.amountFen)
      ) {
        findings.push(
          `${name}: refund ${refund.refundNo} is booked, the gateway says ${JSON.stringify(rows)}`,
        );
      }
      if (refund.status === 'failed') {
        if (succeeded.length > 0)
          findings.push(`${name}: refund ${refund.refundNo} succeeded at the gateway`);
        if (refund.source !== 'api' && !isRaised('refund_failed')) {
          findings.push(`${name}: the automatic refund ${refund.refundNo} failed and nobody was told`);
        }
      }
    }
    const strange = channelRefunds.filter(
      (row) => row.kind === 'refund' && !own.some((refund) => refund.refundNo === row.refundNo),
    );
    if (strange.length > 0)
      findings.push(`${name}: the gateway refunded ${strange[0]?.refundNo}, we did not`);

    const kept = order.paidFen - order.refundedFen;
    const booking = his.booking(order.orderNo);
    if (order.hisState === 'confirmed' && booking?.amountFen !== order.amountFen) {
      findings.push(`${name}: HIS is said to have booked it, and booked ${booking?.amountFen ?? 'nothing'}`);
    }
    if (kept > 0) {
      if (!moneyArrived.has(order.status) && !isRaised('refund_failed')) {
        findings.push(`${name}: holds ${kept} fen of an ended order and nobody was told`);
      }
      const isDead = outboxes.some((row) => row.orderNo === order.orderNo && row.status === 'dead');
      const isSettled =
        order.hisState === 'confirmed' ||
        (order.hisState === 'refused' && isRaised('his_refused')) ||
        (isDead && isRaised('his_silent')) ||
        isRaised('refund_failed') ||
        cases.some((entry) => entry.orderNo === order.orderNo);
      if (!isSettled) findings.push(`${name}: paid, HIS ${order.hisState}, and no case`);
      if (
        order.hisState === 'confirmed' &&
        booking?.silent &&
        cases.every((row) => row.orderNo !== order.orderNo)
      ) {
        findings.push(`${name}: HIS forgot it and no case was opened`);
      }
    }
  }

  const holdingOrders = orders.filter(
    (order) => order.businessNo !== null && order.paidFen > order.refundedFen,
  );
  for (const businessNo of new Set(holdingOrders.map((order) => order.businessNo))) {
    const holding = holdingOrders.filter((order) => order.businessNo === businessNo);
    const told = holding.filter((order) =>
      alarms.some(({ orderNo, kind }) => orderNo === order.orderNo && kind === 'refund_failed'),
    );
    if (holding.length - told.length > 1) {
      findings.push(
        `${businessNo} is paid by ${holding.map((order) => order.merchantOrderNo).join(' and ')}`,
      );
    }
  }

  const known = new Set(orders.map((order) => order.merchantOrderNo));
  for (const { slots } of performed) {
    for (const slot of slots) {
      if (slot.orderNo !== undefined && !known.has(slot.merchantOrderNo)) {
        findings.push(`${slot.merchantOrderNo} was answered as ${slot.orderNo} and is lost`);
      }
    }
  }
  return { findings, orders: orders.length, refunds: refunds.length, takenFen, refundedFen: givenFen };
}

/** What must stay as it is however often a notification comes again. */
export function essence(tables: Tables): string {
  const keep = (rows: Record<string, unknown>[], ...fields: string[]) =>
    rows.map((row) => fields.map((field) => row[field]));
  return JSON.stringify({
    orders: keep(
      tables.orders,
      'orderNo',
      'status',
      'paidFen',
      'refundedFen',
      'refundingFen',
      'paidAt',
      'hisState',
    ),
    refunds: keep(tables.refunds, 'refundNo', 'status', 'amountFen', 'refundedAt', 'channelRefundNo'),
    outboxes: keep(tables.outboxes, 'topic', 'orderNo', 'status', 'attempts'),
  });
}
