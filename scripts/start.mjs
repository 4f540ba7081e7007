import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { build, install, root, run } from './steps.mjs';

/** `npm start`: from a fresh clone to a served hospital. Every step is skipped when its result is there already. */
process.chdir(root);
writeEnvironment();
await install();
await build();
await run(process.execPath, [path.join('scripts', 'serve.mjs')], {
  env: { NODE_ENV: 'development', ...process.env },
});

function writeEnvironment() {
  const file = path.join(root, '.env');
  if (fs.existsSync(file)) return;
  const secret = () => randomBytes(32).toString('base64');
  const secrets =
    /^(SECRETS_KEY|APP_KEYS|JWT_SECRET|ADMIN_JWT_SECRET|API_TOKEN_SALT|TRANSFER_TOKEN_SALT|HIS_SECRET|METRICS_TOKEN)=$/gm;
  const example = fs.readFileSync(path.join(root, '.env.example'), 'utf8');
  fs.writeFileSync(
    file,
    example.replace(secrets, (_, name) => `${name}=${secret()}`),
    { mode: 0o600 },
  );
  process.stdout.write('▸ 已生成 .env（新密钥） Wrote .env with fresh keys\n');
}
