import type { Clock, Queue } from '@hospital-pay/jobs';
import {
  BillError,
  businessDay,
  completeRow,
  dateValue,
  isUniqueViolation,
  type Payments,
  shiftDay,
  toColumns,
} from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { whole } from '../engine/duck';
import type { Engine } from '../engine/engine';
import { fail } from '../errors';
import { accountRow, merchantRow, readRow, readRows, type StoredAccount } from '../rows';
import type { BillArchive, Receipt } from './archive';
import { billFailure } from './failure';
import { billDueAt } from './schedule';

const retryMinutes = 10;
/** A fetch whose process died is taken up again after this. */
const leaseMinutes = 10;
const minuteMs = 60_000;

const fetchRow = z.object({
  accountCode: z.string(),
  date: z.string(),
  status: z.enum(['waiting', 'done', 'empty', 'failed']),
  nextAt: z.date().nullable(),
  errorCode: z.string().nullable(),
  errorMessage: z.string().nullable(),
  lineNo: z.number().nullable(),
});
export type FundFlowFetch = z.output<typeof fetchRow>;

/** What moved on the merchant's account at the channel, against the trade bill. Amounts in fen, money out negative. */
export interface FundFlowComparison {
  trade: { netFen: number; feeFen: number };
  flow: { netFen: number; feeFen: number; withdrawnFen: number };
  byLabel: { label: string; flow: string; lines: number; amountFen: number }[];
  /** How many orders moved another amount than the trade bill says, and the first of them. */
  differing: number;
  differences: { orderNo: string; tradeFen: number | null; flowFen: number | null; differenceFen: number }[];
}

export interface FundFlows {
  /** Fetches and keeps one day's fund-flow bill now. @throws BILL_FLOW_NOT_OFFERED, ACCOUNT_UNKNOWN */
  fetch(accountCode: string, date: string, receipt: Receipt): Promise<FundFlowFetch>;
  /** @throws BILL_NOT_FOUND when one of the two bills is not kept */
  compare(accountCode: string, date: string): Promise<FundFlowComparison>;
  /** Asks for yesterday's bills once they are due, and again for those that were not ready. */
  sweep(): Promise<void>;
  work(payload: unknown): Promise<void>;
}

export interface FundFlowOptions {
  db: Knex;
  clock: Clock;
  queue: Queue;
  payments: Pick<Payments, 'accounts'>;
  archive: BillArchive;
  engine: Engine;
}

export const fundFlowJob = z.object({ accountCode: z.string(), date: z.string() });

