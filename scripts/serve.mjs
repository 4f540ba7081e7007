import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { root, step } from './steps.mjs';

/** Runs the built platform: `npm run serve`, and the last step of `npm start`. */
process.chdir(root);
if (fs.existsSync('.env')) process.loadEnvFile('.env');
for (const folder of ['.data', process.env.ARCHIVE_DIR, process.env.SANDBOX_DATA]) {
  if (folder) fs.mkdirSync(folder, { recursive: true });
}

// Strapi belongs to the cms room.
const require = createRequire(path.join(root, 'cms', 'package.json'));
const { createStrapi } = require('@strapi/strapi');
const demo = process.env.DEMO === 'true';
const port = process.env.PORT ?? '1337';
process.env.PUBLIC_URL ||= `http://127.0.0.1:${port}`;

const app = createStrapi({ appDir: path.join(root, 'cms'), distDir: path.join(root, 'cms', 'dist') });
await step('启动平台，建立数据表 Booting the platform and its tables', () => app.load());
if (demo) {
  const { seedDemo } = require('@hospital-pay/seeds');
  await step('演示医院数据 Demo hospital', () =>
    seedDemo(app, { now: new Date(), onProgress: (zh, en) => process.stdout.write(`    · ${zh} ${en}\n`) }),
  );
}
app.server.mount();
await new Promise((resolve, reject) => {
  app.server.httpServer.once('error', reject);
  app.server.listen(Number(port), process.env.HOST ?? '0.0.0.0', resolve);
});
const cardTerminals = demo ? await require('@hospital-pay/seeds').plugInCardTerminals(app) : undefined;
for (const signal of ['SIGINT', 'SIGTERM']) {
  process.once(signal, async () => {
    await cardTerminals?.close();
    app.destroy().finally(() => process.exit(0));
  });
}

const url = process.env.PUBLIC_URL;
process.stdout.write(`
  医院统一支付平台已就绪  Hospital unified payment platform is ready

    界面 Screens          ${url}
    接口文档 API docs      ${url}/docs
${
  demo
    ? `    模拟患者 Patient       ${url}/sandbox/patient

    演示账号 Demo accounts (密码 password: Hospital@2026)
      super 超级管理员 · admin 院方管理员 · finance 财务 · cashier 收费员 · ops 运维
`
    : ''
}
`);

if (demo) {
  require('@hospital-pay/seeds')
    .keepPastBills(app)
    .catch((error) => app.log.warn(`bills of the demo: ${error.message}`));
}
