import { type ChildProcess, fork } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { createSandbox, type Sandbox } from '@hospital-pay/sandbox';
import { z } from 'zod';
import { signedHeaders } from '../../harness/client';
import { createEmptyHouse } from '../../harness/empty-house';
import { application } from '../../harness/hospital';
import { keptCredentials } from '../../harness/kept';
import { freePort } from '../../services/ports';
import { startPostgres } from '../../services/postgres';

export interface WorldOptions {
  database: 'sqlite' | 'postgres';
  hisRefusal: 'refund' | 'case';
}

export interface Answer {
  status: number;
  body: Record<string, unknown>;
}

/** A notification exactly as the gateway sent it. */
export interface Sent {
  url: string;
  headers: Record<string, string>;
  body: string;
}

const row = z.record(z.string(), z.unknown());
const tablesSchema = z.object({
  orders: z.array(row),
  refunds: z.array(row),
  outboxes: z.array(row),
  alarms: z.array(row),
  discrepancies: z.array(row),
  hisRecords: z.array(row),
});
export type Tables = z.infer<typeof tablesSchema>;

const waitsSchema = z.object({
  due: z.number(),
  unhandled: z.number(),
  next: z.number().nullable(),
  now: z.number(),
});

/** The platform in a process that can die, gateways and HIS that cannot, and one time for all of them. */
export interface World {
  sandbox: Sandbox;
  now(): number;
  /** A signed call as HIS makes it; undefined when no answer came. */
  call(method: string, path: string, body?: unknown): Promise<Answer | undefined>;
  post(notification: Sent): Promise<number | undefined>;
  sent(): readonly Sent[];
  turn(ms: number): Promise<void>;
  kill(): Promise<void>;
  restart(): Promise<void>;
  tables(fromOrderId: number): Promise<Tables>;
  /** Lets time pass until nobody waits for anything; false when `limitMs` of it were not enough. */
  settle(limitMs: number): Promise<boolean>;
  stop(): Promise<void>;
}

/** The platform takes signatures of the last five minutes. */
const freelyTurnedMs = 120_000;

