import type { CallRecord, ChannelContext, Scene } from '@hospital-pay/payments/contract';
import Pay from 'wechatpay-node-v3';
import { z } from 'zod';
import { backupHost, officialHost, type WechatSettings } from '../config';
import { exchange, type HttpAnswer } from '../http';
import { readJson } from '../json';
import { maskJson, maskUrl } from '../masking';
import type { Refused } from '../outcomes';
import { authorizationHeader, randomNonce, readSignatureHeaders } from '../signing';
import { type CertificateAnswer, PlatformKeys } from './platform-keys';

const userAgent = 'hospital-pay/0.1';
const answerLimit = 4 * 1024 * 1024;
const fileLimit = 512 * 1024 * 1024;
const fileTimeoutMs = 120_000;

/** What a call is about, for the interface log. */
export interface CallSubject {
  method: string;
  attemptNo?: string;
  refundNo?: string;
  scene?: Scene;
}

export type V3Answer = { kind: 'ok'; data: unknown } | Refused;

export type FileAnswer = { kind: 'file'; bytes: Buffer } | Refused;

const errorBody = z.object({ code: z.string().min(1), message: z.string().default('') });

/**
 * The SDK puts requests together; the signature (real randomness, the platform's clock, exact path and text) is ours.
 */
class RequestBuilder extends Pay {
  constructor(
    private readonly settings: WechatSettings,
    private readonly clock: () => Date,
  ) {
    super({
      appid: settings.appid,
      mchid: settings.mchid,
      serial_no: settings.merchantSerial,
      // Asked for by the constructor; only `getSN` and `verifySign` would read it, and both are never used.
      publicKey: Buffer.from('unused'),
      privateKey: Buffer.from(settings.privateKeyPem),
      userAgent,
    });
  }

  protected override buildAuthorization(
    method: string,
    url: string,
    parameters?: Record<string, unknown>,
  ): string {
    return authorizationHeader(this.settings, {
      method,
      path: officialPath(url),
      body: parameters ? JSON.stringify(parameters) : '',
      now: this.clock(),
      nonce: randomNonce(),
    });
  }
}

/** Signed is the path below the official host; the wire may go to another one, or below a prefix. */
const officialPath = (url: string) => url.replace(/^https?:\/\/[^/]+/, '');

export interface V3Client {
  /** A verb the SDK knows. */
  viaSdk(subject: CallSubject, send: (sdk: Pay) => Promise<unknown>): Promise<V3Answer>;
  /** A verb it lacks. `encryptedFor`: the serial of the key that fields of the body are encrypted with. */
  post(
    subject: CallSubject,
    path: string,
    body: Record<string, unknown>,
    encryptedFor?: string,
  ): Promise<V3Answer>;
  get(subject: CallSubject, path: string): Promise<V3Answer>;
  /** A bill file: signed request, unsigned answer, checked by its hash. */
  download(subject: CallSubject, downloadUrl: string): Promise<FileAnswer>;
  readonly keys: PlatformKeys;
}

