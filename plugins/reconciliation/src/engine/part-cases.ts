import type { Knex } from 'knex';
import { z } from 'zod';
import { caseKey, remarkOf } from '../cases';
import type { Leg, TradeKind } from '../match';
import { hisRow, moneyStates, orderRow, readRow, refundRow, type StoredAccount } from '../rows';
import { parts, type Shares } from '../shares';
import type { DayCase } from '../write-back';
import { type Duck, literal, whole } from './duck';

/** One payment or refund of an insurance order whose two sides both say who bore what, and do not say the same. */
interface Difference {
  leg: Leg;
  tradeKind: TradeKind;
  orderNo: string;
  refundNo: string | null;
  own: Shares;
  other: Shares;
}

interface Day {
  account: StoredAccount;
  date: string;
  /** Parquet of the day's bill. */
  bill: string | undefined;
}

const share = z.coerce.number();
const ownRow = z.object({
  order_no: z.string(),
  refund_no: z.string().nullable(),
  fund: share,
  account: share,
  other: share,
});
const bookedRow = ownRow.omit({ refund_no: true });
const lineRow = z.object({
  kind: z.enum(['payment', 'refund']),
  order_no: z.string(),
  fund: whole,
  account: whole,
  other: whole,
});

/** Parts of what HIS booked are added up over all its records; the bill is compared line by line. */
const isToldByParts: Record<Leg, Set<DayCase['kind']>> = {
  his: new Set(['amount', 'duplicate', 'his_only']),
  channel: new Set(['amount']),
};

/**
 * The cases of an insurer's account with its orders compared part by part, on either leg, where both sides say who bore
 * what: the parts that differ take the place of what the match says of the whole.
 */
export async function byParts(trx: Knex, duck: Duck, day: Day, cases: DayCase[]): Promise<DayCase[]> {
  const differences = await findDifferences(trx, duck, day);
  const nameOf = (each: { leg: Leg; tradeKind: TradeKind; orderNo: string | null }) =>
    `${each.leg} ${each.tradeKind} ${each.orderNo}`;
  const split = new Set(differences.map(nameOf));
  const kept = cases.filter((each) => !isToldByParts[each.leg].has(each.kind) || !split.has(nameOf(each)));
  const found: DayCase[] = [];
  for (const difference of differences) found.push(...(await casesOfParts(trx, day, difference)));
  return [...kept, ...found];
}

async function findDifferences(trx: Knex, duck: Duck, day: Day): Promise<Difference[]> {
  const lines = day.bill === undefined ? [] : await sharesInBill(duck, day.bill);
  const found: Difference[] = [];
  for (const tradeKind of ['payment', 'refund'] as const) {
    const own = new Map((await ownShares(trx, day, tradeKind)).map((row) => [row.order_no, row]));
    const compare = (leg: Leg, { order_no: orderNo, ...other }: z.output<typeof bookedRow>): void => {
      const row = own.get(orderNo);
      if (!row || parts.every((part) => row[part] === other[part])) return;
      const { fund, account, other: rest } = row;
      const shares = { fund, account, other: rest };
      found.push({ leg, tradeKind, orderNo, refundNo: row.refund_no, own: shares, other });
    };
    for (const row of await bookedShares(trx, day, tradeKind)) compare('his', row);
    for (const { kind, ...line } of lines) if (kind === tradeKind) compare('channel', line);
  }
  return found;
}

/** Insurance orders of the day, or those given back on it. */
function insured(trx: Knex, { account, date }: Day, tradeKind: TradeKind): Knex.QueryBuilder {
  return tradeKind === 'payment'
    ? trx('orders as o')
        .where({ 'o.account_code': account.code, 'o.settled_on': date })
        .whereIn('o.status', [...moneyStates])
        .whereNotNull('o.fund_fen')
    : trx('refunds as r')
        .join('orders as o', 'o.order_no', 'r.order_no')
        .where({ 'r.account_code': account.code, 'r.settled_on': date, 'r.status': 'succeeded' })
        .whereNotNull('o.fund_fen');
}

const ownShares = async (trx: Knex, day: Day, tradeKind: TradeKind) =>
  z.array(ownRow).parse(
    await insured(trx, day, tradeKind).select({
      order_no: 'o.order_no',
      refund_no: tradeKind === 'refund' ? 'r.refund_no' : trx.raw('null'),
      fund: 'o.fund_fen',
      account: 'o.account_fen',
      other: 'o.other_fen',
    }),
  );

const bookedShares = async (trx: Knex, day: Day, tradeKind: TradeKind) =>
  z.array(bookedRow).parse(
    await insured(trx, day, tradeKind)
      .join('his_records as h', 'h.order_no', 'o.order_no')
      .where({ 'h.status': 'booked', 'h.kind': tradeKind === 'payment' ? 'charge' : 'refund' })
      .where('h.merchant_code', day.account.merchantCode)
      .groupBy('o.order_no')
      .havingRaw('count(*) = count(h.fund_fen)')
      .select('o.order_no')
      .sum({ fund: 'h.fund_fen', account: 'h.account_fen', other: 'h.other_fen' }),
  );

const sharesInBill = (duck: Duck, parquet: string) =>
  duck.rows(
    lineRow,
    `SELECT kind, order_no, fund_fen AS fund, account_fen AS account, other_fen AS other
     FROM read_parquet(${literal(parquet)}) WHERE fund_fen IS NOT NULL`,
  );

async function casesOfParts(trx: Knex, { account, date }: Day, difference: Difference): Promise<DayCase[]> {
  const { leg, tradeKind, orderNo, refundNo, own, other } = difference;
  const order = readRow(orderRow, await trx('orders').where({ order_no: orderNo }).first());
  if (!order) return [];
  const refund =
    refundNo === null
      ? undefined
      : readRow(refundRow, await trx('refunds').where({ refund_no: refundNo }).first());
  const kind = tradeKind === 'payment' ? 'charge' : 'refund';
  const record = readRow(
    hisRow,
    await trx('his_records').where({ order_no: orderNo, kind, status: 'booked' }).first(),
  );
  const sign = tradeKind === 'refund' ? -1 : 1;
  const differing = parts.filter((part) => own[part] !== other[part]);
  return differing.map((part) => {
    const [platformFen, otherFen] = [sign * own[part], sign * other[part]];
    return {
      dedupeKey: caseKey(leg, account.merchantCode, orderNo, tradeKind, part),
      leg,
      kind: 'amount',
      tradeKind,
      part,
      source: 't1',
      merchantCode: account.merchantCode,
      accountCode: account.code,
      date,
      occurredAt: refund?.refundedAt ?? order.paidAt ?? order.createdTime,
      orderNo,
      refundNo,
      hisSerialNo: leg === 'his' ? (record?.hisSerialNo ?? null) : null,
      channelTradeNo: order.channelTradeNo,
      payType: account.channel,
      bizType: order.bizType,
      patientName: order.patientName ?? record?.patientName ?? null,
      cardNo: order.cardNo ?? record?.cardNo ?? null,
      platformFen,
      hisFen: leg === 'his' ? otherFen : 0,
      channelFen: leg === 'channel' ? otherFen : 0,
      differenceFen: otherFen - platformFen,
      feeFen: 0,
      remark: remarkOf(leg, 'amount', part),
      status: 'open',
      resolution: null,
      resolutionFen: 0,
      resolvedBy: null,
      resolvedAt: null,
    };
  });
}
