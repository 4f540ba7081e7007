import { createHash } from 'node:crypto';
import type { DiscrepancySeed } from './rows';

/** The name of one difference, by the same rule under which reconciliation finds it again. */
export const caseKey = (
  leg: 'his' | 'channel',
  merchantCode: string,
  key: string,
  tradeKind: 'payment' | 'refund',
): string => `${leg}:${merchantCode}:${key}:${tradeKind}`;

type Known =
  | 'occurredAt'
  | 'merchantCode'
  | 'payType'
  | 'kind'
  | 'source'
  | 'accountCode'
  | 'date'
  | 'remark';

/** One difference as finance sees it; what is not told is empty, and it is open. */
export function discrepancy(
  leg: 'his' | 'channel',
  key: string,
  facts: Pick<DiscrepancySeed, Known> & Partial<DiscrepancySeed>,
): DiscrepancySeed {
  const tradeKind = facts.tradeKind ?? 'payment';
  const base = caseKey(leg, facts.merchantCode, key, tradeKind);
  const dedupeKey = facts.kind === 'in_transit' ? `${base}:transit:${facts.date}` : base;
  const digest = createHash('sha256').update(dedupeKey).digest('hex').slice(0, 10).toUpperCase();
  const { platformFen = 0, hisFen = 0, channelFen = 0 } = facts;
  return {
    caseNo: `D${facts.date.replaceAll('-', '')}${digest}`,
    orderNo: null,
    hisSerialNo: null,
    bizType: null,
    patientName: null,
    cardNo: null,
    bonusFen: 0,
    feeFen: 0,
    status: 'open',
    refundNo: null,
    channelTradeNo: null,
    runNo: null,
    resolution: null,
    resolutionFen: 0,
    resolutionNote: null,
    resolvedBy: null,
    resolvedAt: null,
    approvedBy: null,
    currency: 'CNY',
    ...facts,
    leg,
    tradeKind,
    dedupeKey,
    platformFen,
    hisFen,
    channelFen,
    differenceFen: (leg === 'his' ? hisFen : channelFen) - platformFen,
  };
}
