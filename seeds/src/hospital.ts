import type { ChannelCode } from './rows';

/** The demo hospital as it stands before the first patient comes. */
export const hospitalCode = 'DEMO';
export const exampleCode = 'EXAMPLE';
export const applicationId = 'his-demo';
export const demoPassword = 'Hospital@2026';

export type Branch = {
  code: string;
  name: string;
  /** Stands in numbers: terminals, HIS serial numbers. */
  letter: 'E' | 'W';
  digit: 1 | 2;
  /** Share of the hospital's patients, in percent. */
  share: number;
};

export const branches: readonly [Branch, Branch] = [
  { code: 'DEMO-E', name: '示例市人民医院东院区', letter: 'E', digit: 1, share: 65 },
  { code: 'DEMO-W', name: '示例市人民医院西院区', letter: 'W', digit: 2, share: 35 },
];

export const channels: readonly [ChannelCode, ChannelCode] = ['alipay', 'wechat'];
export const channelTitle: Record<ChannelCode, string> = { alipay: '支付宝', wechat: '微信支付' };
export const channelTitleEn: Record<ChannelCode, string> = { alipay: 'Alipay', wechat: 'WeChat Pay' };
export const logName: Record<ChannelCode, string> = { alipay: 'alipay', wechat: 'weixin' };

export const accountCodeOf = (merchantCode: string, channel: ChannelCode | 'mispos' | 'insurance'): string =>
  `${channel}-${merchantCode.toLowerCase()}`;

export type Terminal = {
  code: string;
  name: string;
  merchantCode: string;
  kind: 'window' | 'kiosk' | 'room' | 'online';
  department: string | null;
  location: string;
};

const places: readonly Omit<Terminal, 'merchantCode'>[] = [
  ...[1, 2, 3, 4].map((no) => ({
    code: `C${no}`,
    name: `${no}号收费窗口`,
    kind: 'window' as const,
    department: null,
    location: '门诊大厅一层',
  })),
  ...[1, 2, 3].map((no) => ({
    code: `K${no}`,
    name: `${no}号自助机`,
    kind: 'kiosk' as const,
    department: null,
    location: `门诊楼${no}层`,
  })),
  { code: 'R1', name: '内科一诊间', kind: 'room', department: '内科', location: '门诊楼二层' },
  { code: 'R2', name: '儿科二诊间', kind: 'room', department: '儿科', location: '门诊楼三层' },
  { code: 'N1', name: '线上', kind: 'online', department: null, location: '公众号、小程序、生活号' },
];

export const terminals: readonly Terminal[] = branches.flatMap((branch) =>
  places.map((place) => ({ ...place, code: `${branch.letter}-${place.code}`, merchantCode: branch.code })),
);

export const departments = [
  '内科',
  '外科',
  '儿科',
  '妇产科',
  '眼科',
  '口腔科',
  '皮肤科',
  '骨科',
  '中医科',
] as const;

export const people = [
  { username: 'super', displayName: '超级管理员', roles: ['super'] },
  { username: 'admin', displayName: '周院办', roles: ['hospital_admin'] },
  { username: 'finance', displayName: '钱会计', roles: ['finance'] },
  { username: 'cashier', displayName: '收费员小林', roles: ['cashier'] },
  { username: 'ops', displayName: '运维小赵', roles: ['ops'] },
] as const;
