import { describe, expect, test } from '@jest/globals';
import { readFundFlowBill } from './fund-flow';

const header =
  '记账时间,微信支付业务单号,资金流水单号,业务名称,业务类型,收支类型,收支金额(元),账户结余(元),资金变更提交申请人,备注,业务凭证号';
const refund =
  '`2021-02-01 13:54:01,`50300806962021020105978994968,`4200000920202101197964319284,`退款,`退款,`支出,`0.01,`0.22,`1601959334API,' +
  '`退款总金额0.01元;含手续费0.00元,`S2021';
const income =
  '`2021-02-01 14:00:00,`4200000920202101197964319285,`4200000920202101197964319285,`交易,`交易,`收入,`19.99,`20.21,`system,`,`S2022';
const summaryHeader = '资金流水总笔数,收入笔数,收入金额,支出笔数,支出金额';

const file = (rows: string[], summary: string) =>
  Buffer.from(`\ufeff${[header, ...rows, summaryHeader, summary].join('\r\n')}\r\n`);

async function read(text: Buffer) {
  const lines = [];
  for await (const line of (await readFundFlowBill(text)).lines()) lines.push(line);
  return lines;
}

describe('the fund-flow bill', () => {
  test('money out is negative, money in positive, to the fen', async () => {
    const lines = await read(file([refund, income], '`2,`1,`19.99,`1,`0.01'));
    expect(lines).toMatchObject([
      {
        flowNo: '4200000920202101197964319284',
        businessNo: '50300806962021020105978994968',
        orderNo: 'S2021',
        kind: '退款',
        amountFen: -1,
        balanceFen: 22,
        occurredAt: new Date('2021-02-01T05:54:01Z'),
      },
      { kind: '交易', amountFen: 1999, balanceFen: 2021 },
    ]);
  });

  test('a movement lost on the way is noticed', async () => {
    await expect(read(file([refund], '`2,`1,`19.99,`1,`0.01'))).rejects.toMatchObject({ code: 'TOTALS' });
  });

  test('a file without its summary is refused', async () => {
    await expect(read(Buffer.from([header, refund].join('\n')))).rejects.toMatchObject({ code: 'TRUNCATED' });
  });
});
