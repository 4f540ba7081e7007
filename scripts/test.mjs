import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { bin, build, has, install, npm, root, run, step } from './steps.mjs';

/** `npm test`: sets up what it needs, checks and tests everything, and leaves nothing running. */
process.chdir(root);
const started = Date.now();
await install();
await services();
await build({ tests: true });
await Promise.all([
  step('规范检查 Lint, house rules and dead code', () => run(npm, ['run', 'lint', '--silent'])),
  step('界面单元测试 Unit tests of the screens', () =>
    run(npm, ['test', '--workspace', 'admin', '--workspace', 'pay', '--silent']),
  ),
]);

const postgres = await startPostgres();
const env = { ...process.env, TEST_POSTGRES_URL: postgres.url, NODE_ENV: 'test' };
process.on('exit', () => postgres.stop());
// Many tests wait, for clocks, queues and databases: one worker more than processors keeps these at work.
const workers = Math.min(os.availableParallelism() + 1, 5);
await step('单元与集成测试 Unit and integration tests', () =>
  run(bin('jest'), ['--config', 'jest.config.cjs', `--maxWorkers=${workers}`], { env }),
);
await step('浏览器测试 Browser tests', () =>
  run(bin('playwright'), ['test', '--config', path.join('test', 'browser', 'playwright.config.ts')], { env }),
);
process.stdout.write(`\n全部通过 All passed (${Math.round((Date.now() - started) / 1000)} s)\n`);
process.exit(0);

/** Chromium, PostgreSQL, Redis, a Chinese font and socat: used if present, else installed from the distribution's packages. */
async function services() {
  const postgresInstalled = fs.existsSync('/usr/lib/postgresql') || has('initdb');
  const missing = [
    [has('redis-server'), 'redis-server'],
    [postgresInstalled, 'postgresql'],
    [fs.existsSync('/usr/bin/chromium') || Boolean(process.env.CHROMIUM_PATH), 'chromium'],
    [hasChineseFont(), 'fonts-noto-cjk'],
    // A pseudo-terminal for the card terminal on a serial port.
    [has('socat', ['-V']), 'socat'],
  ].flatMap(([present, name]) => (present ? [] : [name]));
  if (missing.length === 0) return;
  if (process.getuid?.() !== 0 || !has('apt-get')) {
    process.stderr.write(
      `✗ 请先安装 Install first: ${missing.join(' ')}\n  sudo apt-get install -y ${missing.join(' ')}\n`,
    );
    process.exit(1);
  }
  const aptEnv = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  await step(`安装测试所需软件 Installing ${missing.join(' ')}`, async () => {
    await run('apt-get', ['update', '-qq'], { env: aptEnv });
    await run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', ...missing], { env: aptEnv });
  });
}

function hasChineseFont() {
  return fs.existsSync('/usr/share/fonts/opentype/noto') || process.platform === 'darwin';
}

/** One PostgreSQL for all; each test has databases of its own in it. */
async function startPostgres() {
  const { createRequire } = await import('node:module');
  const services = createRequire(import.meta.url)(path.join(root, 'test', 'dist', 'services', 'postgres.js'));
  return services.startPostgres();
}
