import { randomUUID } from 'node:crypto';
import type { ChannelContext, HttpAnswer } from '@hospital-pay/payments/contract';
import type { z } from 'zod';
import { type Call, createExchange, type Reading, readJson } from '../exchange';
import { coverFreeText, hide, keepEnds } from '../masking';
import type { PspSettings } from './config';
import type { PspReply } from './outcomes';
import { pspError, replySignature, requestSignature, sameSignature } from './protocol';

const covers = { subject: coverFreeText, reason: coverFreeText, payer: keepEnds(2, 2), token: hide };

export type PspPath = Extract<keyof PspSettings, `${string}Path`>;

export interface PspCall extends Pick<Call, 'record' | 'attemptNo' | 'refundNo' | 'scene'> {
  path: PspPath;
  /** For the placeholders of the path. */
  names?: Record<string, string>;
  /** Present: POST. */
  body?: object;
}

export interface PspClient {
  ask<Shape extends z.ZodType>(call: PspCall, shape: Shape): Promise<PspReply<z.output<Shape>>>;
  file(call: PspCall): Promise<PspReply<Buffer>>;
}

/** Signs every request and believes no reply that is not signed for it. */
export function createPspClient(settings: PspSettings, context: ChannelContext): PspClient {
  const send = createExchange(context, covers);

  function call<Body>(about: PspCall, read: (bytes: Buffer) => Body | undefined): Promise<PspReply<Body>> {
    const { path: pathName, names = {}, body, ...subject } = about;
    const below = settings[pathName].replace(/\{(\w+)\}/g, (_whole, name: string) =>
      encodeURIComponent(names[name] ?? ''),
    );
    const url = new URL(settings.baseUrl + below);
    const method = body === undefined ? 'GET' : 'POST';
    const text = body === undefined ? '' : JSON.stringify(body);
    const nonce = randomUUID();
    const timestamp = String(Math.floor(context.now().getTime() / 1000));
    const path = url.pathname + url.search;
    const signature = requestSignature(settings.secret, { method, path, timestamp, nonce, body: text });
    return send(
      {
        ...subject,
        method,
        url: url.href,
        headers: {
          accept: 'application/json',
          'x-merchant': settings.merchantId,
          'x-timestamp': timestamp,
          'x-nonce': nonce,
          'x-signature': signature,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: text }),
      },
      (answer) => reading(answer, nonce, read),
    );
  }

  function reading<Body>(
    answer: HttpAnswer,
    nonce: string,
    read: (bytes: Buffer) => Body | undefined,
  ): Reading<PspReply<Body>> {
    if (answer.kind === 'none') return silent(answer.code, answer.cause);
    const { status, headers, body: bytes } = answer;
    const expected = replySignature(settings.secret, { nonce, status, body: bytes });
    if (!sameSignature(expected, headers['x-signature'])) {
      return status >= 500
        ? silent(`HTTP_${status}`, `HTTP ${status}`)
        : silent('BAD_SIGNATURE', `HTTP ${status} that does not verify`);
    }
    if (status === 200) {
      const body = read(bytes);
      return body === undefined
        ? silent('MALFORMED', 'the reply is not what was asked for')
        : { result: { kind: 'told', body } };
    }
    const error = pspError.safeParse(readJson(bytes.toString('utf8')));
    if (!error.success) return silent(`HTTP_${status}`, `HTTP ${status}`);
    return {
      result: { kind: 'refused', status, ...error.data.error },
      error: error.data.error,
    };
  }

  return {
    ask: (about, shape) => call(about, (bytes) => shape.safeParse(readJson(bytes.toString('utf8'))).data),
    file: (about) => call(about, (bytes) => bytes),
  };
}

const silent = (code: string, cause: string) => ({
  result: { kind: 'silent' as const, code, cause },
  error: { code, message: cause },
});
