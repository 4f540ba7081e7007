import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { writeChannelReferences } from './channel-references.mjs';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Says what is being done and, at its end, how long it took. */
export async function step(title, work) {
  const started = Date.now();
  process.stdout.write(`▸ ${title} …\n`);
  const result = await work();
  process.stdout.write(`  ✓ ${title} (${((Date.now() - started) / 1000).toFixed(1)} s)\n`);
  return result;
}

/** Runs a command with its output shown; a failure ends the whole run with the command's own exit code. */
export function run(command, args, options = {}) {
  return new Promise((resolve) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', ...options });
    // What runs beside it and fails ends this process, and this one with it.
    const end = () => child.kill();
    process.once('exit', end);
    child.once('error', (error) => {
      process.stderr.write(`✗ ${command}: ${error.message}\n`);
      process.exit(1);
    });
    child.once('exit', (code, signal) => {
      process.off('exit', end);
      if (code === 0) return resolve();
      process.stderr.write(`✗ ${command} ${args.join(' ')} ended with ${signal ?? code}\n`);
      process.exit(code ?? 1);
    });
  });
}

export const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
export const bin = (name) =>
  path.join(root, 'node_modules', '.bin', process.platform === 'win32' ? `${name}.cmd` : name);

function requireNode() {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major > 20 || (major === 20 && minor >= 19)) return;
  process.stderr.write(
    `Node 20.19 or newer is needed, this is ${process.versions.node}. 需要 Node 20.19 或更新版本。\n`,
  );
  process.exit(1);
}

/** Installs the locked dependencies when they are missing or the lock file has changed since. */
export async function install() {
  requireNode();
  const lock = path.join(root, 'package-lock.json');
  const stamp = path.join(root, 'node_modules', '.package-lock.json');
  const fresh = fs.existsSync(stamp) && fs.statSync(stamp).mtimeMs >= fs.statSync(lock).mtimeMs;
  if (!fresh) {
    await step('安装依赖 Installing dependencies (a few minutes the first time)', async () => {
      await run(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error']);
      fs.utimesSync(stamp, new Date(), new Date());
    });
  }
}

/** Compiles the rooms and the screens, and for `npm test` the tests; each skips what has not changed. */
export async function build({ tests = false } = {}) {
  writeChannelReferences();
  const product = ['cms', 'seeds', path.join('plugins', 'channels')];
  await step('编译服务端 Compiling the server', () => run(bin('tsc'), ['-b', ...(tests ? [] : product)]));
  for (const [folder, title] of [
    ['admin', '编译界面 Building the screens'],
    ['pay', '编译患者页面 Building the pages patients see'],
  ]) {
    const output = path.join(root, folder, 'dist', 'index.html');
    const built = fs.existsSync(output) ? fs.statSync(output).mtimeMs : 0;
    if (newest(path.join(root, folder), new Set(['node_modules', 'dist'])) <= built) continue;
    await step(title, () => run(npm, ['run', 'build', '--workspace', folder, '--silent']));
  }
}

function newest(folder, skip) {
  let time = 0;
  for (const entry of fs.readdirSync(folder, { withFileTypes: true })) {
    if (skip.has(entry.name)) continue;
    const full = path.join(folder, entry.name);
    time = Math.max(time, entry.isDirectory() ? newest(full, skip) : fs.statSync(full).mtimeMs);
  }
  return time;
}

/** Whether a program can be run. */
export const has = (program, args = ['--version']) =>
  spawnSync(program, args, { stdio: 'ignore' }).status === 0;
