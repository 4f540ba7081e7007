import type { OfferedWay } from './bill';

/** Which wallet's browser, or what kind of device, has opened the page. */
export type Agent = 'wechat' | 'wechat-mini' | 'alipay' | 'unionpay' | 'phone' | 'computer';

export function agentOf(userAgent: string): Agent {
  // WeCom calls itself MicroMessenger too, and has no WeChat Pay of its own.
  if (/MicroMessenger/i.test(userAgent) && !/wxwork/i.test(userAgent)) {
    return /miniProgram/i.test(userAgent) ? 'wechat-mini' : 'wechat';
  }
  if (/AlipayClient/i.test(userAgent)) return 'alipay';
  if (/UnionPay\/|CloudPay|com\.unionpay/i.test(userAgent)) return 'unionpay';
  return /Android|iPhone|iPad|iPod|Mobile|HarmonyOS/i.test(userAgent) ? 'phone' : 'computer';
}

/** What the patient can do here. */
export type Choice =
  | { kind: 'pay'; ways: OfferedWay[] }
  /** Show the one code, to be scanned by any wallet; or pay with what this computer itself has. */
  | { kind: 'scan'; ways: OfferedWay[] }
  /** This browser cannot pay: `hint` says where to go. */
  | { kind: 'elsewhere'; hint: 'browser' | 'wallet' };

export function choiceOf(agent: Agent, offered: OfferedWay[]): Choice {
  const of = (channel: string, ...scenes: string[]) =>
    scenes
      .flatMap((scene) => offered.filter((way) => way.channel === channel && way.scene === scene))
      .slice(0, 1);
  const payOr = (ways: OfferedWay[], hint: 'browser' | 'wallet'): Choice =>
    ways.length > 0 ? { kind: 'pay', ways } : { kind: 'elsewhere', hint };
  switch (agent) {
    case 'wechat':
      // WeChat opens no h5 payment inside itself.
      return payOr(of('wechat', 'jsapi'), 'browser');
    case 'wechat-mini':
      return { kind: 'elsewhere', hint: 'browser' };
    case 'alipay':
      return payOr(of('alipay', 'jsapi', 'h5'), 'browser');
    case 'unionpay':
      return payOr(of('unionpay', 'jsapi', 'h5'), 'browser');
    case 'phone':
      return payOr(
        offered.filter(({ scene }) => scene === 'h5'),
        'wallet',
      );
    case 'computer':
      return { kind: 'scan', ways: offered.filter(({ takesToken }) => takesToken) };
    default:
      return agent satisfies never;
  }
}
