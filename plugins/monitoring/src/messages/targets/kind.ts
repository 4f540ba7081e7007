import type { Bilingual } from '@hospital-pay/errors';
import type { ConfigSchema } from '@hospital-pay/payments';
import type { Note } from '../compose';
import type { HttpAnswer, HttpCall, SendOutcome } from '../post';

/** Public and secret parameters together, as the schema of the kind names them. */
export type TargetConfig = Record<string, string | number | boolean | undefined>;

export interface Sending {
  config: TargetConfig;
  note: Note;
  recipient: string | null;
  now: Date;
}

/** A way messages leave the house, as a value: what it needs to know, and how one message is said there. */
export interface TargetKind {
  code: string;
  title: Bilingual;
  config: ConfigSchema;
  /** Where it goes to people rather than to one place. */
  people?: { addresses: string; onDuty: 'email' | 'mobile' };
  send:
    | {
        by: 'http';
        call(sending: Sending): HttpCall;
        read(answer: HttpAnswer, config: TargetConfig): SendOutcome;
      }
    | { by: 'smtp'; deliver(sending: Sending, limitMs: number): Promise<SendOutcome> };
}

export const textOf = (config: TargetConfig, name: string): string => {
  const value = config[name];
  return value === undefined ? '' : String(value);
};

/** Cut to so many bytes of UTF-8, as robots count, and never within a character. */
export function cutBytes(text: string, most: number): string {
  const bytes = Buffer.from(text);
  if (bytes.length <= most) return text;
  return `${bytes
    .subarray(0, most - 3)
    .toString('utf8')
    .replace(/\uFFFD+$/, '')}…`;
}

/** A robot's answer: a code of its own in a 200. */
export function readRobot(answer: HttpAnswer, busy: readonly number[]): SendOutcome {
  let parsed: unknown;
  try {
    parsed = JSON.parse(answer.body);
  } catch {
    return { kind: 'unknown', error: `not JSON: ${answer.body.slice(0, 100)}` };
  }
  if (typeof parsed !== 'object' || parsed === null) return { kind: 'unknown', error: 'not an object' };
  const code = 'errcode' in parsed ? parsed.errcode : 'code' in parsed ? parsed.code : undefined;
  if (code === 0) return { kind: 'delivered' };
  const said = 'errmsg' in parsed ? parsed.errmsg : 'msg' in parsed ? parsed.msg : '';
  const error = `${String(code)} ${String(said).slice(0, 200)}`;
  return { kind: typeof code === 'number' && busy.includes(code) ? 'retry' : 'refused', error };
}

export const robotUrl = {
  type: 'string',
  title: 'Webhook 地址',
  titleEn: 'Webhook address',
  description: '机器人的完整地址，含密钥',
  descriptionEn: 'The whole address of the robot with its key',
  format: 'uri',
  maxLength: 500,
  pattern: '^https?://',
  secret: true,
} as const;

export const robotSecret = {
  type: 'string',
  title: '加签密钥',
  titleEn: 'Signing secret',
  description: '机器人安全设置为加签时填写',
  descriptionEn: 'When the robot asks for signatures',
  maxLength: 200,
  secret: true,
} as const;

export const jsonHeaders = { 'content-type': 'application/json; charset=utf-8' };
