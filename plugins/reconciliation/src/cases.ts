import { createHash } from 'node:crypto';
import { completeRow, toColumns } from '@hospital-pay/payments';
import type { Knex } from 'knex';
import { z } from 'zod';
import { tellTouched } from './handling/history';
import { caseStatuses, resolutions } from './handling/states';
import type { Leg, ResultKind, TradeKind } from './match';
import { partTexts, remarks } from './remarks';
import { readRow, readRows } from './rows';
import type { Part } from './shares';

export type CaseKind = Exclude<ResultKind, 'matched' | 'abnormal_refund'>;
export type Resolution = (typeof resolutions)[number];

/** One difference as finance handles it. Refund amounts are negative; difference = the other side − platform. */
export interface CaseDraft {
  dedupeKey: string;
  leg: Leg;
  kind: CaseKind;
  tradeKind: TradeKind;
  /** Of an insurance order: which part of it. */
  part: Part | null;
  source: 'realtime' | 't1';
  merchantCode: string;
  accountCode: string | null;
  date: string;
  occurredAt: Date;
  orderNo: string | null;
  refundNo: string | null;
  hisSerialNo: string | null;
  channelTradeNo: string | null;
  payType: string | null;
  bizType: string | null;
  patientName: string | null;
  cardNo: string | null;
  /** Of all its amounts. */
  currency: string;
  platformFen: number;
  hisFen: number;
  channelFen: number;
  differenceFen: number;
  feeFen: number;
  remark: string;
}

/** How a machine closes a case by itself. */
export interface Closing {
  status: 'void' | 'resolved';
  resolution: Resolution;
  resolutionFen: number;
  resolvedBy: string | null;
  resolvedAt: Date;
}

/** The name of one difference, whoever finds it: real time and T+1 speak of the same case by it. */
export const caseKey = (
  leg: Leg,
  merchantCode: string,
  key: string,
  tradeKind: TradeKind,
  part: Part | null = null,
): string => `${leg}:${merchantCode}:${key}:${tradeKind}${part === null ? '' : `:${part}`}`;

/** Follows from the key, so that a repeated run finds the same number; long enough for days of hundreds of thousands. */
export function caseNoOf(dedupeKey: string, date: string): string {
  const digest = createHash('sha256').update(dedupeKey).digest('hex').slice(0, 16).toUpperCase();
  return `D${date.replaceAll('-', '')}${digest}`;
}

export function remarkOf(leg: Leg, kind: CaseKind, part: Part | null = null): string {
  if (part !== null) return `${partTexts[part].zh}: ${remarkOf(leg, kind)}`;
  const isHis = leg === 'his';
  switch (kind) {
    case 'his_only':
      return remarks.hisOnly.zh;
    case 'platform_only':
      return (isHis ? remarks.notInHis : remarks.notInBill).zh;
    case 'channel_only':
      return remarks.billOnly.zh;
    case 'amount':
      return (isHis ? remarks.hisAmount : remarks.channelAmount).zh;
    case 'fee':
      return remarks.fee.zh;
    case 'status':
      return remarks.status.zh;
    case 'currency':
      return remarks.currency.zh;
    case 'duplicate':
      return (isHis ? remarks.hisDuplicate : remarks.channelDuplicate).zh;
    case 'in_transit':
      return remarks.inTransit.zh;
    case 'split':
      return remarks.split.zh;
    default:
      return unreachable(kind);
  }
}

function unreachable(value: never): never {
  throw new Error(`unknown kind ${String(value)}`);
}

export const storedCase = z.object({
  id: z.number(),
  caseNo: z.string(),
  merchantCode: z.string(),
  dedupeKey: z.string(),
  status: z.enum(caseStatuses),
  touchedAt: z.date().nullable(),
  source: z.enum(['realtime', 't1']),
  resolvedBy: z.string().nullable(),
  resolution: z.enum(resolutions).nullable(),
  kind: z.string(),
  platformFen: z.number(),
  hisFen: z.number(),
  channelFen: z.number(),
  differenceFen: z.number(),
});

/** Under which what comes on top of a settled difference is kept. */
const keyOfFurther = (dedupeKey: string): string => `${dedupeKey}:after`;

/**
 * What has become of a difference since it was settled: the decision stands, what it did not know of is a case of its own.
 * Undefined when it is as it was.
 */
