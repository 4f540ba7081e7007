import { createRequire } from 'node:module';
import path from 'node:path';
import { build, install, root } from './steps.mjs';

/**
 * `npm run fuzz [-- --sequences 2000 --kills 20 --database postgres --seed 42]`: random histories with crashes; at the
 * end the platform's ledger and the gateways' must say the same. A failure prints the sequence and its seed.
 */
process.chdir(root);
const words = process.argv.slice(2).filter((word) => word !== '--');
const given = Object.fromEntries(
  words.flatMap((word, index) => (word.startsWith('--') ? [[word.slice(2), words[index + 1]]] : [])),
);
const number = (name, otherwise) => Number(given[name] ?? process.env[name.toUpperCase()] ?? otherwise);
const sequences = number('sequences', 1000);
const kills = number('kills', Math.ceil(sequences / 80));
const seed = given.seed === undefined ? {} : { seed: Number(given.seed) };
const databases = given.database === undefined ? ['sqlite', 'postgres'] : [given.database];

await install();
await build();
const agreement = path.join(root, 'test', 'dist', 'payments', 'agreement', 'index.js');
const { agree } = createRequire(import.meta.url)(agreement);
try {
  for (const database of databases) {
    const hisRefusal = database === 'postgres' ? 'case' : 'refund';
    await agree({ database, hisRefusal, sequences, kills, restarts: Math.ceil(kills / 5), ...seed });
  }
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : error}\n`);
  process.exit(1);
}
