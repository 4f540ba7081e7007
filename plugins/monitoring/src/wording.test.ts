import fs from 'node:fs';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { englishOf, englishOfRequests, explain, isWorded } from './wording';

const known = {
  meaning: { zh: '付款码已过期', en: 'The payment code has expired' },
  advice: { zh: '请患者刷新付款码', en: 'Ask for a fresh code' },
};

describe('an abnormal request', () => {
  test("is told in the counter's words, with what to do next", () => {
    expect(
      explain({ method: 'create_order', errorCode: 'AUTH_CODE_INVALID', errorMessage: '101 x' }, known),
    ).toEqual({
      action: '订单创建',
      message: '下单失败:付款码已过期',
      advice: '请患者刷新付款码',
    });
  });

  test('falls back to what the channel said, then to its code', () => {
    const call = { method: 'query_order', errorCode: 'ACQ.TRADE_NOT_EXIST' };
    expect(explain({ ...call, errorMessage: '交易不存在' }, undefined).message).toBe(
      '订单查询失败:交易不存在',
    );
    expect(explain({ ...call, errorMessage: ' ' }, undefined).message).toBe(
      '订单查询失败:ACQ.TRADE_NOT_EXIST',
    );
  });

  test('of HIS and of methods nobody named is understandable too', () => {
    expect(explain({ method: 'his_confirm', errorCode: 'HIS_TIMEOUT' }, undefined).message).toContain(
      'HIS响应超时',
    );
    expect(explain({ method: 'new_verb', errorCode: 'X' }, undefined)).toMatchObject({ action: 'new_verb' });
  });
});

describe('an abnormal request in English', () => {
  const told = (method: string, errorCode: string, errorMessage?: string) => {
    const { message, advice } = explain({ method, errorCode, errorMessage }, undefined);
    return englishOf({ errorMessage: message, advice }, undefined);
  };

  test('says what is known of its code', () => {
    const stored = { errorMessage: '下单失败:以前的说法', advice: '以前的办法' };
    expect(englishOf(stored, known)).toEqual({
      errorMessageEn: 'Order not made: The payment code has expired',
      adviceEn: 'Ask for a fresh code',
    });
  });

  test('leaves what the channel said as it said it', () => {
    expect(told('query_order', 'X', '交易不存在: 1').errorMessageEn).toBe(
      'Order query failed: 交易不存在: 1',
    );
  });

  test("says ours for HIS's errors and refused notifications, and nothing of words it does not know", () => {
    expect(told('his_confirm', 'HIS_UNREADABLE').errorMessageEn).toBe(
      'HIS confirmation failed: what HIS answered cannot be read',
    );
    expect(told('notify', 'SIGNTEST').adviceEn).toBe('Nothing needs to be done');
    expect(told('new_verb', 'X')).toEqual({});
    expect(englishOf({ advice: 'constructor' }, undefined)).toEqual({});
  });
});

/** Method names of the interface log as they stand in the code of every room that records calls. */
function recordedMethods(): string[] {
  const plugins = path.resolve(__dirname, '..', '..');
  const channels = fs.readdirSync(path.join(plugins, 'channels'));
  const rooms = ['payments', 'his', ...channels.map((channel) => path.join('channels', channel))];
  const name =
    /'((?:api_)?(?:create|query|close|cancel|reverse|refund)_(?:order|refund)|download_bill|get_certificates|notify|his_(?:confirm|query)|api_[a-z_]+)'/g;
  const record = /\b(?:method|record): '([a-z_]+)'(?=,|\s*\})|\bguarded\('([a-z_]+)'/g;
  const found = new Set<string>();
  for (const room of rooms) {
    const source = path.join(plugins, room, 'src');
    if (!fs.existsSync(source)) continue;
    for (const file of fs.readdirSync(source, { recursive: true, encoding: 'utf8' })) {
      if (!file.endsWith('.ts') || file.endsWith('.test.ts') || file.includes('testing')) continue;
      const text = fs.readFileSync(path.join(source, file), 'utf8');
      for (const match of text.matchAll(name)) found.add(match[1] ?? '');
      for (const match of text.matchAll(record)) found.add(match[1] ?? match[2] ?? '');
    }
  }
  // A PSP calls its wallets methods, too.
  return [...found].filter((method) => !channels.includes(method)).sort();
}

/** What the screen of 异常请求 offers as 交易动作. */
function offeredActions(): unknown {
  const file = path.resolve(
    __dirname,
    '../../../cms/src/api/abnormal-request/content-types/abnormal-request/schema.json',
  );
  return JSON.parse(fs.readFileSync(file, 'utf8')).attributes.action.pluginOptions.lowcode.options;
}

describe('the words of the interface log', () => {
  test('the table of methods is found in the code', () => {
    expect(recordedMethods().length).toBeGreaterThan(15);
  });

  test.each(recordedMethods())('there are Chinese words for %s', (method) => {
    expect(isWorded(method)).toBe(true);
    expect(explain({ method, errorCode: 'X' }, undefined).action).toMatch(/\p{Script=Han}/u);
  });

  test.each(recordedMethods())('a screen can be asked for the abnormal requests of %s', (method) => {
    const { action } = explain({ method, errorCode: 'X' }, undefined);
    expect(offeredActions()).toContainEqual({
      value: action,
      zh: action,
      en: englishOfRequests()[action],
    });
  });

  test('a notification that does not verify says so, with what to check', () => {
    const explained = explain({ method: 'notify', errorCode: 'SIGNATURE', errorMessage: 'no' }, known);
    expect(explained).toMatchObject({ action: '通知接收', message: '通知处理失败:通知签名不符' });
    expect(explained.advice).toContain('伪造');
  });
});
