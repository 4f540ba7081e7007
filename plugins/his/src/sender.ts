import { createHmac } from 'node:crypto';
import type { Clock } from '@hospital-pay/jobs';
import { type Events, type HisConfirmPayload, type SendResult, traceHeaders } from '@hospital-pay/payments';
import { z } from 'zod';

/** What HIS answers: '0' done, '-1' refused for good, anything else is not an answer and is asked again. */
const hisAnswer = z.object({
  resultCode: z.union([z.string(), z.number()]).transform(String),
  resultMessage: z.string().nullish(),
  booked: z.boolean().optional(),
  hisOrderNo: z.string().nullish(),
  receiptNo: z.string().nullish(),
});
type HisAnswer = z.output<typeof hisAnswer>;

export interface ConfirmationSender {
  confirm(payload: HisConfirmPayload, context: { attempt: number }): Promise<SendResult>;
}

export interface SenderOptions {
  hisUrlOf(merchantCode: string): Promise<string | null>;
  /** Shared with HIS; signs every body. */
  secret: string;
  clock: Clock;
  events: Events;
  timeoutMs?: number;
  fetch?: typeof fetch;
}

/**
 * Tells HIS over HTTP that money arrived. Before any repeat HIS is asked whether it has booked the order: a timeout
 * says nothing about what HIS did, and nobody may be charged twice in HIS either.
 */
export function createConfirmationSender(options: SenderOptions): ConfirmationSender {
  const { hisUrlOf, secret, clock, events, timeoutMs = 10_000, fetch: send = fetch } = options;

  async function call(
    method: 'confirm' | 'query',
    url: string,
    payload: HisConfirmPayload,
  ): Promise<HisAnswer | string> {
    const body = JSON.stringify(method === 'query' ? { orderNo: payload.orderNo } : payload);
    const startedAt = clock.now();
    let httpStatus: number | undefined;
    let answer = '';
    let problem: string | undefined;
    let parsed: HisAnswer | undefined;
    try {
      const response = await send(url, {
        method: 'POST',
        headers: {
          'content-type': 'application/json; charset=utf-8',
          ...traceHeaders(),
          'x-his-signature': createHmac('sha256', secret).update(body).digest('hex'),
        },
        body,
        signal: AbortSignal.timeout(timeoutMs),
      });
      httpStatus = response.status;
      answer = await response.text();
      parsed = response.ok ? readAnswer(answer) : undefined;
      if (!parsed) problem = response.ok ? 'UNREADABLE' : `HTTP_${response.status}`;
    } catch (error) {
      problem = isTimeout(error) ? 'TIMEOUT' : 'UNREACHABLE';
    }
    events.emit('channel.call', {
      method: method === 'confirm' ? 'his_confirm' : 'his_query',
      url,
      request: masked(payload, method),
      response: answer.slice(0, 2000),
      startedAt,
      durationMs: clock.now().getTime() - startedAt.getTime(),
      channel: null,
      accountCode: null,
      orderNo: payload.orderNo,
      tradeType: null,
      direction: 'out',
      ...(httpStatus === undefined ? {} : { httpStatus }),
      ...(problem === undefined ? {} : { errorCode: `HIS_${problem}` }),
    });
    return parsed ?? problem ?? 'UNREADABLE';
  }

  return {
    async confirm(payload, { attempt }) {
      const base = await hisUrlOf(payload.merchantCode);
      if (!base) return { kind: 'retry', error: 'HIS_NOT_CONFIGURED' };
      const url = base.replace(/\/+$/, '');
      if (attempt > 1) {
        const known = await call('query', `${url}/query`, payload);
        if (typeof known === 'string') return { kind: 'retry', error: `query: ${known}` };
        if (known.resultCode === '0' && known.booked === true) return done(known);
      }
      const answer = await call('confirm', `${url}/confirm`, payload);
      if (typeof answer === 'string') return { kind: 'retry', error: answer };
      switch (answer.resultCode) {
        case '0':
          return done(answer);
        case '-1':
          return { kind: 'refused', code: 'HIS_REFUSED', message: answer.resultMessage ?? '' };
        default:
          return { kind: 'retry', error: `resultCode ${answer.resultCode}` };
      }
    },
  };
}

function done(answer: HisAnswer): SendResult {
  return {
    kind: 'done',
    ...(answer.hisOrderNo ? { hisOrderNo: answer.hisOrderNo } : {}),
    ...(answer.receiptNo ? { receiptNo: answer.receiptNo } : {}),
  };
}

/** `fetch` throws a DOMException here, which is no Error of this realm under every test runner. */
const isTimeout = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'name' in error && error.name === 'TimeoutError';

function readAnswer(text: string): HisAnswer | undefined {
  try {
    return hisAnswer.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined;
  }
}

/** The log keeps what identifies the order, not the patient. */
function masked(payload: HisConfirmPayload, method: 'confirm' | 'query'): string {
  if (method === 'query') return JSON.stringify({ orderNo: payload.orderNo });
  return JSON.stringify({
    ...payload,
    patientId: payload.patientId === null ? null : '***',
    cardNo: payload.cardNo === null ? null : '***',
  });
}
