import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { writeChannelReferences } from './channel-references.mjs';
import { bin, root } from './steps.mjs';

/** `npm run new:channel <code>`: lays out plugins/channels/<code>, a channel with a simulator that passes the contract kit. */
const [code = ''] = process.argv.slice(2);
const channels = path.join(root, 'plugins', 'channels');
const folder = path.join(channels, code);
if (!/^[a-z][a-z0-9]{1,31}$/.test(code)) {
  refuse(
    `渠道编码须为 2–32 位小写字母或数字, 以字母开头: ${code || '(空)'}`,
    'A channel code has 2 to 32 lower-case letters and digits, the first a letter: npm run new:channel <code>',
  );
}
if (fs.existsSync(folder)) {
  refuse(`渠道编码已被使用: ${code}`, `The code is taken: plugins/channels/${code} exists`);
}

const template = path.join(root, 'scripts', 'channel-template');
for (const name of fs.readdirSync(template, { recursive: true })) {
  const source = path.join(template, name);
  if (fs.statSync(source).isDirectory()) continue;
  const target = path.join(folder, name);
  fs.mkdirSync(path.dirname(target), { recursive: true });
  fs.writeFileSync(target, fs.readFileSync(source, 'utf8').replace(/\bdemo\b/g, code));
}
spawnSync(bin('biome'), ['format', '--write', path.join('plugins', 'channels', code)], { cwd: root });
writeChannelReferences();
process.stdout.write(`▸ plugins/channels/${code}
  npx tsc -b
  CHANNELS=${code} npx jest --config jest.config.cjs plugins/channels/${code} test/channels/kit
  npm install     写入 package-lock.json, 提交前运行 / notes it in package-lock.json, before you commit
`);

function refuse(zh, en) {
  process.stderr.write(`✗ ${zh}\n  ${en}\n`);
  process.exit(1);
}
