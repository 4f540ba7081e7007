import type { ChannelUnderTest } from '@hospital-pay/payments/contract';

const books = [
  { attemptNo: 'O1', amount: 1, paid: true, refunds: [] },
  { attemptNo: 'O2', amount: 1_980, paid: true, refunds: [{ refundNo: 'O2', amount: 980 }] },
  { attemptNo: 'O3', amount: 12_345_678, paid: true, refunds: [{ refundNo: 'O3', amount: 12_345_678 }] },
];

/** Nobody answers any more: there are old books, and the file of a day. */
export const underTest: ChannelUnderTest = {
  async start() {
    return {
      config: {
        billEncoding: 'utf-8',
        billOrderNo: '注文番号',
        billChannelNo: '決済番号',
        billAmount: '金額',
        billTime: '日時',
      },
      pay: async () => undefined,
      fault: () => () => false,
      payments: () => books,
      billFile: (day) =>
        Buffer.from(
          [
            '注文番号,決済番号,金額,日時',
            ...books.flatMap(({ attemptNo, amount, refunds }) => [
              `${attemptNo},P-${attemptNo},"${amount}",${day} 09:00:00`,
              ...refunds.map((refund) => `${attemptNo},P-${attemptNo},-${refund.amount},${day} 10:00:00`),
            ]),
          ].join('\r\n'),
        ),
      repeatNotification: async () => undefined,
      stop: async () => undefined,
    };
  },
};
