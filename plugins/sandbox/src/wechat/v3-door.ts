import { randomBytes } from 'node:crypto';
import type Koa from 'koa';
import type { z } from 'zod';
import type { SandboxClock } from '../clock';
import { answer, exchange, type Reply, readBody } from '../exchange';
import type { Fault, Operation } from '../faults';
import type { World } from '../world';
import type { WechatCredentials } from './credentials';
import type { Refusal } from './orders';
import { parseAuthorization, replyText, requestText, signSha256, verifySha256 } from './signing';

const SKEW_S = 300;

export interface Answer {
  status: number;
  json: unknown;
  /** What Request-ID ends in, where the code alone does not say it. */
  suffix?: string;
}

export interface Request {
  merchant: WechatCredentials;
  body: unknown;
  query: URLSearchParams;
  /** Of the key that fields of the body are encrypted with; '' when none is named. */
  serial: string;
  params: string[];
}

/** HTTP status and the numeric suffix of Request-ID, by error code. */
const STATUS: Record<string, readonly [number, string]> = {
  PARAM_ERROR: [400, '268435461'],
  INVALID_REQUEST: [400, '268435461'],
  ORDER_CLOSED: [400, '268447914'],
  ORDERPAID: [400, '268449538'],
  ORDERREVERSED: [400, '268435461'],
  OUT_TRADE_NO_USED: [400, '268498688'],
  APPID_MCHID_NOT_MATCH: [400, '268445527'],
  MCH_NOT_EXISTS: [400, '268435461'],
  NO_STATEMENT_EXIST: [400, '268435461'],
  STATEMENT_CREATING: [400, '268435461'],
  AUTH_CODE_INVALID: [400, '268435461'],
  AUTHCODEEXPIRE: [400, '268435461'],
  SIGN_ERROR: [401, '268443699'],
  NO_AUTH: [403, '268435461'],
  RULE_LIMIT: [403, '268435461'],
  ALREADY_EXISTS: [400, '268512536'],
  NOT_ENOUGH: [403, '268435461'],
  NOTENOUGH: [403, '268435461'],
  TRADE_ERROR: [403, '268449641'],
  USER_ACCOUNT_ABNORMAL: [403, '268435461'],
  REQUEST_BLOCKED: [403, '268435461'],
  ORDER_NOT_EXIST: [404, '268512771'],
  RESOURCE_NOT_EXISTS: [404, '268435461'],
  FREQUENCY_LIMITED: [429, '268447840'],
  RATELIMIT_EXCEEDED: [429, '268447840'],
  SYSTEM_ERROR: [500, '268435461'],
  BANK_ERROR: [502, '268435461'],
};

export interface Route {
  method: 'GET' | 'POST';
  path: RegExp;
  operation: Operation;
  run(request: Request): Promise<Answer> | Answer;
  orderNo?(request: Request): string | null;
}

export interface V3Door {
  handle(ctx: Koa.Context, path: string): Promise<void>;
}

/**
 * The door of every v3 interface: who asks, by his signature; what is answered, by ours. `file`: a path whose answer is a
 * file, which is not signed.
 */
