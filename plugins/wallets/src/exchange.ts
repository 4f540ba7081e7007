import {
  type CallRecord,
  type ChannelContext,
  type HttpAnswer,
  type Scene,
  sendOnce,
} from '@hospital-pay/payments/contract';
import { type Covers, maskedText } from './masking';

export interface Call {
  /** As the interface log names it. */
  record: string;
  method: 'GET' | 'POST' | 'DELETE';
  url: string;
  headers: Record<string, string>;
  /** Sent as it is: signatures are over exactly this text. */
  body?: string;
  attemptNo?: string;
  refundNo?: string;
  scene?: Scene;
  timeoutMs?: number;
}

/** What a channel makes of an answer; `error` is what the log says about it. */
export interface Reading<Result> {
  result: Result;
  error?: { code: string; message: string };
}

export type Send = <Result>(call: Call, read: (answer: HttpAnswer) => Reading<Result>) => Promise<Result>;

const largestAnswer = 64 * 1024 * 1024;

/** Sends each call once, limited in time and size, and records it masked, whatever came of it. */
export function createExchange(context: ChannelContext, covers: Covers): Send {
  return async (call, read) => {
    const startedAt = context.now();
    const started = performance.now();
    const { method, url, headers, body = '', timeoutMs = context.timeoutMs } = call;
    const answer = await sendOnce({ method, url, headers, body, timeoutMs, maxBytes: largestAnswer });
    const { result, error } = read(answer);
    const record: CallRecord = {
      method: call.record,
      url,
      request: maskedText(body, covers),
      response: answer.kind === 'answer' ? maskedText(answer.body.toString('utf8'), covers) : '',
      startedAt,
      durationMs: Math.round(performance.now() - started),
      ...(answer.kind === 'answer' ? { httpStatus: answer.status } : {}),
      ...(error ? { errorCode: error.code, errorMessage: error.message } : {}),
      ...(call.attemptNo === undefined ? {} : { attemptNo: call.attemptNo }),
      ...(call.refundNo === undefined ? {} : { refundNo: call.refundNo }),
      ...(call.scene === undefined ? {} : { scene: call.scene }),
    };
    context.record(record);
    return result;
  };
}

/** JSON of strangers: `undefined` when it is none. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
