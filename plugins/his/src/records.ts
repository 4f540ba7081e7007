import { isPlatformError } from '@hospital-pay/errors';
import type { Clock } from '@hospital-pay/jobs';
import { businessDay, completeRow, type DayRule, type Events, type Grace } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { fail } from './errors';
import { cashSerialOf, mixedFinder } from './mixed';
import { type Calendar, createCalendar, type HisRecord, hisRecordInput, readRecord } from './record';

export const largestBatch = 10_000;
/** Rows in one statement: 500 × 31 columns stays below SQLite's limit of 32,766 parameters. */
const chunkSize = 500;

export type RowResult =
  | { hisSerialNo: string; result: 'created' | 'unchanged' | 'updated' }
  | {
      hisSerialNo: string | null;
      result: 'error';
      error: { code: string; zh: string; en: string; fields?: string[] };
    };

export interface HisRecords {
  /** Idempotent by (merchant, serial number): the same body changes nothing, another body is HIS's correction. */
  put(merchantCode: string, input: unknown): Promise<RowResult>;
  /** Good rows land even when others are bad; every row is answered in its place. */
  putBatch(merchantCode: string, inputs: unknown[]): Promise<RowResult[]>;
}

interface MerchantRule extends DayRule {
  graceSeconds: number;
}

const merchantRow = z.object({
  zone: z.string().nullable(),
  day_cutoff: z.string().nullable(),
  grace_seconds: z.number().nullable(),
});
const storedRow = z.object({
  his_serial_no: z.string(),
  body_hash: z.string().nullable(),
  order_no: z.string().nullable(),
});

export function createHisRecords(db: Knex, clock: Clock, events: Events, grace: Grace): HisRecords {
  async function ruleOf(merchantCode: string): Promise<MerchantRule> {
    const row: unknown = await db('merchants')
      .where({ code: merchantCode })
      .first('zone', 'day_cutoff', 'grace_seconds');
    if (!row) throw fail('MERCHANT_UNKNOWN', { merchantCode });
    const merchant = merchantRow.parse(row);
    return {
      zone: merchant.zone ?? 'Asia/Shanghai',
      dayCutoff: merchant.day_cutoff ?? '00:00',
      graceSeconds: merchant.grace_seconds ?? 120,
    };
  }

  async function putBatch(merchantCode: string, inputs: unknown[]): Promise<RowResult[]> {
    const rule = await ruleOf(merchantCode);
    const calendar = createCalendar(rule.zone, (moment) => businessDay(moment, rule));
    const results: (RowResult | undefined)[] = inputs.map(() => undefined);
    const accepted = new Map<string, { index: number; record: HisRecord }>();
    const echoes: { index: number; of: string }[] = [];

    inputs.forEach((input, index) => {
      const reading = read(input, calendar);
      if ('result' in reading) {
        results[index] = reading;
        return;
      }
      const earlier = accepted.get(reading.hisSerialNo);
      if (!earlier) accepted.set(reading.hisSerialNo, { index, record: reading });
      else if (earlier.record.bodyHash === reading.bodyHash) echoes.push({ index, of: reading.hisSerialNo });
      else results[index] = refusal(reading.hisSerialNo, fail('HIS_SERIAL_REPEATED'));
    });

    const rows = [...accepted.values()];
    const toHalves = await mixedFinder(
      db,
      merchantCode,
      rows.map(({ record }) => record),
    );
    const news: Parameters<typeof tell>[1] = new Map();
    for (let start = 0; start < rows.length; start += chunkSize) {
      const chunk = rows.slice(start, start + chunkSize);
      const outcome = await store(
        merchantCode,
        chunk.map((row) => row.record),
        toHalves,
        rule,
        news,
      );
      for (const { index, record } of chunk) {
        results[index] = {
          hisSerialNo: record.hisSerialNo,
          result: outcome.get(record.hisSerialNo) ?? 'unchanged',
        };
      }
    }
    tell(merchantCode, news);
    for (const echo of echoes) results[echo.index] = { hisSerialNo: echo.of, result: 'unchanged' };
    return results.filter((result) => result !== undefined);
  }

  /** Once everything is stored: comparisons would take the database from the rest of the batch. */
  function tell(merchantCode: string, news: Map<string, Set<string | null>>): void {
    for (const [hisSerialNo, orderNos] of news) {
      for (const orderNo of orderNos) events.emit('his.changed', { merchantCode, hisSerialNo, orderNo });
    }
  }

  /** One chunk in one transaction; adds to `news` what changed, with the orders that it names and named before. */
  async function store(
    merchantCode: string,
    records: HisRecord[],
    toHalves: (record: HisRecord) => HisRecord[],
    rule: MerchantRule,
    news: Map<string, Set<string | null>>,
  ): Promise<Map<string, 'created' | 'unchanged' | 'updated'>> {
    const now = clock.now();
    const outcome = new Map<string, 'created' | 'unchanged' | 'updated'>();
    const touchedOrders: typeof news = new Map();
    await db.transaction(async (trx) => {
      const rows: unknown = await trx('his_records')
        .where({ merchant_code: merchantCode })
        .whereIn(
          'his_serial_no',
          records.map((record) => record.hisSerialNo),
        )
        .select('his_serial_no', 'body_hash', 'order_no');
      const stored = new Map(
        z
          .array(storedRow)
          .parse(rows)
          .map((row) => [row.his_serial_no, row]),
      );
      const changed = records.filter((record) => {
        const before = stored.get(record.hisSerialNo);
        const result = !before ? 'created' : before.body_hash === record.bodyHash ? 'unchanged' : 'updated';
        outcome.set(record.hisSerialNo, result);
        return result !== 'unchanged';
      });
      if (changed.length === 0) return;
      const written = changed.flatMap(toHalves);
      for (const { hisSerialNo, orderNo } of written) {
        const before = stored.get(hisSerialNo);
        touchedOrders.set(hisSerialNo, new Set([orderNo ?? null, ...(before ? [before.order_no] : [])]));
      }
      const corrected = changed.filter(({ hisSerialNo }) => stored.has(hisSerialNo));
      if (corrected.length > 0) await dropOldHalves(trx, merchantCode, corrected, written, touchedOrders);
      const graceOf = await grace.of(trx, { merchantCode, date: businessDay(now, rule) });
      const dueReconAt = ({ payType, bizType }: HisRecord): Date => {
        const seconds = graceOf({ channel: payType, bizType: bizType ?? null }) ?? rule.graceSeconds;
        return new Date(now.getTime() + seconds * 1000);
      };
      await trx('his_records')
        .insert(
          written.map((record) =>
            completeRow(trx, attributesOf(merchantCode, record, now, dueReconAt(record)), now),
          ),
        )
        .onConflict(['merchant_code', 'his_serial_no'])
        .merge(mergedColumns);
    });
    for (const [hisSerialNo, orderNos] of touchedOrders) news.set(hisSerialNo, orderNos);
    return outcome;
  }

  /** A correction may have left a payment with one half: the other's record is void. */
  async function dropOldHalves(
    trx: Knex,
    merchantCode: string,
    corrected: HisRecord[],
    written: HisRecord[],
    touchedOrders: Map<string, Set<string | null>>,
  ): Promise<void> {
    const kept = new Set(written.map(({ hisSerialNo }) => hisSerialNo));
    const possible = corrected.map(({ hisSerialNo }) => cashSerialOf(hisSerialNo));
    const gone = possible.filter((serial) => !kept.has(serial));
    const rows: unknown = await trx('his_records')
      .where({ merchant_code: merchantCode })
      .whereIn('his_serial_no', gone)
      .whereNot({ status: 'voided' })
      .select('id', 'his_serial_no', 'body_hash', 'order_no');
    for (const row of z.array(storedRow.extend({ id: z.number() })).parse(rows)) {
      await trx('his_records').where({ id: row.id }).update({ status: 'voided' });
      touchedOrders.set(row.his_serial_no, new Set([row.order_no]));
    }
  }

  return {
    putBatch,
    async put(merchantCode, input) {
      const [result] = await putBatch(merchantCode, [input]);
      if (!result) throw fail('HIS_RECORD_INVALID');
      return result;
    },
  };
}

