import { type LogType, monitoring } from '@hospital-pay/monitoring';
import { type Core, factories, type UID } from '@strapi/strapi';
import type { Context } from 'koa';

/** Strapi's name of an action, how it is called, and what the account must be allowed to do. */
const reading = [
  ['find', 'GET', '', 'read'],
  ['findOne', 'GET', '/:id', 'read'],
] as const;
const writing = [
  ['create', 'POST', '', 'create'],
  ['update', 'PUT', '/:id', 'update'],
  ['delete', 'DELETE', '/:id', 'delete'],
] as const;

/**
 * Access is ours, not users-permissions': one guard on every route says who may do what and hides what they may not see.
 * Strapi's own router would also describe every request and answer in schemas that nobody reads: a second of each start.
 */
const router =
  (uid: UID.ContentType, actions: readonly (typeof reading | typeof writing)[number][]) =>
  ({ strapi }: { strapi: Core.Strapi }) => {
    const { pluralName, singularName } = strapi.contentType(uid).info;
    return {
      type: 'content-api',
      routes: actions.map(([handler, method, id, action]) => ({
        method,
        path: `/${pluralName}${id}`,
        handler: `${uid}.${handler}`,
        config: {
          auth: false,
          middlewares: [{ name: 'plugin::access.guard', config: { action, subject: singularName } }],
        },
      })),
    };
  };

/** What money touches is written by the services that own it; REST only reads it. */
export const readOnly = (uid: UID.ContentType) => router(uid, reading);

/** Plain configuration: created, changed and removed by those whose role allows it. */
export const editable = (uid: UID.ContentType) => router(uid, [...reading, ...writing]);

export const controller = (uid: UID.ContentType) => factories.createCoreController(uid);
/** A log is read from place to place: it has too many rows for numbered pages. */
export const logController = (type: LogType) =>
  factories.createCoreController(`api::${type}.${type}`, ({ strapi }) => ({
    async find(ctx: Context) {
      ctx.body = await monitoring(strapi).logs.page(type, ctx.query);
    },
  }));
export const service = (uid: UID.ContentType) => factories.createCoreService(uid);
