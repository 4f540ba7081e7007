import { setTimeout as sleep } from 'node:timers/promises';
import type Koa from 'koa';
import type { Fault, Faults, Operation } from './faults';

export interface Reply {
  status: number;
  headers: Record<string, string>;
  body: string | Buffer;
}

export interface Call {
  channel: string;
  operation: Operation;
  orderNo: string | null;
  /** Does the work and commits; its answer is not yet signed. */
  run(): Promise<(options: { corrupt: boolean }) => Reply> | ((options: { corrupt: boolean }) => Reply);
  /** How this gateway words a business error. */
  refuse(fault: Fault): Reply;
}

const MAX_BODY = 10 * 1024 * 1024;
/** A lost reply is held as long as any sensible client waits, then the connection goes. */
const LOST_REPLY_MS = 60_000;

export async function readBody(ctx: Koa.Context): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of ctx.req) {
    const bytes: Buffer = Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk);
    size += bytes.length;
    if (size > MAX_BODY) throw new Error('the body is too large');
    chunks.push(bytes);
  }
  return Buffer.concat(chunks);
}

export function answer(ctx: Koa.Context, reply: Reply): void {
  ctx.status = reply.status;
  for (const [name, value] of Object.entries(reply.headers)) ctx.set(name, value);
  ctx.body = reply.status === 204 ? null : reply.body;
  if (reply.status !== 204) {
    // Koa guesses a type for strings; the gateways' own types matter to their clients.
    const type = Object.entries(reply.headers).find(([name]) => name.toLowerCase() === 'content-type');
    if (type !== undefined) ctx.set('Content-Type', type[1]);
  }
}

/** Runs one call of a gateway with the faults that are set for it. */
export async function exchange(ctx: Koa.Context, faults: Faults, call: Call): Promise<void> {
  const point = { channel: call.channel, operation: call.operation, orderNo: call.orderNo };
  const refusal = faults.take(['business_error'], point);
  if (refusal !== null) return answer(ctx, call.refuse(refusal));

  const before = faults.take(['delay', 'http_5xx', 'reset', 'garbage', 'reply_lost'], {
    ...point,
    phase: 'before',
  });
  if (before !== null && !(await strike(ctx, before))) return;

  const seal = await call.run();
  const after = faults.take(['reply_lost', 'delay', 'http_5xx', 'bad_signature', 'garbage', 'reset'], {
    ...point,
    phase: 'after',
  });
  if (after !== null && after.kind !== 'bad_signature' && !(await strike(ctx, after))) return;
  answer(ctx, seal({ corrupt: after?.kind === 'bad_signature' }));
}

/** True when the exchange goes on to its real answer. */
async function strike(ctx: Koa.Context, fault: Fault): Promise<boolean> {
  switch (fault.kind) {
    case 'delay':
      await sleep(fault.delayMs ?? 1_000);
      return true;
    case 'http_5xx':
      answer(ctx, {
        status: fault.status ?? 502,
        headers: { 'Content-Type': 'text/html' },
        body: '<html><head><title>502 Bad Gateway</title></head><body>Bad Gateway</body></html>',
      });
      return false;
    case 'garbage':
      answer(ctx, {
        status: 200,
        headers: { 'Content-Type': 'text/html; charset=utf-8' },
        body: '<!DOCTYPE html><html><body>网络登录认证 {"truncat',
      });
      return false;
    case 'reset':
      hangUp(ctx);
      return false;
    case 'reply_lost':
      await silence(ctx, fault.delayMs ?? LOST_REPLY_MS);
      hangUp(ctx);
      return false;
    case 'business_error':
    case 'bad_signature':
    case 'duplicate_notify':
    case 'delay_notify':
    case 'reorder_notify':
    case 'lost_notify':
    case 'notify_before_reply':
    case 'tampered_notify_amount':
    case 'pay_after_close':
    case 'refund_then_fails':
      return true;
    default: {
      const never: never = fault.kind;
      return never;
    }
  }
}

export function hangUp(ctx: Koa.Context): void {
  ctx.respond = false;
  ctx.req.socket.destroy();
}

/** Says nothing until the client gives up or the time is over. */
export async function silence(ctx: Koa.Context, ms: number): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, ms);
    timer.unref();
    ctx.req.socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
  });
}
