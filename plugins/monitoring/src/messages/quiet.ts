import type { Knex } from 'knex';
import { quietUntil } from './duty';
import { isAtLeast } from './kinds';
import { hospitalZone, type MessageRow, type RouteRow, readRows, routeRow } from './rows';

type Told = Pick<MessageRow, 'kind' | 'level'>;

export const speaksTo = (route: RouteRow, message: Told): boolean =>
  route.enabled &&
  isAtLeast(message.level, route.minLevel) &&
  (route.kinds.length === 0 || route.kinds.includes(message.kind));

/** When quiet hours let a route tell a message; what is critical waits for none. */
export const tellableAt = (route: RouteRow, message: Told, now: Date, zone: string): Date =>
  (message.level === 'critical' ? null : quietUntil(route, now, zone)) ?? now;

/** When targets may be told that a message is over: each by the first of its routes that may. */
export async function recoveryTimes(
  db: Knex,
  message: Told,
  now: Date,
): Promise<(targetCode: string) => Date> {
  const zone = await hospitalZone(db);
  const routes = readRows(routeRow, await db('message_routes').where({ enabled: true }));
  return (targetCode) => {
    const times = routes
      .filter((route) => route.targets.includes(targetCode) && speaksTo(route, message))
      .map((route) => tellableAt(route, message, now, zone).getTime());
    return times.length === 0 ? now : new Date(Math.min(...times));
  };
}
