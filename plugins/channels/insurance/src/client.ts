import {
  type CallRecord,
  type ChannelContext,
  type HttpAnswer,
  sendOnce,
  unreadable,
} from '@hospital-pay/payments/contract';
import type { InsuranceSettings } from './config';
import { opened, sealed } from './envelope';
import { Digits, isRecord } from './json';

/** What came back from one call. Only a `signed` reply is the centre's word. */
export type Reply =
  | { kind: 'signed'; code: string; message: string; data: Record<string, unknown> }
  | { kind: 'none'; code: string; cause: string };

/** The centre's code for "done". */
const done = '0';

/** What the centre says of a business matter it refused, or that it said nothing. */
export const refusalOf = (reply: Reply): { code: string; message: string } | undefined => {
  if (reply.kind === 'none') return { code: reply.code, message: reply.cause };
  return reply.code === done ? undefined : { code: reply.code, message: reply.message };
};

export type CallSubject = Pick<CallRecord, 'method' | 'attemptNo' | 'refundNo' | 'scene'>;

export interface Client {
  call(subject: CallSubject, path: string, business: Record<string, unknown>): Promise<Reply>;
}

const scalar = (value: unknown): string =>
  value instanceof Digits ? value.text : value === undefined || value === null ? '' : String(value);

export function createClient({ gateway, seal }: InsuranceSettings, context: ChannelContext): Client {
  const read = (answer: HttpAnswer): Reply => {
    if (answer.kind === 'none') return answer;
    if (answer.status !== 200) {
      return { kind: 'none', code: `HTTP_${answer.status}`, cause: `HTTP ${answer.status}` };
    }
    const envelope = opened(answer.body.toString('utf8'), seal);
    if (envelope.kind === 'refused') return { kind: 'none', code: envelope.code, cause: envelope.cause };
    const { head, data } = envelope;
    return { kind: 'signed', code: scalar(head.code), message: scalar(head.message), data };
  };

  return {
    async call(subject, path, business) {
      const url = `${gateway}/org/local/api/hos/${path}`;
      const startedAt = context.now();
      const started = performance.now();
      const answer = await sendOnce({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/json; charset=UTF-8' },
        body: sealed(business, seal, startedAt),
        timeoutMs: context.timeoutMs,
      });
      const reply = read(answer);
      const error = refusalOf(reply);
      context.record({
        ...subject,
        url,
        request: masked(business),
        response: shownReply(reply, answer),
        startedAt,
        durationMs: Math.round(performance.now() - started),
        ...(answer.kind === 'answer' ? { httpStatus: answer.status } : {}),
        ...(error ? { errorCode: error.code, errorMessage: error.message } : {}),
      });
      return reply;
    },
  };
}

function shownReply(reply: Reply, answer: HttpAnswer): string {
  if (reply.kind === 'signed') return masked({ code: reply.code, message: reply.message, ...reply.data });
  return answer.kind === 'answer' ? unreadable(answer.body.toString('utf8')) : '';
}

/** Numbers, states and amounts. Who the patient is, what was prescribed and what authorizes a payment is not logged. */
const shownFields = new Set([
  ...['code', 'message', 'callType', 'payOrdId', 'medOrgOrd', 'orgBizSer', 'orgCodg', 'mdtrtId', 'insutype'],
  ...['medType', 'feeType', 'setlType', 'ordStas', 'refStatus', 'refdType', 'appRefdSn', 'appRefdTime'],
  ...['medfeeSumamt', 'feeSumamt', 'ownPayAmt', 'ownpayAmt', 'psnAcctPay', 'fundPay', 'othFeeAmt', 'deposit'],
  ...['totlRefdAmt', 'cashRefdAmt', 'psnAcctRefdAmt', 'fundRefdAmt', 'hiChrgTime', 'traceTime'],
]);

export function masked(fields: Record<string, unknown>): string {
  const shown = Object.entries(fields).map(([name, value]) => {
    if (Array.isArray(value)) return [name, `${value.length} lines`];
    return [name, shownFields.has(name) && !isRecord(value) ? scalar(value) : '***'];
  });
  return JSON.stringify(Object.fromEntries(shown));
}
