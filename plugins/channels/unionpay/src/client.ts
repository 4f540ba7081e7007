import {
  type CallRecord,
  type ChannelContext,
  chinaCompact,
  sendOnce,
  unreadable,
} from '@hospital-pay/payments/contract';
import type { UnionpaySettings } from './config';
import { masked } from './masking';
import { createVerifier, type Fields, readFields, signed, type Verdict } from './signing';

/** What came back from one call. Only a `signed` reply is UnionPay's word. */
export type Reply = { kind: 'signed'; fields: Fields } | { kind: 'none'; code: string; cause: string };

export type CallSubject = Pick<CallRecord, 'method' | 'attemptNo' | 'refundNo' | 'scene'>;

export interface Client {
  /** Sends `fields` with the parameters every request has, signed, once. */
  call(subject: CallSubject, url: string, fields: Record<string, string | undefined>): Promise<Reply>;
  verdict(fields: Fields): Verdict;
}

const maxReplyBytes = 512 * 1024 * 1024;

export function createClient(settings: UnionpaySettings, context: ChannelContext): Client {
  const verdict = createVerifier(settings, () => context.now());

  const read = (answer: Awaited<ReturnType<typeof sendOnce>>): { reply: Reply; response: string } => {
    if (answer.kind === 'none') return { reply: answer, response: '' };
    const text = answer.body.toString('utf8');
    const none = (code: string, cause: string) => ({
      reply: { kind: 'none' as const, code, cause },
      response: unreadable(text),
    });
    if (answer.status !== 200) return none(`HTTP_${answer.status}`, `HTTP ${answer.status}`);
    const fields = readFields(text);
    if (fields?.respCode === undefined) return none('MALFORMED', 'not a reply to this call');
    const judged = verdict(fields);
    const response = masked(fields);
    if (judged.ok) return { reply: { kind: 'signed', fields }, response };
    return { reply: { kind: 'none', code: 'BAD_SIGNATURE', cause: `the reply: ${judged.cause}` }, response };
  };

  return {
    verdict,
    async call(subject, url, fields) {
      const request = signed(
        {
          version: '5.1.0',
          encoding: 'UTF-8',
          signMethod: '01',
          certId: settings.certId,
          accessType: '0',
          bizType: '000000',
          merId: settings.merId,
          txnTime: chinaCompact(context.now()),
          ...fields,
        },
        settings.privateKey,
      );
      const startedAt = context.now();
      const started = performance.now();
      const answer = await sendOnce({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
        body: new URLSearchParams(request).toString(),
        timeoutMs: context.timeoutMs,
        maxBytes: maxReplyBytes,
      });
      const { reply, response } = read(answer);
      const error = errorOf(reply);
      context.record({
        ...subject,
        url,
        request: masked(request),
        response,
        startedAt,
        durationMs: Math.round(performance.now() - started),
        ...(answer.kind === 'answer' ? { httpStatus: answer.status } : {}),
        ...(error ? { errorCode: error.code, errorMessage: error.message } : {}),
      });
      return reply;
    },
  };
}

/** What the abnormal-request log should say. */
function errorOf(reply: Reply): { code: string; message: string } | undefined {
  if (reply.kind === 'none') return { code: reply.code, message: reply.cause };
  const { respCode = '', respMsg = '' } = reply.fields;
  return respCode === '00' || respCode === 'A6' ? undefined : { code: respCode, message: respMsg };
}
