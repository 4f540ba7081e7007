import { alertFile } from './alert-rules';
import { channelHealth } from './channel-health';
import { english } from './english';
import { interfaces } from './interfaces';
import { reconciliation } from './reconciliation';
import { system } from './system';
import { wall } from './wall';

export { alerts } from './alert-rules';
export { dashboardFile, lint } from './lint';
export { expandMacros, type Range } from './macros';

const boards = { wall, channels: channelHealth, reconciliation, interfaces, system };

/** What `POST /api/playlists` takes: every dashboard for a minute, over and over. */
const playlist = {
  name: '统一支付',
  interval: '1m',
  items: Object.values(boards).map((one) => ({ type: 'dashboard_by_uid', value: one.build().uid })),
};

/** Every file that is made here, by its path below this workspace. */
export const files: Readonly<Record<string, string>> = Object.fromEntries(
  [
    ...Object.entries(boards).map(([name, one]) => [`grafana/dashboards/${name}.json`, one.build()] as const),
    ['grafana/provisioning/alerting/rules.json', alertFile] as const,
    ['grafana/playlist.json', playlist] as const,
    ['grafana/english.json', english] as const,
  ].map(([path, content]) => [path, `${JSON.stringify(content, null, 2)}\n`]),
);

export const dashboardFiles = Object.keys(boards).map((name) => `grafana/dashboards/${name}.json`);
