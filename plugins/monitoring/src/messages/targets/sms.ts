import type { HttpCall } from '../post';
import { type Sending, type TargetKind, textOf } from './kind';

const forms = { json: 'application/json; charset=utf-8', form: 'application/x-www-form-urlencoded' };
type Form = keyof typeof forms;
const isForm = (value: string): value is Form => value === 'json' || value === 'form';

/** `{{phone}}`, `{{text}}`, `{{id}}` and `{{secret}}`, written as the place they stand in needs it. */
const fill = (template: string, values: Record<string, string>, write: (value: string) => string): string =>
  template.replace(/\{\{\s*(\w+)\s*\}\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? write(values[name] ?? '') : whole,
  );

const inJson = (value: string): string => JSON.stringify(value).slice(1, -1);

function smsCall({ config, note, recipient }: Sending): HttpCall {
  const values = {
    phone: recipient ?? '',
    text: `${note.title} ${note.id.slice(0, 8)}`,
    id: note.id,
    secret: textOf(config, 'secret'),
  };
  const form = textOf(config, 'form');
  const kind: Form = isForm(form) ? form : 'json';
  const headers = fill(textOf(config, 'headers'), values, (value) => value.replace(/[\r\n]/g, ''))
    .split('\n')
    .flatMap((line) => {
      const [, name, value] = /^([A-Za-z0-9-]+):\s*(.*)$/.exec(line.trim()) ?? [];
      return name && value ? [[name.toLowerCase(), value] as const] : [];
    });
  return {
    method: textOf(config, 'method') === 'GET' ? 'GET' : 'POST',
    url: fill(textOf(config, 'url'), values, encodeURIComponent),
    headers: { 'content-type': forms[kind], ...Object.fromEntries(headers) },
    body: fill(textOf(config, 'body'), values, kind === 'json' ? inJson : encodeURIComponent),
  };
}

export const sms: TargetKind = {
  code: 'sms',
  title: { zh: '短信网关', en: 'SMS gateway' },
  people: { addresses: 'phones', onDuty: 'mobile' },
  config: {
    type: 'object',
    required: ['url', 'body'],
    properties: {
      phones: {
        type: 'string',
        title: '手机号',
        titleEn: 'Mobile numbers',
        description: '多个用逗号分开；当班人员的值班手机另收',
        descriptionEn: 'Separate with commas; who is on duty is told besides',
        maxLength: 500,
      },
      method: { type: 'string', title: '方法', titleEn: 'Method', enum: ['POST', 'GET'], default: 'POST' },
      url: {
        type: 'string',
        title: '地址',
        titleEn: 'Address',
        description: '可用 {{phone}} {{text}} {{id}} {{secret}}',
        descriptionEn: 'May contain {{phone}} {{text}} {{id}} {{secret}}',
        pattern: '^https?://',
        maxLength: 500,
      },
      form: {
        type: 'string',
        title: '正文格式',
        titleEn: 'Body format',
        enum: ['json', 'form'],
        default: 'json',
      },
      headers: {
        type: 'string',
        title: '请求头',
        titleEn: 'Headers',
        description: '每行一个，如 Authorization: Bearer {{secret}}',
        descriptionEn: 'One a line, e.g. Authorization: Bearer {{secret}}',
        maxLength: 1000,
      },
      body: {
        type: 'string',
        title: '正文模板',
        titleEn: 'Body',
        description: '如 {"mobile":"{{phone}}","content":"{{text}}","outId":"{{id}}"}',
        descriptionEn: 'E.g. {"mobile":"{{phone}}","content":"{{text}}","outId":"{{id}}"}',
        maxLength: 2000,
      },
      success: {
        type: 'string',
        title: '成功标志',
        titleEn: 'Sign of success',
        description: '应答中含此文字才算成功；空则 2xx 即成功',
        descriptionEn: 'Text an answer holds when it worked; empty: any 2xx',
        maxLength: 200,
      },
      secret: { type: 'string', title: '密钥', titleEn: 'Secret', maxLength: 500, secret: true },
    },
  },
  send: {
    by: 'http',
    call: smsCall,
    read(answer, config) {
      const sign = textOf(config, 'success');
      if (sign === '' || answer.body.includes(sign)) return { kind: 'delivered' };
      return { kind: 'refused', error: answer.body.slice(0, 200) };
    },
  },
};