export function createV3Door(
  world: Pick<World, 'clock' | 'faults'> & { merchants(): readonly WechatCredentials[] },
  channel: string,
  routes: readonly Route[],
  file?: { path: string; content(merchant: WechatCredentials, query: URLSearchParams): Buffer | null },
): V3Door {
  /** Who asks, or why the signature does not say so. */
  function authenticate(ctx: Koa.Context, path: string, body: string): WechatCredentials | Answer {
    const authorization = parseAuthorization(ctx.get('Authorization'));
    if (authorization === null)
      return error('SIGN_ERROR', 'Http头Authorization值格式错误，请参考《微信支付商户REST API签名规则》');
    const merchant = world.merchants().find((row) => row.mchid === authorization.mchid);
    if (merchant === undefined) return error('SIGN_ERROR', '商户号不存在');
    if (authorization.serial.toUpperCase() !== merchant.merchantSerial.toUpperCase()) {
      return error('SIGN_ERROR', '商户证书序列号有误。请使用签名私钥匹配的证书序列号');
    }
    if (Math.abs(world.clock.wall() / 1_000 - Number(authorization.timestamp)) > SKEW_S) {
      return error('SIGN_ERROR', 'Http头Authorization中的timestamp与发起请求的时间不得超过5分钟');
    }
    const query = ctx.querystring === '' ? '' : `?${ctx.querystring}`;
    // Clients sign the path of the official host, or the path they were configured with: here these differ.
    const signable = [`${path}${query}`, ctx.originalUrl];
    const { timestamp, nonce, signature } = authorization;
    const valid = signable.some((url) =>
      verifySha256(
        requestText(ctx.method, url, timestamp, nonce, body),
        signature,
        merchant.merchantCertificate,
      ),
    );
    return valid ? merchant : error('SIGN_ERROR', '签名错误，验签失败');
  }

  async function download(
    ctx: Koa.Context,
    merchant: WechatCredentials,
    content: (merchant: WechatCredentials, query: URLSearchParams) => Buffer | null,
  ): Promise<void> {
    await exchange(ctx, world.faults, {
      channel,
      operation: 'bill_file',
      orderNo: null,
      run: () => {
        const body = content(merchant, new URLSearchParams(ctx.querystring));
        return () =>
          body === null
            ? sealed(merchant, ctx, error('PARAM_ERROR', '下载链接已失效'), false)
            : {
                status: 200,
                headers: { 'Content-Type': 'text/plain', 'Request-ID': requestId('0') },
                body,
              };
      },
      refuse: (fault) => sealed(merchant, ctx, faultAnswer(fault), false),
    });
  }

  function sealed(
    merchant: WechatCredentials | null,
    ctx: Koa.Context,
    reply: Answer,
    corrupt: boolean,
  ): Reply {
    const body = reply.json === null ? '' : JSON.stringify(reply.json);
    return {
      status: reply.status,
      headers: {
        'Content-Type': 'application/json; charset=utf-8',
        'Request-ID': requestId(codeSuffix(reply)),
        ...(merchant === null
          ? {}
          : signatureHeaders(merchant, body, {
              clock: world.clock,
              asked: ctx.get('Wechatpay-Serial'),
              corrupt,
            })),
      },
      body,
    };
  }

  return {
    async handle(ctx, path) {
      const raw = (await readBody(ctx)).toString('utf8');
      if (ctx.get('User-Agent') === '' || ctx.get('Accept') === '') {
        return answer(ctx, sealed(null, ctx, error('PARAM_ERROR', 'Http头缺少Accept或User-Agent'), false));
      }
      const merchant = authenticate(ctx, path, raw);
      if (!('mchid' in merchant)) {
        const claimed = parseAuthorization(ctx.get('Authorization'))?.mchid;
        const known = world.merchants().find((row) => row.mchid === claimed) ?? null;
        return answer(ctx, sealed(known, ctx, merchant, false));
      }
      const asked = ctx.get('Wechatpay-Serial');
      if (
        asked !== '' &&
        !sameSerial(asked, merchant.publicKeyId) &&
        !sameSerial(asked, merchant.platformSerial)
      ) {
        return answer(
          ctx,
          sealed(merchant, ctx, error('PARAM_ERROR', '请求头 Wechatpay-Serial 不正确'), false),
        );
      }
      if (ctx.method === 'GET' && path === file?.path) return download(ctx, merchant, file.content);
      const route = routes.find((candidate) => candidate.method === ctx.method && candidate.path.test(path));
      if (route === undefined) {
        return answer(ctx, sealed(merchant, ctx, error('RESOURCE_NOT_EXISTS', '接口不存在'), false));
      }
      const params = (route.path.exec(path) ?? []).slice(1).map(decodeURIComponent);
      const request: Request = {
        merchant,
        body: raw === '' ? {} : parseJson(raw),
        query: new URLSearchParams(ctx.querystring),
        serial: asked,
        params,
      };
      await exchange(ctx, world.faults, {
        channel,
        operation: route.operation,
        orderNo: route.orderNo?.(request) ?? null,
        run: async () => {
          const reply = await route.run(request);
          return ({ corrupt }) => sealed(merchant, ctx, reply, corrupt);
        },
        refuse: (fault) => sealed(merchant, ctx, faultAnswer(fault), false),
      });
    },
  };
}

export function signatureHeaders(
  merchant: WechatCredentials,
  body: string,
  options: { clock: SandboxClock; asked: string; corrupt: boolean },
): Record<string, string> {
  const byPublicKey =
    options.asked === ''
      ? merchant.verifyMode === 'public_key'
      : sameSerial(options.asked, merchant.publicKeyId);
  const timestamp = `${Math.floor(options.clock.wall() / 1_000)}`;
  const nonce = randomBytes(16).toString('hex');
  const text = replyText(timestamp, nonce, options.corrupt ? `${body} ` : body);
  return {
    'Wechatpay-Timestamp': timestamp,
    'Wechatpay-Nonce': nonce,
    'Wechatpay-Serial': byPublicKey ? merchant.publicKeyId : merchant.platformSerial,
    'Wechatpay-Signature': signSha256(
      text,
      byPublicKey ? merchant.publicKeyPrivateKey : merchant.platformPrivateKey,
    ),
    'Wechatpay-Signature-Type': 'WECHATPAY2-SHA256-RSA2048',
  };
}

export function number(request: Request): string {
  return request.params[0] ?? '';
}

export function bodyNumber(request: Request): string | null {
  const { body } = request;
  if (typeof body !== 'object' || body === null || !('out_trade_no' in body)) return null;
  return typeof body.out_trade_no === 'string' ? body.out_trade_no : null;
}

export function error(code: string, message: string, suffix?: string): Answer {
  return {
    status: STATUS[code]?.[0] ?? 400,
    json: { code, message },
    ...(suffix === undefined ? {} : { suffix }),
  };
}

export function refused(refusal: Refusal): Answer {
  return error(refusal.refused, refusal.message);
}

export function invalid(problem: z.ZodError | undefined): Answer {
  const fields = problem?.issues.map((issue) => issue.path.join('.') || 'body').join('、') ?? 'path';
  return error('PARAM_ERROR', `输入源映射到值字段错误：${fields}`);
}

function faultAnswer(fault: Fault): Answer {
  const code = fault.code ?? 'SYSTEM_ERROR';
  const known = error(code, fault.message ?? '系统异常，请稍后再试');
  return fault.status === undefined ? known : { ...known, status: fault.status };
}

function codeSuffix(reply: Answer): string {
  const { json, suffix } = reply;
  if (suffix !== undefined) return suffix;
  if (typeof json !== 'object' || json === null || !('code' in json) || typeof json.code !== 'string')
    return '0';
  return STATUS[json.code]?.[1] ?? '268435461';
}

function requestId(suffix: string): string {
  return `08${randomBytes(16).toString('hex').toUpperCase()}-${suffix}`;
}

export function sameSerial(a: string, b: string): boolean {
  return a.toUpperCase() === b.toUpperCase();
}

function parseJson(raw: string): unknown {
  try {
    return JSON.parse(raw);
  } catch {
    return null;
  }
}
