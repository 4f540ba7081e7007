import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import type { Server } from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { type Clock, useClock } from '@hospital-pay/jobs';
import { type Core, createStrapi } from '@strapi/strapi';
import { freePort } from '../services/ports';
import { startPostgres } from '../services/postgres';
import { copyEmptyHouse, createEmptyHouse } from './empty-house';
import { keptKeys } from './kept';
import { root } from './root';

export interface PlatformOptions {
  database?: 'sqlite' | 'postgres';
  env?: Record<string, string>;
  /** Real time unless given: what the platform and its jobs take for now. */
  clock?: Clock;
  /** Boots on what lies there and leaves it there; `env` then brings the secrets it was made under. */
  home?: { folder: string; port: number };
  /** Makes every table itself, instead of beginning with a copy of an empty house. */
  onNothing?: boolean;
  /** Runs between load and listening, on every boot. */
  prepare?: (strapi: Core.Strapi) => Promise<void>;
}

/** The platform booted for real in this process: temporary database, free port. */
export interface Platform {
  strapi(): Core.Strapi;
  url: string;
  folder: string;
  /** Ends the running instance and, when `whileAway` is over, boots another on the same data and port. */
  restart(whileAway?: () => Promise<void>): Promise<void>;
  stop(): Promise<void>;
}

export async function startPlatform(options: PlatformOptions = {}): Promise<Platform> {
  const folder = options.home?.folder ?? fs.mkdtempSync(path.join(os.tmpdir(), 'hospital-pay-test-'));
  const port = options.home?.port ?? (await freePort());
  const url = `http://127.0.0.1:${port}`;
  const postgres = options.database === 'postgres' ? await startPostgres() : undefined;
  const secret = () => randomBytes(32).toString('base64');
  const env: Record<string, string> = {
    NODE_ENV: 'test',
    HOST: '127.0.0.1',
    PORT: String(port),
    PUBLIC_URL: url,
    DATABASE_URL: postgres ? await createEmptyHouse(postgres) : '',
    DATABASE_FILENAME: path.join(folder, 'platform.db'),
    ARCHIVE_DIR: path.join(folder, 'archive'),
    APP_KEYS: secret(),
    JWT_SECRET: secret(),
    ADMIN_JWT_SECRET: secret(),
    API_TOKEN_SALT: secret(),
    TRANSFER_TOKEN_SALT: secret(),
    SECRETS_KEY: secret(),
    HIS_SECRET: 'his-test-secret',
    LOG_LEVEL: 'error',
    ROLE: 'all',
    REDIS_URL: '',
    SANDBOX: 'false',
    SANDBOX_DATA: path.join(folder, 'sandbox'),
    DEMO: 'false',
    ...options.env,
  };
  const file = env.DATABASE_URL ? undefined : env.DATABASE_FILENAME;
  if (file && !options.onNothing && !fs.existsSync(file)) await copyEmptyHouse(file);
  if (env.SANDBOX === 'true' && env.SANDBOX_DATA)
    fs.cpSync(keptKeys(), env.SANDBOX_DATA, { recursive: true });
  let strapi = await boot();

  async function boot(): Promise<Core.Strapi> {
    Object.assign(process.env, env);
    const instance = createStrapi({
      appDir: path.join(root, 'cms'),
      distDir: path.join(root, 'cms', 'dist'),
      autoReload: false,
      serveAdminPanel: false,
    });
    if (options.clock) useClock(instance, options.clock);
    await instance.load();
    await options.prepare?.(instance);
    instance.server.mount();
    const server: Server = instance.server.httpServer;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => resolve());
    });
    return instance;
  }

  async function end(): Promise<void> {
    strapi.server.httpServer.closeAllConnections();
    const listening = processListeners();
    await strapi.destroy();
    for (const [event, listener] of listening) {
      if (!process.rawListeners(event).includes(listener))
        Reflect.apply(process.on, process, [event, listener]);
    }
  }

  return {
    strapi: () => strapi,
    url,
    folder,
    async restart(whileAway) {
      await end();
      await whileAway?.();
      strapi = await boot();
    },
    async stop() {
      await end();
      postgres?.stop();
      if (!options.home) fs.rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Strapi, when it ends, takes every listener off the process, also those by which a test runner speaks to it. */
function processListeners() {
  return process
    .eventNames()
    .filter((event) => !String(event).startsWith('SIG'))
    .flatMap((event) => process.rawListeners(event).map((listener) => [event, listener] as const));
}