export async function startWorld(options: WorldOptions): Promise<World> {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-agreement-'));
  const postgres = options.database === 'postgres' ? await startPostgres() : undefined;
  const gatewayUrl = `http://127.0.0.1:${await freePort()}/sandbox`;
  const port = await freePort();
  const url = `http://127.0.0.1:${port}`;
  const credentials = keptCredentials();
  const env = {
    GATEWAY_URL: gatewayUrl,
    HOME_FOLDER: folder,
    PORT: String(port),
    SECRETS_KEY: randomBytes(32).toString('base64'),
    DATABASE_URL: postgres ? await createEmptyHouse(postgres) : '',
    REDIS_URL: '',
    HIS_REFUSAL: options.hisRefusal,
  };
  let turned = 0;
  const now = () => Date.now() + turned;
  const notifications: Sent[] = [];
  const sandbox = createSandbox({
    credentials,
    baseUrl: gatewayUrl,
    clock: { now },
    notifyRetryScale: 0.0005,
    hisPushDelayMs: 5,
    platform: { baseUrl: url, ...application },
    fetch: (target, init) => {
      if (String(target).includes('/api/notify/')) {
        notifications.push({
          url: String(target),
          headers: Object.fromEntries(new Headers(init?.headers).entries()),
          body: String(init?.body),
        });
      }
      return fetch(target, init);
    },
  });
  const listening = await sandbox.listen(Number(new URL(gatewayUrl).port));

  let child: ChildProcess;
  /** Closed while the platform is down: nobody can call it then. */
  let up: Promise<void>;
  const boot = async (): Promise<void> => {
    const script = path.join(__dirname.replace(/test\/payments\/agreement$/, 'test/dist/payments/agreement'));
    child = fork(path.join(script, 'platform.js'), {
      env: { ...process.env, ...env, TURNED: String(turned) },
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const booting = child;
    await new Promise<void>((resolve, reject) => {
      const gone = (code: number | null) =>
        reject(new Error(`the platform ended with ${code} while booting`));
      booting.once('exit', gone);
      booting.once('message', () => {
        booting.off('exit', gone);
        resolve();
      });
    });
  };
  up = boot();
  await up;

  /** A long turn waits for what is being asked and holds back what is about to be: nobody signs in another time. */
  const asking = new Set<Promise<unknown>>();
  let turning: Promise<void> = Promise.resolve();
  const asked = async <Value>(call: () => Promise<Value>): Promise<Value> => {
    for (let seen = turning; ; seen = turning) {
      await seen;
      await up;
      if (seen === turning) break;
    }
    const under = call();
    asking.add(under);
    return under.finally(() => asking.delete(under));
  };

  let question = 0;
  const ask = async (about: Record<string, unknown>): Promise<unknown> => {
    await up;
    const answering = child;
    const id = ++question;
    return new Promise((resolve, reject) => {
      const done = () => {
        answering.off('message', hear);
        answering.off('exit', gone);
      };
      const gone = () => {
        done();
        reject(new Error('the platform died before it answered'));
      };
      const hear = (message: unknown) => {
        const said = z
          .object({ id: z.number(), value: z.string().optional(), error: z.string().optional() })
          .safeParse(message).data;
        if (said?.id !== id) return;
        done();
        if (said.error === undefined) resolve(JSON.parse(said.value ?? 'null'));
        else reject(new Error(said.error));
      };
      answering.on('message', hear);
      answering.on('exit', gone);
      answering.send({ ...about, id });
    });
  };

  const die = async (signal: 'SIGKILL' | 'SIGTERM') => {
    const dying = child;
    let reopen: () => void = () => undefined;
    up = new Promise((resolve) => {
      reopen = resolve;
    });
    const dead = new Promise((resolve) => dying.once('exit', resolve));
    dying.kill(signal);
    await dead;
    await boot();
    reopen();
  };

  const world: World = {
    sandbox,
    now,
    call: (method, target, body) =>
      asked(async () => {
        const text = body === undefined ? '' : JSON.stringify(body);
        const headers = signedHeaders(application, { method, path: target, body: text, timestamp: now() });
        const request = method === 'GET' ? { headers } : { method, headers, body: text };
        try {
          const response = await fetch(url + target, request);
          const answered = await response.text();
          return { status: response.status, body: row.parse(JSON.parse(answered)) };
        } catch {
          return undefined;
        }
      }),
    async post(notification) {
      await up;
      try {
        const { url: target, ...init } = notification;
        return (await fetch(target, { method: 'POST', ...init })).status;
      } catch {
        return undefined;
      }
    },
    sent: () => notifications,
    async turn(ms) {
      const turn = async () => {
        await ask({ ask: 'turn', ms });
        turned += ms;
      };
      if (ms <= freelyTurnedMs) return turn();
      const mine = turning.then(() => Promise.allSettled(asking)).then(turn);
      turning = mine.catch(() => undefined);
      return mine;
    },
    kill: () => die('SIGKILL'),
    restart: () => die('SIGTERM'),
    tables: async (from) => tablesSchema.parse(await ask({ ask: 'tables', from })),
    async settle(limitMs) {
      const end = now() + limitMs;
      let idle = 0;
      for (;;) {
        const waits = waitsSchema.parse(await ask({ ask: 'waits' }));
        if (waits.due > 0 || waits.unhandled > 0) {
          // What nobody has been woken for is found by the sweep, and that needs time to pass.
          if (++idle % 10 === 0) await world.turn(1000);
          await pause(10);
        } else if (waits.next === null) return true;
        else {
          idle = 0;
          await world.turn(Math.max(waits.next - now(), 0) + 30);
          await pause(10);
        }
        if (now() > end) return false;
      }
    },
    async stop() {
      const ended = new Promise((resolve) => child.once('exit', resolve));
      child.kill('SIGTERM');
      const timer = setTimeout(() => child.kill('SIGKILL'), 10_000);
      await ended;
      clearTimeout(timer);
      await listening.close();
      sandbox.destroy();
      postgres?.stop();
      fs.rmSync(folder, { recursive: true, force: true });
    },
  };
  return world;
}
