import type { Bilingual } from '@hospital-pay/errors';
import type { Part } from './shares';

/** What a case says of itself. It is kept in Chinese; its English is found by these words when it is read. */
export const remarks = {
  hisOnly: { zh: '单边账: HIS有, 平台无', en: 'One-sided: in HIS, not here' },
  notInHis: { zh: '单边账: 平台有, HIS无', en: 'One-sided: here, not in HIS' },
  notInBill: { zh: '平台有, 渠道账单无', en: "Here, not in the channel's bill" },
  billOnly: { zh: '渠道账单有, 平台无', en: "In the channel's bill, not here" },
  hisAmount: { zh: '平台与HIS金额不符', en: 'Amount differs from HIS' },
  channelAmount: { zh: '平台与渠道金额不符', en: "Amount differs from the channel's" },
  fee: { zh: '手续费与约定不符', en: 'Fee is not as agreed' },
  status: { zh: '渠道已收款, 平台订单未支付', en: 'The channel took money, the order is unpaid here' },
  currency: { zh: '币种不符', en: 'Currency differs' },
  hisDuplicate: { zh: 'HIS重复入账', en: 'Booked twice by HIS' },
  channelDuplicate: { zh: '渠道重复扣款', en: 'Taken twice by the channel' },
  inTransit: { zh: '跨日在途', en: 'In transit between days' },
  further: { zh: '处理后又有差额', en: 'Differs further since it was handled' },
  split: { zh: '分笔入账, 合计相符', en: 'Booked in several sums that add up' },
} as const satisfies Record<string, Bilingual>;

export const partTexts: Record<Part, Bilingual> = {
  fund: { zh: '医保基金', en: 'Insurance fund' },
  account: { zh: '个人账户', en: 'Personal account' },
  other: { zh: '医保其他', en: 'Other insurance' },
};

/** Entries that other systems and earlier versions have left. */
const older: Bilingual[] = [
  { zh: '单边账', en: 'One-sided entry' },
  { zh: 'HIS已退, 渠道未退', en: 'Refunded in HIS, not by the channel' },
];

export const withAmounts = (remark: string, expected: string, found: string): string =>
  `${remark}: 应为 ${expected}, 实为 ${found}`;
export const withDays = (remark: string, days: string[]): string => `${remark}: 对方记于 ${days.join(', ')}`;

const englishOf = (texts: Bilingual[]) => new Map(texts.map(({ zh, en }) => [zh, en]));
const partsInEnglish = englishOf(Object.values(partTexts));
const remarksInEnglish = englishOf([...Object.values(remarks), ...older]);

/** Undefined for words that are not ours: what a person or another system wrote stays as it is. */
export function englishRemark(remark: string): string | undefined {
  const [, part = '', named = remark] = /^([^:]+): (.+)$/.exec(remark) ?? [];
  const ofPart = partsInEnglish.get(part);
  if (ofPart !== undefined) {
    const rest = englishRemark(named);
    return rest && `${ofPart}: ${rest}`;
  }
  const amounts = /^(.+): 应为 (\S+), 实为 (\S+)$/.exec(remark);
  const days = /^(.+): 对方记于 ([\d, -]+)$/.exec(remark);
  const english = remarksInEnglish.get(amounts?.[1] ?? days?.[1] ?? remark);
  if (english === undefined) return undefined;
  if (amounts) return `${english}: ${amounts[2]} expected, ${amounts[3]} found`;
  return days ? `${english}: the other side has it on ${days[2]}` : english;
}

/** A case with its remark's English beside it, as whoever reads it gets it. */
export const inEnglish = <Entry extends { remark?: unknown }>(
  entry: Entry,
): Entry & { remarkEn: string | null } => ({
  ...entry,
  remarkEn: (typeof entry.remark === 'string' && englishRemark(entry.remark)) || null,
});
