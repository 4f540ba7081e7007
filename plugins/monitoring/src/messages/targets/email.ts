import nodemailer from 'nodemailer';
import type { SendOutcome } from '../post';
import { type Sending, type TargetKind, textOf } from './kind';

/** Before the server has taken the text there is nothing to get twice. */
const beforeData = new Set([
  'ECONNECTION',
  'EDNS',
  'ECONNREFUSED',
  'ETLS',
  'EAUTH',
  'EENVELOPE',
  'EHOSTUNREACH',
]);

async function deliver({ config, note, recipient }: Sending, limitMs: number): Promise<SendOutcome> {
  const security = textOf(config, 'security');
  const user = textOf(config, 'user');
  const from = textOf(config, 'from');
  const transport = nodemailer.createTransport({
    host: textOf(config, 'host'),
    port: Number(config.port ?? 25),
    secure: security === 'tls',
    requireTLS: security === 'starttls',
    ignoreTLS: security === 'none',
    ...(user === '' ? {} : { auth: { user, pass: textOf(config, 'password') } }),
    connectionTimeout: limitMs,
    greetingTimeout: limitMs,
    socketTimeout: limitMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  try {
    await transport.sendMail({
      from,
      to: recipient ?? '',
      subject: note.title.replace(/[\r\n]+/g, ' '),
      text: note.text,
      // The same on every try: a mail program shows it once.
      messageId: `<${note.id}@${from.split('@')[1]?.replace(/>$/, '') ?? 'hospital-pay'}>`,
    });
    return { kind: 'delivered' };
  } catch (error) {
    return smtpOutcome(error);
  } finally {
    transport.close();
  }
}

function smtpOutcome(error: unknown): SendOutcome {
  const at = (name: string): unknown =>
    typeof error === 'object' && error !== null ? Reflect.get(error, name) : undefined;
  const [code, answer] = [at('code'), at('responseCode')];
  const text = `${String(code ?? 'SMTP')}${answer === undefined ? '' : ` ${String(answer)}`}`;
  if (typeof answer === 'number' && answer >= 500) return { kind: 'refused', error: text };
  if (typeof answer === 'number' && answer >= 400) return { kind: 'retry', error: text };
  const isEarly = typeof code === 'string' && beforeData.has(code);
  return { kind: isEarly || at('command') === 'CONN' ? 'retry' : 'unknown', error: text };
}

export const email: TargetKind = {
  code: 'email',
  title: { zh: '邮件', en: 'E-mail' },
  people: { addresses: 'to', onDuty: 'email' },
  config: {
    type: 'object',
    required: ['host', 'port', 'from'],
    properties: {
      host: { type: 'string', title: 'SMTP 服务器', titleEn: 'SMTP server', maxLength: 200 },
      port: { type: 'integer', title: '端口', titleEn: 'Port', default: 465 },
      security: {
        type: 'string',
        title: '加密',
        titleEn: 'Encryption',
        enum: ['tls', 'starttls', 'none'],
        enumTitles: {
          tls: { zh: 'TLS（465）', en: 'TLS (465)' },
          starttls: { zh: 'STARTTLS（587）', en: 'STARTTLS (587)' },
          none: { zh: '不加密', en: 'None' },
        },
        default: 'tls',
      },
      user: { type: 'string', title: '用户名', titleEn: 'User', maxLength: 200 },
      password: { type: 'string', title: '密码', titleEn: 'Password', maxLength: 200, secret: true },
      from: {
        type: 'string',
        title: '发件人',
        titleEn: 'From',
        pattern: '@',
        maxLength: 200,
      },
      to: {
        type: 'string',
        title: '收件人',
        titleEn: 'To',
        description: '多个用逗号分开；当班人员的值班邮箱另收',
        descriptionEn: 'Separate with commas; who is on duty is told besides',
        maxLength: 1000,
      },
    },
  },
  send: { by: 'smtp', deliver },
};
