import { afterSeconds, dayOf, daysBetween } from './china';
import { accountCodeOf, branches, channels } from './hospital';
import type { DailyTotalSeed, Rows, RunSeed } from './rows';
import { feeOf, isClosed, runFinishedAt } from './traffic';

type Sums = Omit<
  DailyTotalSeed,
  'date' | 'merchantCode' | 'accountCode' | 'payType' | 'differenceFen' | 'runNo'
>;

/** What the runs of the days that are over have written: one run and one total for each account and day. */
export function closedDays(
  rows: Rows,
  firstDay: string,
  now: Date,
): { dailyTotals: DailyTotalSeed[]; runs: RunSeed[] } {
  const sums = sumsByAccountDay(rows);
  const dailyTotals: DailyTotalSeed[] = [];
  const runs: RunSeed[] = [];
  for (const date of daysBetween(firstDay, dayOf(now)).filter((day) => isClosed(day, now))) {
    for (const { code: merchantCode } of branches) {
      for (const payType of channels) {
        const accountCode = accountCodeOf(merchantCode, payType);
        const total = sums(accountCode, date);
        const runNo = `R${date.replaceAll('-', '')}${accountCode.toUpperCase().replaceAll('-', '')}`;
        const differenceFen = total.platformFen - total.hisFen;
        dailyTotals.push({ date, merchantCode, accountCode, payType, ...total, differenceFen, runNo });
        const cases = rows.discrepancies.filter(
          (row) => row.accountCode === accountCode && row.date === date,
        );
        for (const found of cases) if (found.source === 't1') found.runNo = runNo;
        const finishedAt = runFinishedAt(date);
        runs.push({
          runNo,
          merchantCode,
          channel: payType,
          accountCode,
          date,
          status: 'done',
          counts: {
            orders: total.platformCount,
            hisRecords: total.hisCount,
            billLines: total.channelCount,
            discrepancies: cases.length,
          },
          requestedBy: 'system',
          startedAt: afterSeconds(finishedAt, -95),
          finishedAt,
          createdTime: afterSeconds(finishedAt, -120),
        });
      }
    }
  }
  return { dailyTotals, runs };
}

/** Each side by its own day: HIS by its booking day, the platform and the channel by theirs; refunds are negative. */
function sumsByAccountDay(rows: Rows): (accountCode: string, day: string) => Sums {
  const sums = new Map<string, Sums>();
  const at = (accountCode: string, day: string): Sums => {
    const key = `${accountCode} ${day}`;
    const found = sums.get(key) ?? {
      hisFen: 0,
      platformFen: 0,
      abnormalRefundFen: 0,
      channelFen: 0,
      feeFen: 0,
      hisCount: 0,
      platformCount: 0,
      channelCount: 0,
    };
    sums.set(key, found);
    return found;
  };
  for (const record of rows.hisRecords) {
    const sum = at(accountCodeOf(record.merchantCode, record.payType), record.settledOn);
    sum.hisFen += record.kind === 'charge' ? record.amountFen : -record.amountFen;
    sum.hisCount += 1;
  }
  for (const order of rows.orders) {
    if (order.settledOn === null) continue;
    const sum = at(order.accountCode, order.settledOn);
    sum.platformFen += order.paidFen;
    sum.platformCount += 1;
  }
  const orders = new Map(rows.orders.map((order) => [order.orderNo, order]));
  for (const refund of rows.refunds) {
    const sum = at(refund.accountCode, refund.settledOn);
    const order = orders.get(refund.orderNo);
    // Given back later because HIS never charged it: a figure of its own.
    if (order?.hisChargedFen === 0 && order.settledOn !== refund.settledOn) {
      sum.abnormalRefundFen += refund.amountFen;
      continue;
    }
    sum.platformFen -= refund.amountFen;
    sum.platformCount += 1;
  }
  for (const entry of rows.ledger) {
    if (entry.billed) {
      const sum = at(entry.accountCode, dayOf(entry.paidAt));
      sum.channelFen += entry.amountFen;
      sum.feeFen += feeOf(entry.amountFen);
      sum.channelCount += 1;
    }
    for (const refund of entry.refunds) {
      const sum = at(entry.accountCode, dayOf(refund.at));
      sum.channelFen -= refund.amountFen;
      sum.feeFen -= feeOf(refund.amountFen);
      sum.channelCount += 1;
    }
  }
  return at;
}
