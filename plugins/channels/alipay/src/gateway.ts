import type { CallRecord, ChannelContext, Scene } from '@hospital-pay/payments/contract';
import { z } from 'zod';
import type { AlipayConfig } from './config';
import { masked, maskedText } from './masking';
import { type Signer, takeApart } from './signing';
import { wireTime } from './zone';

/** Some amounts have been seen unquoted; ids and amounts are texts from here on. */
const text = z.union([z.string(), z.number()]).transform(String).optional();

const replyBody = z.object({
  code: z.union([z.string(), z.number()]).transform(String),
  msg: text,
  sub_code: text,
  sub_msg: text,
  out_trade_no: text,
  trade_no: text,
  trade_status: text,
  total_amount: text,
  gmt_payment: text,
  send_pay_date: text,
  buyer_logon_id: text,
  qr_code: text,
  retry_flag: text,
  action: text,
  fund_change: text,
  refund_fee: text,
  gmt_refund_pay: text,
  refund_status: text,
  refund_amount: text,
  out_request_no: text,
  bill_download_url: text,
});

export type ReplyBody = z.output<typeof replyBody>;

/** What came back from one call. Only a `signed` reply is Alipay's word. */
export type Reply =
  | { kind: 'signed'; body: ReplyBody }
  /** Gateway-level errors carry no signature: anybody between us could have written them. */
  | { kind: 'unsigned'; code: string; message: string }
  | { kind: 'none'; code: string; cause: string };

export interface Call {
  /** As the interface log names it. */
  record: string;
  method: string;
  bizContent: object;
  publicParameters?: Record<string, string>;
  attemptNo?: string;
  refundNo?: string;
  scene?: Scene;
}

export interface Gateway {
  call(call: Call): Promise<Reply>;
  /** The address of a signed page; nothing is sent. */
  page(call: Call): string;
  /** The order text for the mobile SDK; nothing is sent. */
  order(call: Call): string;
  download(
    url: string,
  ): Promise<{ kind: 'file'; bytes: Buffer } | { kind: 'none'; code: string; cause: string }>;
}

/** Where the SDK puts the public parameters; everything else travels in the body. */
const bodyParameters = new Set(['biz_content']);
const maxReplyBytes = 4 * 1024 * 1024;
const maxBillBytes = 512 * 1024 * 1024;

export function createGateway(config: AlipayConfig, signer: Signer, context: ChannelContext): Gateway {
  const publicParameters = (call: Call): Record<string, string> => ({
    ...call.publicParameters,
    timestamp: wireTime(context.now()),
  });

  const requestText = (call: Call): string =>
    JSON.stringify({ method: call.method, ...publicParameters(call), biz_content: masked(call.bizContent) });

  const recordOf = (call: Call, startedAt: Date, started: number) => ({
    method: call.record,
    url: config.gateway,
    request: requestText(call),
    startedAt,
    durationMs: Math.round(performance.now() - started),
    ...(call.attemptNo === undefined ? {} : { attemptNo: call.attemptNo }),
    ...(call.refundNo === undefined ? {} : { refundNo: call.refundNo }),
    ...(call.scene === undefined ? {} : { scene: call.scene }),
  });

  const signLocally = (call: Call, sign: (parameters: Record<string, string>) => string): string => {
    const startedAt = context.now();
    const started = performance.now();
    const result = sign(publicParameters(call));
    context.record({ ...recordOf(call, startedAt, started), response: '{"signed":"locally, nothing sent"}' });
    return result;
  };

  return {
    async call(call) {
      const startedAt = context.now();
      const started = performance.now();
      const parameters = signer.parameters(call.method, publicParameters(call), call.bizContent);
      const url = new URL(config.gateway);
      const form = new URLSearchParams();
      for (const [name, value] of parameters) {
        if (bodyParameters.has(name)) form.append(name, value);
        else url.searchParams.set(name, value);
      }
      const answer = await exchange(url, context.timeoutMs, maxReplyBytes, form);
      const { reply, response } = read(answer, call.method, signer);
      const error = errorOf(reply);
      context.record({
        ...recordOf(call, startedAt, started),
        response,
        ...(answer.status === undefined ? {} : { httpStatus: answer.status }),
        ...(error === undefined ? {} : { errorCode: error.code, errorMessage: error.message }),
      });
      return reply;
    },

    page: (call) =>
      signLocally(call, (parameters) => signer.pageUrl(call.method, parameters, call.bizContent)),
    order: (call) =>
      signLocally(call, (parameters) => signer.orderString(call.method, parameters, call.bizContent)),

    async download(address) {
      const startedAt = context.now();
      const started = performance.now();
      const answer = await exchange(new URL(address), context.timeoutMs, maxBillBytes);
      const usable = answer.bytes !== undefined && answer.status === 200;
      const code = usable ? undefined : (answer.code ?? `HTTP_${answer.status}`);
      const cause = answer.cause ?? `HTTP ${answer.status}`;
      const record: CallRecord = {
        method: 'download_bill',
        // The query is what opens the file.
        url: address.replace(/\?.*$/s, '?***'),
        request: '',
        response: answer.bytes === undefined ? '' : `(${answer.bytes.length} bytes)`,
        startedAt,
        durationMs: Math.round(performance.now() - started),
        ...(answer.status === undefined ? {} : { httpStatus: answer.status }),
        ...(code === undefined ? {} : { errorCode: code, errorMessage: cause }),
      };
      context.record(record);
      return answer.bytes === undefined || code !== undefined
        ? { kind: 'none', code: code ?? 'NETWORK', cause }
        : { kind: 'file', bytes: answer.bytes };
    },
  };
}

