import { createRequire } from 'node:module';
import path from 'node:path';
import { build, install, root } from './steps.mjs';

/**
 * `npm run chaos [-- --alarms 10000 --database sqlite]`: Redis goes away and a webhook is down for an hour while alarms
 * ring within a minute and people pay; prints what payments took and what arrived afterwards.
 */
process.chdir(root);
process.env.NODE_ENV = 'test';
const words = process.argv.slice(2).filter((word) => word !== '--');
const given = Object.fromEntries(
  words.flatMap((word, index) => (word.startsWith('--') ? [[word.slice(2), words[index + 1]]] : [])),
);
const alarms = Number(given.alarms ?? 10_000);
const databases = given.database === undefined ? ['sqlite', 'postgres'] : [given.database];

await install();
await build({ tests: true });
const { flood, told } = createRequire(import.meta.url)(path.join(root, 'test', 'dist', 'faults', 'flood.js'));
let isWell = true;
for (const database of databases) {
  const matters = 10;
  const figures = await flood({
    database,
    alarms,
    matters,
    payments: 200,
    withinMs: 60_000,
    withRedis: true,
  });
  process.stdout.write(`${database}: ${told(figures)}`);
  isWell &&=
    figures.alarmsKept === alarms &&
    figures.taken === matters &&
    figures.different === matters &&
    figures.paid === 403;
}
process.exit(isWell ? 0 : 1);
