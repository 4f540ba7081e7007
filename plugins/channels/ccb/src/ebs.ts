import { randomInt } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { basename, join } from 'node:path';
import { type ChannelContext, sendOnce } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import type { Answer, CallSubject } from './client';
import type { EbsSettings } from './config';
import { maskedXml } from './masking';
import { element, readXml } from './xml';

const text = z.union([z.string(), z.number()]).transform(String);
const optional = text.optional().transform((value) => value ?? '');

const refundRow = z.object({
  ORDER_NUMBER: text,
  REFUNDEMENT_AMOUNT: optional,
  STATUS: text,
  REFUND_CODE: optional,
});
export type RefundRow = z.output<typeof refundRow>;

const rows = z.preprocess(
  (given) => (given === undefined || given === '' ? [] : Array.isArray(given) ? given : [given]),
  z.array(refundRow),
);
const information = z.preprocess(
  (given) => (typeof given === 'object' && given !== null ? given : {}),
  z.object({ TPAGE: optional, LIST: rows, ORDER_NUM: optional, AMOUNT: optional, FILE_NAME: optional }),
);
const reply = z.object({
  REQUEST_SN: optional,
  RETURN_CODE: text,
  RETURN_MSG: optional,
  TX_INFO: information,
});
export type EbsReply = z.output<typeof reply>;

export interface Ebs {
  call(subject: CallSubject, code: string, information: Record<string, string>): Promise<Answer<EbsReply>>;
  /** A file that 6W0111 has put into the download folder. */
  downloaded(name: string): Promise<Buffer | undefined>;
}

const none = (code: string, cause: string): Answer<never> => ({ kind: 'none', code, cause });
const longestReply = 4 * 1024 * 1024;

/** The bank's local program (外联平台): XML in GB18030, by HTTP or by a connection that it answers once. */
export function createEbs(settings: EbsSettings, context: ChannelContext): Ebs {
  /** 16 digits, never the same twice. */
  const serial = () => `${context.now().getTime()}${String(randomInt(1000)).padStart(3, '0')}`;

  async function exchange(request: string): Promise<Answer<Buffer>> {
    const address = new URL(settings.address);
    if (address.protocol === 'tcp:') {
      return overSocket(address.hostname, Number(address.port), request, context.timeoutMs);
    }
    const answer = await sendOnce({
      method: 'POST',
      url: settings.address,
      headers: { 'content-type': 'text/xml; charset=GB18030' },
      body: request,
      timeoutMs: context.timeoutMs,
    });
    if (answer.kind === 'none') return answer;
    return answer.status === 200
      ? { kind: 'answer', body: answer.body }
      : none(`HTTP_${answer.status}`, `HTTP ${answer.status}`);
  }

  function read(answer: Answer<Buffer>, requestNo: string): Answer<EbsReply> {
    if (answer.kind === 'none') return answer;
    const parsed = reply.safeParse(readXml(new TextDecoder('gb18030').decode(answer.body)));
    if (!parsed.success) return none('MALFORMED', 'not a reply of EBS');
    return parsed.data.REQUEST_SN === requestNo
      ? { kind: 'answer', body: parsed.data }
      : none('INTEGRITY', `asked as ${requestNo}, answered as ${parsed.data.REQUEST_SN}`);
  }

  return {
    async call(subject, code, given) {
      const requestNo = serial();
      const request = [
        '<?xml version="1.0" encoding="GB18030" standalone="yes" ?>',
        '<TX>',
        element('REQUEST_SN', requestNo),
        element('CUST_ID', settings.customer),
        element('USER_ID', settings.user),
        element('PASSWORD', settings.password),
        element('TX_CODE', code),
        element('LANGUAGE', 'CN'),
        `<TX_INFO>${Object.entries(given)
          .map((pair) => element(...pair))
          .join('')}</TX_INFO>`,
        // EBS signs by itself what reaches it over a connection.
        '<SIGN_INFO></SIGN_INFO><SIGNCERT></SIGNCERT>',
        '</TX>',
      ].join('');
      const startedAt = context.now();
      const started = performance.now();
      const answer = await exchange(request);
      const result = read(answer, requestNo);
      const error =
        result.kind === 'none'
          ? { code: result.code, message: result.cause }
          : result.body.RETURN_CODE === '000000'
            ? undefined
            : { code: result.body.RETURN_CODE, message: result.body.RETURN_MSG };
      context.record({
        ...subject,
        url: settings.address,
        request: maskedXml(request),
        response: answer.kind === 'answer' ? maskedXml(new TextDecoder('gb18030').decode(answer.body)) : '',
        startedAt,
        durationMs: Math.round(performance.now() - started),
        ...(error ? { errorCode: error.code, errorMessage: error.message } : {}),
      });
      return result;
    },

    async downloaded(name) {
      // A name is no path: whatever EBS answers, nothing outside its folder is read.
      return readFile(join(settings.folder ?? '', basename(name))).catch(() => undefined);
    },
  };
}

/** The connection has no frame: the answer ends with its root element, or with the connection. */
function overSocket(host: string, port: number, request: string, timeoutMs: number): Promise<Answer<Buffer>> {
  return new Promise((resolve) => {
    const chunks: Buffer[] = [];
    let size = 0;
    const socket = connect({ host, port });
    const done = (answer: Answer<Buffer>) => {
      clearTimeout(limit);
      socket.destroy();
      resolve(answer);
    };
    const limit = setTimeout(() => done(none('TIMEOUT', `no answer within ${timeoutMs} ms`)), timeoutMs);
    socket.on('connect', () => socket.write(request));
    socket.on('data', (chunk) => {
      chunks.push(chunk);
      size += chunk.length;
      if (size > longestReply) done(none('TOO_LARGE', `the answer is larger than ${longestReply} bytes`));
      else if (chunk.toString('latin1').trimEnd().endsWith('</TX>')) {
        done({ kind: 'answer', body: Buffer.concat(chunks) });
      }
    });
    socket.on('error', (error) => done(none('NETWORK', `connection failed: ${error.message}`)));
    socket.on('close', () =>
      done(
        size > 0
          ? { kind: 'answer', body: Buffer.concat(chunks) }
          : none('NETWORK', 'the connection was closed without an answer'),
      ),
    );
  });
}