interface Exchange {
  status?: number;
  bytes?: Buffer;
  code?: string;
  cause?: string;
}

/**
 * One request, sent once. The SDK's own client sends a POST again after a reset without saying so; a payment that
 * was taken the first time then looks refused, so calls do not go through it.
 */
async function exchange(
  url: URL,
  timeoutMs: number,
  limit: number,
  form?: URLSearchParams,
): Promise<Exchange> {
  let status: number | undefined;
  try {
    const response = await fetch(url, {
      method: form === undefined ? 'GET' : 'POST',
      ...(form === undefined
        ? {}
        : {
            body: form.toString(),
            headers: {
              'content-type': 'application/x-www-form-urlencoded;charset=UTF-8',
              accept: 'application/json',
            },
          }),
      redirect: form === undefined ? 'follow' : 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    status = response.status;
    const bytes = await readBody(response, limit);
    return bytes === undefined
      ? { status, code: 'TOO_LARGE', cause: `the answer is larger than ${limit} bytes` }
      : { status, bytes };
  } catch (error) {
    return { ...(status === undefined ? {} : { status }), ...networkFault(error, timeoutMs) };
  }
}

async function readBody(response: Response, limit: number): Promise<Buffer | undefined> {
  if (response.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > limit) return undefined;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

/** By shape and not by class: a timeout is a DOMException, and errors may come from another realm. */
const faultShape = z.object({
  name: z.string(),
  message: z.string(),
  code: z.string().optional().catch(undefined),
});

function networkFault(error: unknown, timeoutMs: number): { code: string; cause: string } {
  const fault = faultShape.safeParse(error).data;
  if (fault?.name === 'TimeoutError') return { code: 'TIMEOUT', cause: `no answer within ${timeoutMs} ms` };
  // fetch says "fetch failed" and keeps the reason inside.
  const inner = z.object({ cause: faultShape }).safeParse(error).data?.cause ?? fault;
  const reason = [inner?.code, inner?.message].filter(Boolean).join(' ') || 'no reason given';
  return { code: 'NETWORK', cause: `connection failed: ${reason}` };
}

/** UTF-8 as the gateway answers, or GBK as its error pages are written. */
function decode(bytes: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('gb18030').decode(bytes);
  }
}

function read(answer: Exchange, method: string, signer: Signer): { reply: Reply; response: string } {
  if (answer.bytes === undefined) {
    const cause = answer.cause ?? 'no answer';
    return { reply: { kind: 'none', code: answer.code ?? 'NETWORK', cause }, response: '' };
  }
  const raw = decode(answer.bytes);
  const response = maskedText(raw);
  const none = (code: string, cause: string) => ({ reply: { kind: 'none' as const, code, cause }, response });
  if (answer.status !== 200) return none(`HTTP_${answer.status}`, `HTTP ${answer.status}`);
  const parts = takeApart(raw, method);
  if (parts === undefined) {
    const title = /<title>([^<]{1,80})/i.exec(raw)?.[1]?.trim();
    return none('MALFORMED', title ? `not a reply but a page: ${title}` : 'not a reply to this call');
  }
  if (parts.signature !== undefined) {
    if (
      signer.alipayCertSn !== undefined &&
      parts.certSn !== undefined &&
      parts.certSn !== signer.alipayCertSn
    ) {
      return none('CERT_CHANGED', `signed with certificate ${parts.certSn}, which is not the configured one`);
    }
    if (!signer.verifies(parts.content, parts.signature)) {
      return none('BAD_SIGNATURE', 'the reply does not verify with the configured Alipay key');
    }
  }
  // What was verified is what is read: never the surrounding text.
  const body = replyBody.safeParse(JSON.parse(parts.content));
  if (!body.success) return none('MALFORMED', 'the reply lacks a code');
  if (parts.signature !== undefined) return { reply: { kind: 'signed', body: body.data }, response };
  const { code, sub_code, sub_msg, msg } = body.data;
  return { reply: { kind: 'unsigned', code: sub_code ?? code, message: sub_msg ?? msg ?? '' }, response };
}

/** What the abnormal-request log should say; waiting for the payer is no error. */
function errorOf(reply: Reply): { code: string; message: string } | undefined {
  switch (reply.kind) {
    case 'signed': {
      const { code, msg, sub_code, sub_msg } = reply.body;
      return code === '10000' || code === '10003'
        ? undefined
        : { code: sub_code ?? code, message: sub_msg ?? msg ?? '' };
    }
    case 'unsigned':
      return { code: reply.code, message: reply.message };
    case 'none':
      return { code: reply.code, message: reply.cause };
    default:
      return reply satisfies never;
  }
}