export function createV3Client(
  settings: WechatSettings,
  context: ChannelContext,
  backup: string | undefined = settings.baseUrl === officialHost ? backupHost : undefined,
): V3Client {
  const now = () => context.now();
  const keys = new PlatformKeys(settings, now, fetchCertificates);

  function record(
    subject: CallSubject,
    call: { url: string; request: string; startedAt: Date; clock: number },
    seen: { response: string; httpStatus?: number; errorCode?: string; errorMessage?: string },
  ): void {
    const entry: CallRecord = {
      ...subject,
      url: maskUrl(call.url),
      request: maskJson(call.request),
      response: seen.response,
      startedAt: call.startedAt,
      durationMs: Math.round(performance.now() - call.clock),
    };
    if (seen.httpStatus !== undefined) entry.httpStatus = seen.httpStatus;
    if (seen.errorCode !== undefined) entry.errorCode = seen.errorCode;
    if (seen.errorMessage !== undefined) entry.errorMessage = seen.errorMessage;
    context.record(entry);
  }

  async function send<Answer extends { kind: string }>(
    subject: CallSubject,
    method: 'GET' | 'POST',
    path: string,
    body: string,
    headers: Record<string, string>,
    read: (answer: HttpAnswer) => Promise<{ result: Answer; response: string }>,
    limits = { timeoutMs: context.timeoutMs, maxBytes: answerLimit },
  ): Promise<Answer> {
    const hosts = [settings.baseUrl, ...(method === 'GET' && backup ? [backup] : [])];
    for (const [index, host] of hosts.entries()) {
      const call = { url: host + path, request: body, startedAt: now(), clock: performance.now() };
      const answer = await exchange({ method, url: call.url, headers, body, ...limits });
      const { result, response } = await read(answer);
      const refused = refusal.safeParse(result);
      record(subject, call, {
        response,
        ...(answer.kind === 'answer' ? { httpStatus: answer.status } : {}),
        ...(refused.success
          ? { errorCode: refused.data.code, errorMessage: refused.data.message ?? refused.data.cause ?? '' }
          : {}),
      });
      // Asking twice is harmless for a GET only, and a slow answer is no reason to double the wait.
      if (answer.kind !== 'network' || index === hosts.length - 1) return result;
    }
    throw new Error('unreachable: there is always one host');
  }

  async function readSigned(answer: HttpAnswer): Promise<{ result: V3Answer; response: string }> {
    if (answer.kind !== 'answer') return { result: silence(answer), response: '' };
    const text = answer.body.toString('utf8');
    const refusedBy = await keys.verify(readSignatureHeaders(answer.headers, text));
    const response = maskJson(text);
    const data = readJson(text);
    const error = errorBody.safeParse(data);
    if (refusedBy) {
      // An unsigned 5xx is some gateway's; anything else unsigned may be anybody's.
      const code = answer.status >= 500 ? 'HTTP_ERROR' : 'UNVERIFIED';
      const said = error.success ? ` (${error.data.code}: ${error.data.message})` : '';
      const cause = `HTTP ${answer.status} that does not verify: ${refusedBy}${said}`;
      return { result: { kind: 'unusable', code, cause }, response };
    }
    if (answer.status === 204) return { result: { kind: 'ok', data: {} }, response };
    if (answer.status === 200 || answer.status === 202) {
      if (data === undefined) {
        return { result: { kind: 'unusable', code: 'GARBAGE', cause: 'the answer is no JSON' }, response };
      }
      return { result: { kind: 'ok', data }, response };
    }
    if (!error.success) {
      return { result: { kind: 'unusable', code: 'HTTP_ERROR', cause: `HTTP ${answer.status}` }, response };
    }
    const { code, message } = error.data;
    const requestId = answer.headers['request-id'];
    return { result: { kind: 'error', code, message, status: answer.status, requestId }, response };
  }

  const ownHeaders = (): Record<string, string> =>
    settings.publicKey ? { 'Wechatpay-Serial': settings.publicKey.id } : {};

  function signedHeaders(method: string, path: string, body: string): Record<string, string> {
    const authorization = authorizationHeader(settings, {
      method,
      path,
      body,
      now: now(),
      nonce: randomNonce(),
    });
    return {
      Accept: 'application/json',
      'User-Agent': userAgent,
      Authorization: authorization,
      ...(method === 'POST' ? { 'Content-Type': 'application/json' } : {}),
      ...ownHeaders(),
    };
  }

  function fetchCertificates(): Promise<CertificateAnswer | { cause: string; code: string }> {
    const path = '/v3/certificates';
    type Read = { kind: 'certificates'; answer: CertificateAnswer } | Refused;
    return send<Read>(
      { method: 'get_certificates' },
      'GET',
      path,
      '',
      signedHeaders('GET', path, ''),
      async (answer) => {
        if (answer.kind !== 'answer') return { result: silence(answer), response: '' };
        const text = answer.body.toString('utf8');
        const signed = readSignatureHeaders(answer.headers, text);
        return {
          result: { kind: 'certificates', answer: { status: answer.status, text, signed } },
          response: maskJson(text),
        };
      },
    ).then((read) => {
      if (read.kind === 'certificates') return read.answer;
      return { code: read.code, cause: read.kind === 'unusable' ? read.cause : read.message };
    });
  }

  return {
    keys,
    async viaSdk(subject, use) {
      let answer: V3Answer | undefined;
      const sdk = new RequestBuilder(settings, now);
      const pass = async (
        method: 'GET' | 'POST',
        url: string,
        body: string,
        given: Record<string, unknown>,
      ) => {
        const headers: Record<string, string> = {};
        for (const [name, value] of Object.entries(given)) {
          // The signature is over the plain text, so no encoding is asked for.
          if (name !== 'Accept-Encoding') headers[name] = String(value);
        }
        answer = await send(
          subject,
          method,
          officialPath(url),
          body,
          { ...headers, ...ownHeaders() },
          readSigned,
        );
        // The SDK gets nothing to work on: what it would do with an answer is done here, verified.
        return { status: 0, data: {} };
      };
      sdk.createHttp({
        get: (url, headers) => pass('GET', url, '', headers),
        post: (url, parameters, headers) => pass('POST', url, JSON.stringify(parameters), headers),
        upload: () => Promise.reject(new Error('uploads are not used')),
      });
      await use(sdk);
      if (!answer) throw new Error(`the SDK made no call for ${subject.method}`);
      return answer;
    },
    post(subject, path, parameters, encryptedFor) {
      const body = JSON.stringify(parameters);
      const headers = {
        ...signedHeaders('POST', path, body),
        ...(encryptedFor === undefined ? {} : { 'Wechatpay-Serial': encryptedFor }),
      };
      return send(subject, 'POST', path, body, headers, readSigned);
    },
    get: (subject, path) => send(subject, 'GET', path, '', signedHeaders('GET', path, ''), readSigned),
    download(subject, downloadUrl) {
      const below = `${settings.baseUrl}/`;
      const path = downloadUrl.startsWith(below)
        ? downloadUrl.slice(settings.baseUrl.length)
        : officialPath(downloadUrl);
      const limits = { timeoutMs: Math.max(context.timeoutMs, fileTimeoutMs), maxBytes: fileLimit };
      const read = async (answer: HttpAnswer): Promise<{ result: FileAnswer; response: string }> => {
        if (answer.kind !== 'answer') return { result: silence(answer), response: '' };
        if (answer.status === 200) {
          return { result: { kind: 'file', bytes: answer.body }, response: `${answer.body.length} bytes` };
        }
        const text = answer.body.toString('utf8');
        const error = errorBody.safeParse(readJson(text));
        const cause = error.success ? `${error.data.code}: ${error.data.message}` : `HTTP ${answer.status}`;
        return { result: { kind: 'unusable', code: 'HTTP_ERROR', cause }, response: maskJson(text) };
      };
      return send(subject, 'GET', path, '', signedHeaders('GET', path, ''), read, limits);
    },
  };
}

const refusal = z.object({
  kind: z.enum(['error', 'unusable']),
  code: z.string(),
  message: z.string().optional(),
  cause: z.string().optional(),
});

function silence(answer: Exclude<HttpAnswer, { kind: 'answer' }>): Refused {
  switch (answer.kind) {
    case 'timeout':
      return { kind: 'unusable', code: 'TIMEOUT', cause: answer.cause };
    case 'network':
      return { kind: 'unusable', code: 'NETWORK', cause: answer.cause };
    default: {
      const never: never = answer;
      return never;
    }
  }
}