function furtherThan(settled: z.output<typeof storedCase>, draft: CaseDraft): CaseDraft | undefined {
  if (settled.platformFen === draft.platformFen && settled.hisFen === draft.hisFen) return undefined;
  // Whoever has it booked by HIS expects that both sides agree then.
  const known = settled.resolution === 'his_supplement' ? { platformFen: 0, hisFen: 0 } : settled;
  const platformFen = draft.platformFen - known.platformFen;
  const hisFen = draft.hisFen - known.hisFen;
  if (platformFen === hisFen) return undefined;
  return {
    ...draft,
    dedupeKey: keyOfFurther(settled.dedupeKey),
    kind: 'amount',
    remark: remarks.further.zh,
    platformFen,
    hisFen,
    differenceFen: hisFen - platformFen,
  };
}

/**
 * Raises a case or brings it up to date; what a person has decided stays as it is.
 * @returns the case that is newly open, if any
 */
export async function raiseCase(trx: Knex, draft: CaseDraft, now: Date): Promise<CaseDraft | undefined> {
  const existing = readRow(
    storedCase,
    await trx('discrepancies').where({ dedupe_key: draft.dedupeKey }).first().forUpdate(),
  );
  if (!existing) {
    const caseNo = caseNoOf(draft.dedupeKey, draft.date);
    await trx('discrepancies').insert(completeRow(trx, { ...draft, caseNo, status: 'open' }, now));
    return draft;
  }
  // A run's case is of what happened on its day alone, and its amounts are no measure here.
  if (existing.status === 'resolved' && existing.source === 'realtime') {
    const further = furtherThan(existing, draft);
    if (further) return raiseCase(trx, further, now);
    await closeCases(trx, [keyOfFurther(draft.dedupeKey)], healed(now), now);
    return undefined;
  }
  const isHealed = existing.status === 'void' && existing.resolvedBy === null;
  if (existing.status !== 'open' && !isHealed) return undefined;
  // Whose decision was taken back tells the whole difference again.
  if (existing.touchedAt !== null) {
    await closeCases(trx, [keyOfFurther(draft.dedupeKey)], healed(now), now);
  }
  const isSame =
    existing.status === 'open' &&
    existing.kind === draft.kind &&
    existing.platformFen === draft.platformFen &&
    existing.hisFen === draft.hisFen;
  if (isSame) return undefined;
  await trx('discrepancies')
    .where({ id: existing.id, status: existing.status })
    .update(
      toColumns(trx, {
        kind: draft.kind,
        remark: draft.remark,
        platformFen: draft.platformFen,
        hisFen: draft.hisFen,
        differenceFen: draft.differenceFen,
        hisSerialNo: draft.hisSerialNo,
        occurredAt: draft.occurredAt,
        status: 'open',
        resolution: null,
        resolutionFen: 0,
        resolvedAt: null,
        updatedAt: now,
      }),
    );
  await tellTouched(trx, existing, 'open', now);
  return isHealed ? draft : undefined;
}

/** Its difference is gone. */
export const healed = (now: Date) =>
  ({ status: 'void', resolution: 'healed', resolutionFen: 0, resolvedBy: null, resolvedAt: now }) as const;

const waiting = ['open', 'in_transit'];

/**
 * Closes what is open or in transit under these keys, and what came on top of it; what a person has proposed or decided
 * is left alone.
 */
export async function closeCases(trx: Knex, keys: string[], closing: Closing, now: Date): Promise<void> {
  if (keys.length === 0) return;
  const rows = readRows(
    storedCase,
    await trx('discrepancies')
      .whereIn('dedupe_key', keys)
      .whereIn('status', [...waiting, 'resolved'])
      .forUpdate(),
  );
  const settled = rows.filter(({ status, source }) => status === 'resolved' && source === 'realtime');
  const further = settled.map(({ dedupeKey }) => keyOfFurther(dedupeKey));
  await closeCases(trx, further, healed(now), now);
  for (const row of rows.filter(({ status }) => waiting.includes(status))) {
    await trx('discrepancies')
      .where({ id: row.id })
      .whereIn('status', waiting)
      .update(toColumns(trx, { ...closing, updatedAt: now }));
    await tellTouched(trx, row, closing.status, now);
  }
}
