import fs from 'node:fs';
import path from 'node:path';
import { files } from './index';

/** `npm run dashboards` */
const room = path.resolve(__dirname, '..');
for (const [name, text] of Object.entries(files)) {
  const file = path.join(room, name);
  fs.mkdirSync(path.dirname(file), { recursive: true });
  fs.writeFileSync(file, text);
  process.stdout.write(`${name}\n`);
}
