import type { CallRecord, ChannelContext, Scene } from '@hospital-pay/payments/contract';
import { z } from 'zod';
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

/** `none`: nothing usable came back, and what became of the request is not known. */
export type Answer =
  | { kind: 'answer'; status: number; headers: Headers; bytes: Buffer }
  | { kind: 'none'; code: 'TIMEOUT' | 'NETWORK' | 'TOO_LARGE'; cause: string };

/** What a channel makes of an answer; `error` is what the log says about it. */
export interface Reading<Result> {
  result: Result;
  error?: { code: string; message: string };
}

export type Send = <Result>(call: Call, read: (answer: Answer) => Reading<Result>) => Promise<Result>;

const largestAnswer = 64 * 1024 * 1024;

/** Sends each call once, limited in time and size, and records it masked, whatever came of it. */
export function createExchange(context: ChannelContext, covers: Covers): Send {
  return async (call, read) => {
    const startedAt = context.now();
    const started = performance.now();
    const answer = await exchange(call, call.timeoutMs ?? context.timeoutMs);
    const { result, error } = read(answer);
    const record: CallRecord = {
      method: call.record,
      url: call.url,
      request: maskedText(call.body ?? '', covers),
      response: answer.kind === 'answer' ? maskedText(answer.bytes.toString('utf8'), covers) : '',
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

async function exchange(call: Call, timeoutMs: number): Promise<Answer> {
  try {
    const response = await fetch(call.url, {
      method: call.method,
      headers: call.headers,
      ...(call.body === undefined ? {} : { body: call.body }),
      redirect: 'manual',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const bytes = await readBody(response);
    if (bytes === undefined)
      return { kind: 'none', code: 'TOO_LARGE', cause: `the answer is larger than ${largestAnswer} bytes` };
    return { kind: 'answer', status: response.status, headers: response.headers, bytes };
  } catch (error) {
    return fault(error, timeoutMs);
  }
}

async function readBody(response: Response): Promise<Buffer | undefined> {
  if (response.body === null) return Buffer.alloc(0);
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > largestAnswer) return undefined;
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

function fault(error: unknown, timeoutMs: number): Answer {
  const outer = faultShape.safeParse(error).data;
  if (outer?.name === 'TimeoutError')
    return { kind: 'none', code: 'TIMEOUT', cause: `no answer within ${timeoutMs} ms` };
  // fetch says "fetch failed" and keeps the reason inside.
  const inner = z.object({ cause: faultShape }).safeParse(error).data?.cause ?? outer;
  const reason = [inner?.code, inner?.message].filter(Boolean).join(' ') || 'no reason given';
  return { kind: 'none', code: 'NETWORK', cause: `connection failed: ${reason}` };
}

/** JSON of strangers: `undefined` when it is none. */
export function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
