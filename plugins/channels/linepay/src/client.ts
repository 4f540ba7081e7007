import { randomUUID } from 'node:crypto';
import type { ChannelContext, HttpAnswer, Scene } from '@hospital-pay/payments/contract';
import {
  coverFreeText,
  createExchange,
  hide,
  keepEnds,
  quoteLongNumbers,
  type Reading,
  readJson,
} from '@hospital-pay/wallets';
import { z } from 'zod';
import type { LinepaySettings } from './config';
import type { Reply } from './outcomes';
import { signature } from './signing';

const envelope = z.object({
  returnCode: z.string(),
  returnMessage: z.string().default(''),
  info: z.unknown().optional(),
});

const covers = {
  oneTimeKey: keepEnds(2, 4),
  productName: coverFreeText,
  name: coverFreeText,
  paymentAccessToken: hide,
  maskedCreditCardNumber: hide,
};

export interface LineCall {
  record: string;
  /** Below the gateway's address, without its query. */
  path: string;
  query?: string;
  /** Present: POST. */
  body?: object;
  /** v2 sends the secret itself, v3 signs with it. */
  version: 'v2' | 'v3';
  /**
   * How many times the usual ten seconds the documentation asks us to wait (20 s, 40 s for a confirmation); an answer
   * given up earlier leaves money in doubt.
   */
  patience?: 2 | 4;
  attemptNo?: string;
  refundNo?: string;
  scene?: Scene;
}

export type Ask = <Shape extends z.ZodType>(call: LineCall, info: Shape) => Promise<Reply<z.output<Shape>>>;

/** Answers are not signed: TLS alone tells whose they are. */
export function createClient(settings: LinepaySettings, context: ChannelContext): Ask {
  const send = createExchange(context, covers);
  return ({ path, query = '', body, version, patience = 1, ...call }, info) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const nonce = randomUUID();
    const proof: Record<string, string> =
      version === 'v2'
        ? { 'x-line-channelsecret': settings.channelSecret }
        : {
            'x-line-authorization-nonce': nonce,
            'x-line-authorization': signature(settings.channelSecret, path, text ?? query, nonce),
          };
    return send(
      {
        ...call,
        method: text === undefined ? 'GET' : 'POST',
        url: settings.baseUrl + path + (query === '' ? '' : `?${query}`),
        headers: { 'content-type': 'application/json', 'x-line-channelid': settings.channelId, ...proof },
        ...(text === undefined ? {} : { body: text }),
        timeoutMs: context.timeoutMs * patience,
      },
      (answer) => read(answer, info),
    );
  };
}

function read<Shape extends z.ZodType>(answer: HttpAnswer, shape: Shape): Reading<Reply<z.output<Shape>>> {
  if (answer.kind === 'none') return silent(answer.code, answer.cause);
  if (answer.status !== 200) return silent(`HTTP_${answer.status}`, `HTTP ${answer.status}`);
  // Transaction ids have 19 digits, more than a number holds.
  const parsed = envelope.safeParse(readJson(quoteLongNumbers(answer.body.toString('utf8'))));
  if (!parsed.success) return silent('MALFORMED', 'the answer is no LINE Pay reply');
  const { returnCode: code, returnMessage: message, info } = parsed.data;
  const error = { code, message };
  // 0110 … 0123 are states of a request, and no errors.
  const told = /^0\d{3}$/.test(code);
  if (!told) return { result: { kind: 'refused', ...error }, error };
  if (code !== '0000') return { result: { kind: 'state', ...error } };
  const data = shape.safeParse(info);
  return data.success
    ? { result: { kind: 'told', info: data.data } }
    : silent('MALFORMED', 'the reply lacks what was asked for');
}

const silent = (code: string, cause: string) => ({
  result: { kind: 'silent' as const, code, cause },
  error: { code, message: cause },
});
