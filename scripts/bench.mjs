import { createRequire } from 'node:module';
import path from 'node:path';
import { build, install, root } from './steps.mjs';

/** `npm run bench orders [-- --orders 2000 --concurrency 16]`: figures as ratios against a named peer in the same run. Words a benchmark does not know are refused. */
process.chdir(root);
const [name = 'orders', ...rest] = process.argv.slice(2).filter((word) => word !== '--');
const options = {};
for (let place = 0; place < rest.length; place += 2) {
  options[rest[place].replace(/^--/, '')] = rest[place + 1];
}
await install();
await build({ tests: true });
const benches = createRequire(import.meta.url)(path.join(root, 'test', 'dist', 'bench', 'index.js'));
if (!(name in benches)) {
  process.stderr.write(`No benchmark called ${name}; there are: ${Object.keys(benches).join(', ')}\n`);
  process.exit(1);
}
await benches[name](options).catch((error) => {
  if (error.name !== 'ZodError') throw error;
  process.stderr.write(error.issues.map((issue) => `--${issue.path.join('.')} ${issue.message}\n`).join(''));
  process.exit(1);
});