/** Every attribute in every row, so that one statement fits them all and a correction can also clear a field. */
function attributesOf(
  merchantCode: string,
  record: HisRecord,
  receivedAt: Date,
  dueReconAt: Date,
): Record<string, unknown> {
  return {
    merchantCode,
    hisSerialNo: record.hisSerialNo,
    hisOrderNo: record.hisOrderNo ?? null,
    kind: record.kind,
    orderNo: record.orderNo ?? null,
    refundNo: record.refundNo ?? null,
    channelTradeNo: record.channelTradeNo ?? null,
    amountFen: record.amountFen,
    fundFen: record.fundFen ?? null,
    accountFen: record.accountFen ?? null,
    otherFen: record.otherFen ?? null,
    cashFen: record.cashFen ?? null,
    currency: record.currency,
    payType: record.payType,
    bizType: record.bizType ?? null,
    status: record.status,
    patientName: record.patientName ?? null,
    patientId: record.patientId ?? null,
    cardNo: record.cardNo ?? null,
    terminalCode: record.terminalCode ?? null,
    department: record.department ?? null,
    operatorCode: record.operatorCode ?? null,
    occurredAt: record.occurredAt,
    settledOn: record.settledOn,
    receivedAt,
    bodyHash: record.bodyHash,
    dueReconAt,
  };
}

const mergedColumns = [
  'updated_at',
  'his_order_no',
  'kind',
  'order_no',
  'refund_no',
  'channel_trade_no',
  'amount_fen',
  'fund_fen',
  'account_fen',
  'other_fen',
  'cash_fen',
  'currency',
  'pay_type',
  'biz_type',
  'status',
  'patient_name',
  'patient_id',
  'card_no',
  'terminal_code',
  'department',
  'operator_code',
  'occurred_at',
  'settled_on',
  'received_at',
  'body_hash',
  'due_recon_at',
];

function read(input: unknown, calendar: Calendar): HisRecord | RowResult {
  const parsed = hisRecordInput.safeParse(input);
  if (!parsed.success) {
    const fields = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'record'))];
    return refusal(serialOf(input), fail('HIS_RECORD_INVALID'), fields);
  }
  try {
    return readRecord(parsed.data, calendar);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    return refusal(parsed.data.hisSerialNo, fail('HIS_RECORD_INVALID'), ['occurredAt']);
  }
}

function refusal(hisSerialNo: string | null, error: unknown, fields?: string[]): RowResult {
  if (!isPlatformError(error)) throw error;
  return {
    hisSerialNo,
    result: 'error',
    error: { code: error.code, ...error.text, ...(fields ? { fields } : {}) },
  };
}

function serialOf(input: unknown): string | null {
  const named = z.object({ hisSerialNo: z.string() }).safeParse(input);
  return named.success ? named.data.hisSerialNo : null;
}
