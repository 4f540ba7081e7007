import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

/**
 * A folder in plugins/channels is a channel, also to the compiler: this writes plugins/channels/tsconfig.json, which no
 * commit holds, so that `tsc -b` builds every folder and none is named anywhere else. Runs after every install and
 * before every build; a folder that came since then needs `npm run build` once.
 */
export function writeChannelReferences(
  folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'plugins', 'channels'),
) {
  const channels = fs
    .readdirSync(folder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && fs.existsSync(path.join(folder, entry.name, 'tsconfig.json')))
    .map(({ name }) => name)
    .sort();
  const text = `${JSON.stringify(
    {
      compilerOptions: { composite: true },
      files: [],
      references: channels.map((name) => ({ path: `./${name}` })),
    },
    null,
    2,
  )}\n`;
  const file = path.join(folder, 'tsconfig.json');
  if (!fs.existsSync(file) || fs.readFileSync(file, 'utf8') !== text) fs.writeFileSync(file, text);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) writeChannelReferences();
