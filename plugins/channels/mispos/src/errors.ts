import type { ErrorExplanation } from '@hospital-pay/payments/contract';

const retry = { zh: '请重试或更换终端', en: 'Try again or use another terminal' };

export const explanations: Record<string, ErrorExplanation> = {
  TERMINAL_MISSING: {
    zh: '没有指定刷卡终端',
    en: 'No card terminal was named',
    advice: { zh: '在收银台选择本窗口的终端', en: 'Choose the terminal of this counter' },
  },
  TERMINAL_OFFLINE: {
    zh: '刷卡终端未连接',
    en: 'The card terminal is not connected',
    advice: {
      zh: '检查窗口电脑上的终端代理是否运行',
      en: 'See that the agent on the counter’s PC is running',
    },
  },
  TERMINAL_BUSY: {
    zh: '终端正在处理另一笔交易',
    en: 'The terminal is busy with another payment',
    advice: retry,
  },
  NOT_DONE: { zh: '终端没有完成这笔交易', en: 'The terminal did not complete it', advice: retry },
  LINE: {
    zh: '无法连接终端设备',
    en: 'The terminal cannot be reached',
    advice: { zh: '检查串口或网络连接', en: 'See to the serial port or the network' },
  },
  '51': { zh: '余额不足', en: 'Not enough money', advice: { zh: '请换一张卡', en: 'Use another card' } },
  '54': { zh: '卡已过期', en: 'The card has expired', advice: { zh: '请换一张卡', en: 'Use another card' } },
  '55': { zh: '密码错误', en: 'Wrong password', advice: { zh: '请重新刷卡并输入密码', en: 'Try again' } },
  '61': {
    zh: '超出金额限制',
    en: 'Over the card’s limit',
    advice: { zh: '请换一张卡', en: 'Use another card' },
  },
  '05': {
    zh: '发卡行不予承兑',
    en: 'The bank refuses',
    advice: { zh: '请换一张卡', en: 'Use another card' },
  },
};
