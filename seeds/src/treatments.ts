import type { Terminal } from './hospital';
import type { Random } from './random';
import type { ChannelCode, SceneCode } from './rows';

/** What patients pay for, where, and how much of the day's business it is. */
export type Treatment = {
  bizType: string;
  subject: string;
  weight: number;
  terminal: Terminal['kind'];
  scenes: readonly [SceneCode, ...SceneCode[]];
  channel: ChannelCode | null;
  amountFen(random: Random): number;
};

const registration = (random: Random): number => random.pick([1400, 1900, 2500, 2500, 3000, 5000, 10000]);
const deposit = (random: Random): number =>
  random.pick([50000, 100000, 100000, 200000, 200000, 300000, 500000, 1000000]);
const checkup = (random: Random): number => random.pick([28800, 39900, 59900, 88000, 128000]);
const fees = (random: Random): number => {
  const [low, high] = random.pick([
    [860, 9900],
    [860, 9900],
    [9900, 39999],
    [9900, 39999],
    [9900, 39999],
    [39999, 159900],
    [159900, 480000],
  ]);
  const amount = random.int(low, high);
  // Price lists like to end in .00, .50 and .99.
  const cents = random.weighted([45, 15, 12, 28]);
  return cents === 3 ? amount : amount - (amount % 100) + ([0, 50, 99][cents] ?? 0);
};

export const treatments: readonly Treatment[] = [
  {
    bizType: '窗口挂号',
    subject: '门诊挂号费',
    weight: 14,
    terminal: 'window',
    scenes: ['micropay'],
    channel: null,
    amountFen: registration,
  },
  {
    bizType: '窗口缴费',
    subject: '门诊缴费',
    weight: 20,
    terminal: 'window',
    scenes: ['micropay', 'native'],
    channel: null,
    amountFen: fees,
  },
  {
    bizType: '自助机门诊',
    subject: '自助机门诊缴费',
    weight: 22,
    terminal: 'kiosk',
    scenes: ['native', 'micropay'],
    channel: null,
    amountFen: fees,
  },
  {
    bizType: '小程序门诊',
    subject: '小程序门诊缴费',
    weight: 18,
    terminal: 'online',
    scenes: ['jsapi'],
    channel: 'wechat',
    amountFen: fees,
  },
  {
    bizType: '生活号门诊',
    subject: '生活号门诊缴费',
    weight: 7,
    terminal: 'online',
    scenes: ['jsapi', 'h5'],
    channel: 'alipay',
    amountFen: fees,
  },
  {
    bizType: '诊间缴费',
    subject: '诊间缴费',
    weight: 11,
    terminal: 'room',
    scenes: ['native', 'micropay'],
    channel: null,
    amountFen: fees,
  },
  {
    bizType: '住院预交金',
    subject: '住院预交金',
    weight: 5,
    terminal: 'window',
    scenes: ['micropay', 'native'],
    channel: null,
    amountFen: deposit,
  },
  {
    bizType: '健康体检',
    subject: '健康体检',
    weight: 3,
    terminal: 'window',
    scenes: ['micropay'],
    channel: null,
    amountFen: checkup,
  },
];

/** Patients by hour of the day: the morning rush, the lunch break, the afternoon, the emergency room at night. */
export const hourWeights: readonly number[] = [
  2, 1, 1, 1, 1, 2, 6, 30, 90, 110, 100, 60, 25, 35, 75, 80, 65, 40, 20, 14, 12, 10, 6, 4,
];

/** Monday first, in percent of an ordinary day. */
export const weekdayPercent: readonly number[] = [128, 116, 106, 102, 98, 62, 46];

/** How channels refuse a payment code. */
export const refusals: Record<ChannelCode, readonly [Refusal, ...Refusal[]]> = {
  wechat: [
    {
      code: 'AUTH_CODE_INVALID',
      message: '下单失败:101 付款码已过期, 请退出重试',
      advice: '请患者刷新付款码后重新扫码',
    },
    { code: 'NOT_ENOUGH', message: '下单失败:余额不足', advice: '请患者换一张银行卡或换一种支付方式' },
    {
      code: 'TRADE_ERROR',
      message: '下单失败:交易错误',
      advice: '请患者更换支付方式',
    },
  ],
  alipay: [
    {
      code: 'ACQ.PAYMENT_AUTH_CODE_INVALID',
      message: '下单失败:支付失败，获取顾客账户信息失败，请顾客刷新付款码后重新收款',
      advice: '请患者刷新付款码后重新扫码',
    },
    {
      code: 'ACQ.BUYER_BALANCE_NOT_ENOUGH',
      message: '下单失败:买家余额不足',
      advice: '请患者换一种付款方式',
    },
    {
      code: 'ACQ.BUYER_BANKCARD_BALANCE_NOT_ENOUGH',
      message: '下单失败:用户银行卡余额不足',
      advice: '请患者换一张银行卡',
    },
  ],
};

export type Refusal = { code: string; message: string; advice: string };
