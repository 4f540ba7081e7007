/** What a card terminal said of one transaction. Amounts in fen. */
export type TerminalReply =
  | { kind: 'approved'; transaction: CardTransaction }
  /** The bank or the terminal said no. `code`: its own. */
  | { kind: 'declined'; code: string; message: string }
  /** No answer, or none that can be believed: the card may have been charged. */
  | { kind: 'unknown'; cause: string };

export interface CardTransaction {
  amountFen: number;
  /** 凭证号: counts up within a batch. */
  voucher: string;
  /** 批次号: ends with the settlement. */
  batch: string;
  /** 参考号 of the host; a later refund names it with its date. */
  reference: string;
  /** yyyyMMdd and HHmmss on the terminal's clock (China). */
  date: string;
  time: string;
  terminalId: string;
  /** First six and last four digits. */
  card: string;
  /** Our number, where the terminal carries it. */
  orderNo?: string;
}

export type CardReference = Pick<CardTransaction, 'voucher' | 'batch' | 'reference' | 'date'>;

/** A terminal at the counter: local, synchronous, one transaction at a time. */
export interface CardTerminal {
  sale(asked: { amountFen: number; orderNo: string; operator: string }): Promise<TerminalReply>;
  /** 撤销: only in the batch of the sale and for its whole amount. */
  void(asked: {
    amountFen: number;
    of: CardReference;
    orderNo: string;
    operator: string;
  }): Promise<TerminalReply>;
  /** 退货: after the settlement, or for a part. */
  refund(asked: {
    amountFen: number;
    of: CardReference;
    orderNo: string;
    operator: string;
  }): Promise<TerminalReply>;
  /** The last transaction as the terminal remembers it: the only way to learn of a lost answer. */
  last(): Promise<TerminalReply>;
  /** 结算: closes the batch. */
  settle(): Promise<TerminalReply>;
}

/** Field 39 of ISO 8583, as far as it says that the host could not decide: the terminal reverses by itself. */
export const isHostTrouble = (code: string): boolean => ['91', '96', '98'].includes(code);

const meanings: Record<string, string> = {
  '01': '请与发卡行联系',
  '05': '不予承兑',
  '14': '无效卡号',
  '51': '余额不足',
  '54': '卡已过期',
  '55': '密码错误',
  '61': '超出金额限制',
};

export const meaningOf = (code: string): string => meanings[code] ?? `交易被拒绝 (${code})`;

/** Terminals leave the year out: the one that puts the day nearest to now, for the night of New Year. */
export function fullDate(monthDay: string, now: Date): string {
  const china = new Date(now.getTime() + 8 * 3_600_000);
  const year = china.getUTCFullYear();
  const at = (candidate: number): number =>
    Date.UTC(candidate, Number(monthDay.slice(0, 2)) - 1, Number(monthDay.slice(2, 4)));
  const [nearest = year] = [year - 1, year, year + 1].sort(
    (a, b) => Math.abs(at(a) - china.getTime()) - Math.abs(at(b) - china.getTime()),
  );
  return `${nearest}${monthDay}`;
}
