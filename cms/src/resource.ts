import { type LogType, monitoring } from '@hospital-pay/monitoring';
import { factories, type UID } from '@strapi/strapi';
import type { Context } from 'koa';

type Action = 'read' | 'create' | 'update' | 'delete';

/** Access is ours, not users-permissions': one guard on every route says who may do what and hides what they may not see. */
function guarded(uid: UID.ContentType, action: Action) {
  const subject = uid.slice(uid.lastIndexOf('.') + 1);
  return {
    auth: false as const,
    middlewares: [{ name: 'plugin::access.guard', config: { action, subject } }],
  };
}

/** What money touches is written by the services that own it; REST only reads it. */
export const readOnly = (uid: UID.ContentType) =>
  factories.createCoreRouter(uid, {
    only: ['find', 'findOne'],
    config: { find: guarded(uid, 'read'), findOne: guarded(uid, 'read') },
  });

/** Plain configuration: created, changed and removed by those whose role allows it. */
export const editable = (uid: UID.ContentType) =>
  factories.createCoreRouter(uid, {
    config: {
      find: guarded(uid, 'read'),
      findOne: guarded(uid, 'read'),
      create: guarded(uid, 'create'),
      update: guarded(uid, 'update'),
      delete: guarded(uid, 'delete'),
    },
  });

export const controller = (uid: UID.ContentType) => factories.createCoreController(uid);
/** A log is read from place to place: it has too many rows for numbered pages. */
export const logController = (type: LogType) =>
  factories.createCoreController(`api::${type}.${type}`, ({ strapi }) => ({
    async find(ctx: Context) {
      ctx.body = await monitoring(strapi).logs.page(type, ctx.query);
    },
  }));
export const service = (uid: UID.ContentType) => factories.createCoreService(uid);