export function createFundFlows({ db, clock, queue, payments, archive, engine }: FundFlowOptions): FundFlows {
  const fetches = () => db('fund_flow_fetches');
  const read = async (accountCode: string, date: string): Promise<FundFlowFetch | undefined> =>
    readRow(fetchRow, await fetches().where({ account_code: accountCode, date }).first());

  async function begin(account: StoredAccount, date: string): Promise<void> {
    if (await read(account.code, date)) return;
    const now = clock.now();
    const attributes = {
      accountCode: account.code,
      merchantCode: account.merchantCode,
      date,
      status: 'waiting',
      nextAt: now,
    };
    await fetches()
      .insert(completeRow(db, attributes, now))
      .catch((error: unknown) => {
        if (!isUniqueViolation(error)) throw error;
      });
  }

  async function end(key: { account_code: string; date: string }, changes: Partial<FundFlowFetch>) {
    const now = clock.now();
    const finishedAt = changes.status === 'waiting' ? null : now;
    const none = { nextAt: null, errorCode: null, errorMessage: null, lineNo: null };
    await fetches()
      .where(key)
      .update(toColumns(db, { ...none, ...changes, finishedAt, updatedAt: now }));
  }

  async function fetch(accountCode: string, date: string, receipt: Receipt): Promise<FundFlowFetch> {
    const account = readRow(accountRow, await db('channel_accounts').where({ code: accountCode }).first());
    if (!account) throw fail('ACCOUNT_UNKNOWN', { accountCode });
    const { driver } = await payments.accounts.connect(accountCode);
    if (!driver.fundFlowBill) throw fail('BILL_FLOW_NOT_OFFERED', { accountCode });
    await begin(account, date);
    const key = { account_code: accountCode, date };
    const again = (minutes: number): Date => new Date(clock.now().getTime() + minutes * minuteMs);
    try {
      const bill = await driver.fundFlowBill(date);
      switch (bill.kind) {
        case 'ready':
          await archive.keepFlows(account, date, bill, receipt);
          await end(key, { status: 'done' });
          break;
        case 'empty':
          await end(key, { status: 'empty' });
          break;
        case 'not-ready':
          await end(key, { status: 'waiting', nextAt: again(bill.retryAfterMinutes) });
          break;
        default:
          bill satisfies never;
      }
    } catch (error) {
      if (!(error instanceof BillError)) throw error;
      const { code, message: errorMessage, lineNo = null } = error;
      const told = { errorCode: `BILL_${code}`, errorMessage, lineNo };
      await end(
        key,
        code === 'UNAVAILABLE' && lineNo === null
          ? { ...told, status: 'waiting', nextAt: again(retryMinutes) }
          : { ...told, status: 'failed' },
      );
    }
    const ended = await read(accountCode, date);
    if (!ended) throw new Error(`the fetch of ${accountCode} ${date} vanished`);
    return ended;
  }

  return {
    fetch,

    async compare(accountCode, date) {
      const [trade, flow] = await Promise.all(
        (['trade', 'fund-flow'] as const).map(async (kind) =>
          (await archive.versions({ accountCode, date, kind })).at(-1),
        ),
      );
      if (!trade || !flow) {
        throw fail('BILL_NOT_FOUND', { accountCode, date, kind: trade ? 'fund-flow' : 'trade' });
      }
      const files = await Promise.all([archive.parquet(trade), archive.parquet(flow)]).catch(billFailure);
      const [tradeFile, flowFile] = files;
      return engine.look(files, async (duck) => {
        const byLabel = await duck.rows(
          z.object({ label: z.string(), flow: z.string(), lines: whole, amount_fen: whole }),
          `SELECT label, flow, count(*) AS lines, sum(amount_fen)::BIGINT AS amount_fen FROM read_parquet($1)
           GROUP BY label, flow ORDER BY label`,
          [flowFile],
        );
        const differences = await duck.rows(
          z.object({
            order_no: z.string(),
            trade_fen: whole.nullable(),
            flow_fen: whole.nullable(),
            difference_fen: whole,
            differing: whole,
          }),
          // A refund's movement may carry the refund's number or the channel's own: all lead to the order.
          `WITH lines AS (SELECT * FROM read_parquet($1)),
           numbers AS (
             SELECT number, min(order_no) AS order_no FROM (
               SELECT order_no AS number, order_no FROM lines UNION ALL SELECT refund_no, order_no FROM lines
               UNION ALL SELECT channel_no, order_no FROM lines) WHERE number <> '' GROUP BY number),
           trade AS (
             SELECT order_no, sum(CASE kind WHEN 'payment' THEN amount_fen ELSE -amount_fen END - fee_fen)::BIGINT AS fen
             FROM lines GROUP BY order_no),
           flow AS (
             SELECT coalesce(own.order_no, theirs.order_no, f.order_no) AS order_no, sum(f.amount_fen)::BIGINT AS fen
             FROM read_parquet($2) f LEFT JOIN numbers own ON own.number = f.order_no
               LEFT JOIN numbers theirs ON theirs.number = f.business_no
             WHERE f.flow <> 'withdrawal' GROUP BY 1),
           told AS (
             SELECT coalesce(t.order_no, f.order_no) AS order_no, t.fen AS trade_fen, f.fen AS flow_fen,
               coalesce(f.fen, 0) - coalesce(t.fen, 0) AS difference_fen
             FROM trade t FULL JOIN flow f USING (order_no))
           SELECT *, count(*) OVER () AS differing FROM told WHERE difference_fen <> 0
           ORDER BY abs(difference_fen) DESC, order_no LIMIT 200`,
          [tradeFile, flowFile],
        );
        return {
          trade: { netFen: trade.paymentFen - trade.refundFen - trade.feeFen, feeFen: trade.feeFen },
          flow: {
            netFen: flow.paymentFen - flow.refundFen + flow.withdrawnFen,
            feeFen: flow.feeFen,
            withdrawnFen: flow.withdrawnFen,
          },
          byLabel: byLabel.map(({ amount_fen, ...row }) => ({ ...row, amountFen: amount_fen })),
          differing: differences[0]?.differing ?? 0,
          differences: differences.map((row) => ({
            orderNo: row.order_no,
            tradeFen: row.trade_fen,
            flowFen: row.flow_fen,
            differenceFen: row.difference_fen,
          })),
        };
      });
    },

    async sweep() {
      const now = clock.now();
      const merchants = new Map(
        readRows(merchantRow, await db('merchants').select('code', 'zone', 'day_cutoff')).map((row) => [
          row.code,
          row,
        ]),
      );
      for (const account of readRows(accountRow, await db('channel_accounts').where({ enabled: true }))) {
        const connected = await payments.accounts.connect(account.code).catch(() => undefined);
        const rule = merchants.get(account.merchantCode);
        if (!rule || !connected?.driver.fundFlowBill) continue;
        const yesterday = shiftDay(businessDay(now, rule), -1);
        if (now >= billDueAt(yesterday, rule, connected.manifest)) await begin(account, yesterday);
      }
      const due: unknown = await fetches()
        .where({ status: 'waiting' })
        .where('next_at', '<=', dateValue(db, now))
        .limit(100);
      for (const { accountCode, date } of readRows(fetchRow, due)) {
        const job = { accountCode, date };
        await queue.add('fund-flow', job, { id: `fund-flow:${accountCode}:${date}:${now.getTime()}` });
      }
    },

    async work(payload) {
      const { accountCode, date } = fundFlowJob.parse(payload);
      const now = clock.now();
      const claimed = await fetches()
        .where({ account_code: accountCode, date, status: 'waiting' })
        .where('next_at', '<=', dateValue(db, now))
        .update(toColumns(db, { nextAt: new Date(now.getTime() + leaseMinutes * minuteMs), updatedAt: now }));
      if (claimed > 0) await fetch(accountCode, date, { at: now, source: 'schedule', by: 'system' });
    },
  };
}
