import { randomBytes } from 'node:crypto';
import type { ChannelContext, HttpAnswer, Scene } from '@hospital-pay/payments/contract';
import { coverFreeText, createExchange, hide, type Reading, readJson } from '@hospital-pay/wallets';
import { z } from 'zod';
import type { PaypaySettings } from './config';
import type { Reply } from './outcomes';
import { authorization } from './signing';

const envelope = z.object({
  resultInfo: z.object({ code: z.string(), message: z.string().default(''), codeId: z.string().optional() }),
  data: z.unknown(),
});

const covers = { orderDescription: coverFreeText, reason: coverFreeText, deeplink: hide };
const contentType = 'application/json';

export interface PaypayCall {
  record: string;
  method: 'GET' | 'POST' | 'DELETE';
  /** Below the gateway's address. */
  path: string;
  body?: object;
  attemptNo?: string;
  refundNo?: string;
  scene?: Scene;
}

export type Ask = <Shape extends z.ZodType>(call: PaypayCall, data: Shape) => Promise<Reply<z.output<Shape>>>;

/** PayPay signs no answers: TLS alone tells whose they are. */
export function createClient(settings: PaypaySettings, context: ChannelContext): Ask {
  const send = createExchange(context, covers);
  return ({ path, body, ...call }, data) => {
    const url = new URL(settings.baseUrl + path);
    const text = body === undefined ? undefined : JSON.stringify(body);
    const signed = {
      apiKey: settings.apiKey,
      secret: settings.apiSecret,
      method: call.method,
      // Signed is the path that the gateway knows, not a prefix in front of it.
      path,
      nonce: randomBytes(8).toString('hex'),
      epoch: Math.floor(context.now().getTime() / 1000),
    };
    return send(
      {
        ...call,
        url: url.href,
        headers: {
          accept: contentType,
          'x-assume-merchant': settings.merchantId,
          authorization: authorization(text === undefined ? signed : { ...signed, contentType, body: text }),
          ...(text === undefined ? {} : { 'content-type': contentType }),
        },
        ...(text === undefined ? {} : { body: text }),
      },
      (answer) => read(answer, data),
    );
  };
}

function read<Shape extends z.ZodType>(answer: HttpAnswer, shape: Shape): Reading<Reply<z.output<Shape>>> {
  if (answer.kind === 'none') return silent(answer.code, answer.cause);
  const { status } = answer;
  const parsed = envelope.safeParse(readJson(answer.body.toString('utf8')));
  if (!parsed.success) {
    return status === 200
      ? silent('MALFORMED', 'the answer is no OPA reply')
      : silent(`HTTP_${status}`, `HTTP ${status}`);
  }
  const { resultInfo } = parsed.data;
  if (
    status >= 200 &&
    status < 300 &&
    (resultInfo.code === 'SUCCESS' || resultInfo.code === 'REQUEST_ACCEPTED')
  ) {
    const data = shape.safeParse(parsed.data.data ?? {});
    return data.success
      ? { result: { kind: 'told', code: resultInfo.code, data: data.data } }
      : silent('MALFORMED', 'the reply lacks what was asked for');
  }
  const { code, message } = resultInfo;
  return { result: { kind: 'refused', status, code, message }, error: { code, message } };
}

const silent = (code: string, cause: string) => ({
  result: { kind: 'silent' as const, code, cause },
  error: { code, message: cause },
});
