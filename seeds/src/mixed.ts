import { completeRow, payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import type { Knex } from 'knex';
import { afterSeconds } from './china';
import { accountCodeOf, branches } from './hospital';
import type { OrderSeed } from './rows';

/** So many of the latest outpatient fees were borne in part by insurance. */
const count = 8;

/** What insurance bore of each, in thirds of the patient's own money. */
const sharesOf = (cashFen: number, place: number) => {
  const third = Math.max(100, Math.floor(cashFen / 3));
  return { fundFen: third * (4 + (place % 3)), accountFen: third * (1 + (place % 2)), otherFen: 0 };
};

/**
 * Some of the eastern branch's payments become the cash half of a mixed payment: settled by insurance a moment before,
 * booked by HIS as a whole, and agreeing in both halves.
 */
export async function loadMixed(
  strapi: Core.Strapi,
  trx: Knex,
  orders: readonly OrderSeed[],
  now: Date,
): Promise<void> {
  const [east] = branches;
  const chosen = orders
    .filter(
      (order) =>
        order.merchantCode === east.code &&
        order.status === 'paid' &&
        order.reconState === 'normal' &&
        order.bizType.includes('门诊'),
    )
    .slice(-count);
  for (const [place, cash] of chosen.entries()) {
    const paidAt = cash.paidAt ?? cash.createdTime;
    const settledAt = afterSeconds(cash.createdTime, -20);
    const mixedNo = `${cash.orderNo}0`;
    const orderNo = `${mixedNo}I`;
    const shares = sharesOf(cash.amountFen, place);
    const amountFen = shares.fundFen + shares.accountFen;
    const accountCode = accountCodeOf(east.code, 'insurance');
    const claimNo = `ORD${mixedNo.slice(0, 20)}`;
    const insert = (table: string, row: Record<string, unknown>) =>
      trx(table).insert(completeRow(trx, row, now));
    const insurance = {
      ...cash,
      orderNo,
      merchantOrderNo: orderNo,
      createdTime: settledAt,
      channel: 'insurance',
      payType: 'insurance',
      accountCode,
      scene: 'native',
      tradeType: 'insurance_native',
      channelTradeNo: claimNo,
      amountFen,
      paidFen: amountFen,
      hisChargedFen: amountFen,
      paidAt: settledAt,
      endedAt: settledAt,
      mixedNo,
      ...shares,
    };
    await insert('orders', insurance);
    await insert('attempts', {
      attemptNo: orderNo,
      orderNo,
      channel: 'insurance',
      accountCode,
      scene: 'native',
      amountFen,
      currency: 'CNY',
      status: 'paid',
      channelTradeNo: claimNo,
      startedAt: settledAt,
      endedAt: settledAt,
    });
    const known: { id: number; his_serial_no: string } | undefined = await trx('his_records')
      .where({ merchant_code: cash.merchantCode, order_no: cash.orderNo })
      .first('id', 'his_serial_no');
    // HIS has one number for both halves.
    const serial = known?.his_serial_no ?? mixedNo;
    if (known)
      await trx('his_records')
        .where({ id: known.id })
        .update({ his_serial_no: `${serial}-C` });
    await insert('his_records', {
      merchantCode: cash.merchantCode,
      hisSerialNo: serial,
      hisOrderNo: cash.hisOrderNo,
      kind: 'charge',
      orderNo,
      amountFen,
      ...shares,
      currency: 'CNY',
      payType: 'insurance',
      bizType: cash.bizType,
      status: 'booked',
      patientName: cash.patientName,
      patientId: cash.patientId,
      cardNo: cash.cardNo,
      terminalCode: cash.terminalCode,
      department: cash.department,
      operatorCode: cash.operatorCode,
      occurredAt: paidAt,
      settledOn: cash.settledOn,
      receivedAt: paidAt,
    });
    await trx('orders').where({ order_no: cash.orderNo }).update({ mixed_no: mixedNo });
    const { merchantCode, subject, businessNo, bizType, patientName, patientId, cardNo } = cash;
    const { terminalCode, department, operatorCode, appId, hisState, hisOrderNo, receiptNo } = cash;
    await insert('mixed_payments', {
      ...{ merchantCode, subject, businessNo, bizType, patientName, patientId, cardNo, terminalCode },
      ...{ department, operatorCode, appId, hisState, hisOrderNo, receiptNo, mixedNo, claimNo, accountCode },
      ...shares,
      merchantOrderNo: `${cash.merchantOrderNo}M`,
      state: 'paid',
      totalFen: amountFen + cash.amountFen,
      cashFen: cash.amountFen,
      insuranceChannel: 'insurance',
      insuranceOrderNo: orderNo,
      cashOrderNo: cash.orderNo,
      createdTime: afterSeconds(settledAt, -40),
      expiresAt: afterSeconds(settledAt, 900),
      paidAt,
      stateAt: paidAt,
      requestHash: '',
      sealed: payments(strapi).vault.seal(JSON.stringify({ details: {} }), `mixed-payment:${mixedNo}`),
    });
  }
}
