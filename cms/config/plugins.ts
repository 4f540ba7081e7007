import fs from 'node:fs';
import path from 'node:path';

const root = path.resolve(__dirname, '../../..');

interface PluginEntry {
  enabled: boolean;
  resolve?: string;
  config?: Record<string, unknown>;
}

/** Every folder under plugins/channels is a channel: drop one in and it appears. */
function channels(): Record<string, PluginEntry> {
  const folder = path.join(root, 'plugins', 'channels');
  return Object.fromEntries(
    fs
      .readdirSync(folder, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && fs.existsSync(path.join(folder, entry.name, 'package.json')))
      .map((entry) => [`channel-${entry.name}`, built(path.join(folder, entry.name))]),
  );
}

/** Strapi skips a plugin it cannot load, and would then drop its tables: refuse to boot instead. */
function built(folder: string): PluginEntry {
  if (!fs.existsSync(path.join(folder, 'dist'))) throw new Error(`${folder} is not built: run npm run build`);
  return { enabled: true, resolve: path.join(folder, 'package.json') };
}

const rooms = ['jobs', 'access', 'payments', 'his', 'reconciliation', 'monitoring', 'lowcode', 'patients'];

type Env = ((key: string, fallback?: string) => string) & { bool(key: string, fallback: boolean): boolean };

export default ({ env }: { env: Env }): Record<string, PluginEntry> => ({
  'users-permissions': {
    enabled: true,
    config: {
      jwtManagement: 'refresh',
      jwtSecret: env('JWT_SECRET'),
      sessions: { accessTokenLifespan: 600, httpOnly: false },
      ratelimit: { enabled: false },
    },
  },
  ...Object.fromEntries(rooms.map((room) => [room, built(path.join(root, 'plugins', room))])),
  sandbox: { ...built(path.join(root, 'plugins', 'sandbox')), enabled: env.bool('SANDBOX', true) },
  ...channels(),
});
