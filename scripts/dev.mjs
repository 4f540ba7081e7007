import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { bin, build, install, npm, root } from './steps.mjs';

/** `npm run dev`: compiles on change, restarts the server, and serves the screens with hot reload on port 5173. */
process.chdir(root);
await install();
await build();

const children = [];
const start = (command, args, env = {}) => {
  const child = spawn(command, args, { cwd: root, stdio: 'inherit', env: { ...process.env, ...env } });
  children.push(child);
  return child;
};

const serve = () => start(process.execPath, [path.join('scripts', 'serve.mjs')], { NODE_ENV: 'development' });
let server = serve();
let timer;
start(bin('tsc'), ['-b', '--watch', '--preserveWatchOutput']);
start(npm, ['run', 'dev', '--workspace', 'admin']);

const watched = ['cms', 'seeds', ...rooms()];
for (const room of watched) {
  const output = path.join(root, room, 'dist');
  if (fs.existsSync(output)) fs.watch(output, { recursive: true }, restartSoon);
}

function rooms() {
  const list = (folder) => fs.readdirSync(path.join(root, folder)).map((name) => path.join(folder, name));
  return [...list('plugins'), ...list(path.join('plugins', 'channels'))];
}

function restartSoon() {
  clearTimeout(timer);
  timer = setTimeout(() => {
    const old = server;
    old.once('exit', () => {
      server = serve();
    });
    old.kill('SIGTERM');
  }, 500);
}

for (const signal of ['SIGINT', 'SIGTERM']) {
  process.on(signal, () => {
    for (const child of children) child.kill(signal);
    process.exit(0);
  });
}
