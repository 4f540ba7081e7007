import type { Knex } from 'knex';
import type { Core } from '../core';
import { toColumns } from '../rows';
import type { MixedRow, OrderRow } from '../store';
import type { HisConfirmPayload } from '../types';

/** HIS is told once, of the whole. */
export const hisPayload = (
  row: MixedRow,
  orders: { insurance: OrderRow | undefined; cash: OrderRow | undefined },
  paidAt: Date,
): HisConfirmPayload | undefined => {
  const named = orders.insurance ?? orders.cash;
  if (!named) return undefined;
  return {
    orderNo: row.mixedNo,
    merchantCode: row.merchantCode,
    merchantOrderNo: row.merchantOrderNo,
    businessNo: row.businessNo,
    bizType: row.bizType,
    amountFen: row.totalFen,
    currency: named.currency,
    channel: named.channel,
    scene: named.scene,
    channelTradeNo: named.channelTradeNo,
    paidAt: paidAt.toISOString(),
    patientId: row.patientId,
    cardNo: row.cardNo,
    terminalCode: row.terminalCode,
    operatorCode: row.operatorCode,
    mixed: {
      fundFen: row.fundFen ?? 0,
      accountFen: row.accountFen ?? 0,
      otherFen: row.otherFen ?? 0,
      cashFen: row.cashFen ?? 0,
      insuranceOrderNo: row.insuranceOrderNo,
      cashOrderNo: row.cashOrderNo,
    },
  };
};

/** HIS's word is about both halves. */
export async function bookedByHis(
  trx: Knex,
  mixedNo: string | null,
  word: Record<string, Knex.Value>,
): Promise<void> {
  if (mixedNo === null) return;
  await trx('mixed_payments').where({ mixed_no: mixedNo }).update(word);
  await trx('orders').where({ mixed_no: mixedNo }).update(word);
}

/** True when the merchant has chosen that refused money goes back by itself: then it is on its way. */
export async function refusedByHis(core: Core, trx: Knex, mixedNo: string, reason: string): Promise<boolean> {
  const now = core.clock.now();
  await bookedByHis(trx, mixedNo, toColumns(trx, { hisState: 'refused', updatedAt: now }));
  const owner = await trx('merchants')
    .join('mixed_payments', 'mixed_payments.merchant_code', 'merchants.code')
    .where({ mixed_no: mixedNo })
    .first('his_refusal');
  if (owner?.his_refusal !== 'refund') return false;
  const refunding = {
    state: 'refunding',
    stateAt: now,
    nextLookAt: now,
    refundReason: `HIS ${reason}`.slice(0, 80),
    updatedAt: now,
  };
  const moved = await trx('mixed_payments')
    .where({ mixed_no: mixedNo })
    .where({ state: 'paid' })
    .update(toColumns(trx, refunding));
  return moved === 1;
}
