import { describe, expect, test } from 'vitest';
import { type Agent, agentOf, choiceOf } from './agent';
import type { OfferedWay } from './bill';

const agents: [Agent, string, string][] = [
  [
    'wechat',
    'WeChat, Android',
    'Mozilla/5.0 (Linux; Android 13; V2148A Build/TP1A.220624.014; wv) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/116.0.0.0 Mobile Safari/537.36 XWEB/1160065 MMWEBSDK/20231202 MMWEBID/2247 MicroMessenger/8.0.47.2560(0x28002F30) WeChat/arm64 Weixin NetType/WIFI Language/zh_CN ABI/arm64',
  ],
  [
    'wechat',
    'WeChat, iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_2_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.47(0x18002f2c) NetType/4G Language/zh_CN',
  ],
  [
    'wechat-mini',
    'a page within a WeChat mini program',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 16_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 MicroMessenger/8.0.42(0x18002a32) NetType/WIFI Language/zh_CN miniProgram/wx5edab3bdfba3dc1c',
  ],
  [
    'phone',
    'WeCom, which is not WeChat',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 16_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 wxwork/4.1.10 MicroMessenger/7.0.1 Language/zh ColorScheme/Light',
  ],
  [
    'alipay',
    'Alipay, Android',
    'Mozilla/5.0 (Linux; U; Android 12; zh-CN; NOH-AN00 Build/HUAWEINOH-AN00) AppleWebKit/537.36 (KHTML, like Gecko) Version/4.0 Chrome/69.0.3497.100 UWS/3.22.2.59 Mobile Safari/537.36 UCBS/3.22.2.59 NebulaSDK/1.8.100112 Nebula AlipayDefined(nt:WIFI,ws:360|0|3.0) AliApp(AP/10.5.26.7000) AlipayClient/10.5.26.7000 Language/zh-Hans',
  ],
  [
    'alipay',
    'Alipay, iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 16_3 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/20D47 Ariver/1.1.0 AliApp(AP/10.5.20.6000) Nebula WK RVKType(0) AlipayDefined(nt:4G,ws:390|780|3.0) AlipayClient/10.5.20.6000 Language/zh-Hans',
  ],
  [
    'unionpay',
    'UnionPay app',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 15_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148/sa-sdk-ios  (com.unionpay.chsp) (cordova 4.5.4) (updebug 0) (version 928) (UnionPay/1.0 CloudPay)',
  ],
  [
    'phone',
    'Safari, iPhone',
    'Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.4 Mobile/15E148 Safari/604.1',
  ],
  [
    'phone',
    'Chrome, Android',
    'Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Mobile Safari/537.36',
  ],
  [
    'phone',
    'Huawei browser, HarmonyOS',
    'Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile HuaweiBrowser/5.0.4.300',
  ],
  [
    'computer',
    'Chrome, Windows',
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36',
  ],
  ['computer', 'Firefox, Linux', 'Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0'],
];

describe('who has opened the page', () => {
  test.each(agents)('%s: %s', (agent, _name, userAgent) => {
    expect(agentOf(userAgent)).toBe(agent);
  });
});

const way = (channel: string, scene: string): OfferedWay => ({
  channel,
  scene,
  title: { zh: channel, en: channel },
  needsPayer: false,
  takesToken: false,
});
const all = [
  way('alipay', 'jsapi'),
  way('wechat', 'jsapi'),
  way('alipay', 'h5'),
  way('wechat', 'h5'),
  way('alipay', 'native'),
];
const shown = (agent: Agent, offered: OfferedWay[]) => {
  const choice = choiceOf(agent, offered);
  return choice.kind === 'pay'
    ? choice.ways.map(({ channel, scene }) => `${channel} ${scene}`)
    : choice.kind === 'elsewhere'
      ? choice.hint
      : choice.kind;
};

describe('what can be done there', () => {
  test('a wallet pays with itself, by the closest way it has', () => {
    expect(shown('wechat', all)).toEqual(['wechat jsapi']);
    expect(shown('alipay', all)).toEqual(['alipay jsapi']);
    expect(shown('alipay', [way('alipay', 'h5')])).toEqual(['alipay h5']);
  });

  test('a wallet that the hospital has no fitting account for leads out', () => {
    expect(shown('wechat', [way('wechat', 'h5'), way('alipay', 'h5')])).toBe('browser');
    expect(shown('wechat-mini', all)).toBe('browser');
    expect(shown('unionpay', all)).toBe('browser');
  });

  test('any other browser of a phone chooses among the wallets it can open', () => {
    expect(shown('phone', all)).toEqual(['alipay h5', 'wechat h5']);
    expect(shown('phone', [way('wechat', 'jsapi')])).toBe('wallet');
  });

  test('a computer shows the code, and what it has of its own', () => {
    expect(choiceOf('computer', all)).toEqual({ kind: 'scan', ways: [] });
    const apple = { ...way('applepay', 'h5'), takesToken: true };
    expect(choiceOf('computer', [...all, apple])).toEqual({ kind: 'scan', ways: [apple] });
  });
});
