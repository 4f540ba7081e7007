import { createHmac } from 'node:crypto';
import { cutBytes, jsonHeaders, readRobot, robotSecret, robotUrl, type TargetKind, textOf } from './kind';

const mentionMobiles = {
  type: 'string',
  title: '提醒手机号',
  titleEn: 'Mention by mobile',
  description: '多个用逗号分开；@all 为所有人',
  descriptionEn: 'Separate with commas; @all for everybody',
  maxLength: 500,
} as const;
const mobiles = (text: string): string[] => text.split(/[,，\s]+/).filter(Boolean);

export const wecom: TargetKind = {
  code: 'wecom',
  title: { zh: '企业微信机器人', en: 'WeCom robot' },
  config: {
    type: 'object',
    required: ['secretUrl'],
    properties: { secretUrl: robotUrl, mentions: mentionMobiles },
  },
  send: {
    by: 'http',
    call: ({ config, note }) => ({
      method: 'POST',
      url: textOf(config, 'secretUrl'),
      headers: jsonHeaders,
      body: JSON.stringify({
        msgtype: 'text',
        text: {
          content: cutBytes(`${note.title}\n${note.text}`, 2048),
          mentioned_mobile_list: mobiles(textOf(config, 'mentions')),
        },
      }),
    }),
    // 45009: too many in a minute; -1: busy.
    read: (answer) => readRobot(answer, [45009, -1]),
  },
};

export const dingtalk: TargetKind = {
  code: 'dingtalk',
  title: { zh: '钉钉机器人', en: 'DingTalk robot' },
  config: {
    type: 'object',
    required: ['secretUrl'],
    properties: { secretUrl: robotUrl, secret: robotSecret, mentions: mentionMobiles },
  },
  send: {
    by: 'http',
    call({ config, note, now }) {
      const url = new URL(textOf(config, 'secretUrl'));
      const secret = textOf(config, 'secret');
      if (secret !== '') {
        const timestamp = String(now.getTime());
        const sign = createHmac('sha256', secret).update(`${timestamp}\n${secret}`).digest('base64');
        url.searchParams.set('timestamp', timestamp);
        url.searchParams.set('sign', sign);
      }
      const mentioned = mobiles(textOf(config, 'mentions'));
      return {
        method: 'POST',
        url: url.href,
        headers: jsonHeaders,
        body: JSON.stringify({
          msgtype: 'text',
          text: { content: cutBytes(`${note.title}\n${note.text}`, 18_000) },
          at: { atMobiles: mentioned.filter((one) => one !== '@all'), isAtAll: mentioned.includes('@all') },
        }),
      };
    },
    // 130101 and 410100: too many in a minute; -1: busy.
    read: (answer) => readRobot(answer, [130101, 410100, -1]),
  },
};

export const feishu: TargetKind = {
  code: 'feishu',
  title: { zh: '飞书机器人', en: 'Feishu robot' },
  config: {
    type: 'object',
    required: ['secretUrl'],
    properties: { secretUrl: robotUrl, secret: robotSecret },
  },
  send: {
    by: 'http',
    call({ config, note, now }) {
      const secret = textOf(config, 'secret');
      const timestamp = String(Math.floor(now.getTime() / 1000));
      // Feishu signs an empty text with time and secret as the key.
      const sign = createHmac('sha256', `${timestamp}\n${secret}`).update('').digest('base64');
      return {
        method: 'POST',
        url: textOf(config, 'secretUrl'),
        headers: jsonHeaders,
        body: JSON.stringify({
          ...(secret === '' ? {} : { timestamp, sign }),
          msg_type: 'text',
          content: { text: cutBytes(`${note.title}\n${note.text}`, 18_000) },
        }),
      };
    },
    // 9499 and 11232: too many requests.
    read: (answer) => readRobot(answer, [9499, 11232]),
  },
};
