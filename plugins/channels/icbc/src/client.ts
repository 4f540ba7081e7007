import { randomUUID } from 'node:crypto';
import { type CallRecord, type ChannelContext, chinaTime, sendOnce } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import type { IcbcSettings } from './config';
import { masked, maskedText } from './masking';
import { signText, stringToSign, takeApart, textVerifies } from './signing';

/** Ids and amounts have been seen quoted and unquoted; they are texts from here on. */
const text = z.union([z.string(), z.number()]).transform(String);
const optional = text.optional();

export const replyBody = z.object({
  return_code: text,
  return_msg: optional,
  msg_id: optional,
  mer_id: optional,
  out_trade_no: optional,
  order_id: optional,
  pay_status: optional,
  total_amt: optional,
  pay_time: optional,
  qrcode: optional,
  reject_no: optional,
  reject_amt: optional,
  real_reject_amt: optional,
  outtrx_serial_no: optional,
  intrx_serial_no: optional,
  wx_data_package: optional,
  zfb_data_package: optional,
  union_data_package: optional,
});

export type ReplyBody = z.output<typeof replyBody>;

/** What came back from one call. Only a `signed` reply is ICBC's word. */
export type Reply = { kind: 'signed'; body: ReplyBody } | { kind: 'none'; code: string; cause: string };

export type CallSubject = Pick<CallRecord, 'method' | 'attemptNo' | 'refundNo' | 'scene'>;

export interface Client {
  call(subject: CallSubject, path: string, biz: Record<string, string | undefined>): Promise<Reply>;
}

export function createClient(settings: IcbcSettings, context: ChannelContext): Client {
  const read = (answer: Awaited<ReturnType<typeof sendOnce>>): { reply: Reply; response: string } => {
    if (answer.kind === 'none') return { reply: answer, response: '' };
    const raw = answer.body.toString('utf8');
    const none = (code: string, cause: string) => ({
      reply: { kind: 'none' as const, code, cause },
      response: maskedText(raw).slice(0, 500),
    });
    if (answer.status !== 200) return none(`HTTP_${answer.status}`, `HTTP ${answer.status}`);
    const parts = takeApart(raw);
    if (parts === undefined) return none('MALFORMED', 'not a reply to this call');
    if (!textVerifies(parts.content, parts.signature, settings.replySignType, settings.gatewayPublicKey)) {
      return none('BAD_SIGNATURE', 'the reply does not verify with the configured gateway key');
    }
    // What was verified is what is read.
    const body = replyBody.safeParse(readJson(parts.content));
    return body.success
      ? { reply: { kind: 'signed', body: body.data }, response: masked(body.data) }
      : none('MALFORMED', 'the reply lacks a return code');
  };

  return {
    async call(subject, path, biz) {
      const url = `${settings.gateway}${path}`;
      const given = Object.fromEntries(Object.entries(biz).filter(([, value]) => value));
      const parameters: Record<string, string> = {
        app_id: settings.appId,
        msg_id: randomUUID().replaceAll('-', ''),
        format: 'json',
        charset: 'UTF-8',
        sign_type: settings.signType,
        timestamp: chinaTime(context.now()),
        biz_content: JSON.stringify(given),
      };
      parameters.sign = signText(
        stringToSign(new URL(url).pathname, parameters),
        settings.signType,
        settings.privateKey,
      );
      const startedAt = context.now();
      const started = performance.now();
      const answer = await sendOnce({
        method: 'POST',
        url,
        headers: { 'content-type': 'application/x-www-form-urlencoded; charset=UTF-8' },
        body: new URLSearchParams(parameters).toString(),
        timeoutMs: context.timeoutMs,
      });
      const { reply, response } = read(answer);
      const error = errorOf(reply);
      context.record({
        ...subject,
        url,
        request: masked(given),
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

export function readJson(content: string): unknown {
  try {
    return JSON.parse(content);
  } catch {
    return undefined;
  }
}

/** What the abnormal-request log should say. */
function errorOf(reply: Reply): { code: string; message: string } | undefined {
  if (reply.kind === 'none') return { code: reply.code, message: reply.cause };
  const { return_code, return_msg = '' } = reply.body;
  return return_code === '0' ? undefined : { code: return_code, message: return_msg };
}
