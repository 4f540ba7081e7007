import fs from 'node:fs/promises';
import path from 'node:path';
import type { Context, Next } from 'koa';

const page = `<!doctype html>
<html lang="zh-CN">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <title>开放接口 / Open API</title>
    <link rel="stylesheet" href="/docs/swagger-ui.css" />
  </head>
  <body>
    <div id="page"></div>
    <script src="/docs/swagger-ui-bundle.js"></script>
    <script src="/docs/start.js"></script>
  </body>
</html>
`;

const start = `SwaggerUIBundle({ url: '/api/v1/openapi.json', dom_id: '#page', deepLinking: true, defaultModelsExpandDepth: 0 });\n`;

const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; object-src 'none'; base-uri 'self'";

const files: Record<string, { type: string; text: () => Promise<string> }> = {
  '/docs': { type: 'text/html', text: async () => page },
  '/docs/': { type: 'text/html', text: async () => page },
  '/docs/start.js': { type: 'text/javascript', text: async () => start },
  '/docs/swagger-ui.css': { type: 'text/css', text: () => dist('swagger-ui.css') },
  '/docs/swagger-ui-bundle.js': { type: 'text/javascript', text: () => dist('swagger-ui-bundle.js') },
};

const folder = path.dirname(require.resolve('swagger-ui-dist/package.json'));
const dist = (name: string) => fs.readFile(path.join(folder, name), 'utf8');

/** The docs page, from our own files and without inline scripts. */
export const docsMiddleware = () => async (ctx: Context, next: Next) => {
  const file = ctx.method === 'GET' || ctx.method === 'HEAD' ? files[ctx.path] : undefined;
  if (!file) return next();
  ctx.set('content-security-policy', policy);
  ctx.type = file.type;
  ctx.body = await file.text();
};
