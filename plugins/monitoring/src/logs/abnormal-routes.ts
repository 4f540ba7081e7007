import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { monitoring } from '../index';
import { abnormalGroups } from './abnormal-groups';

export const abnormal = ({ strapi }: { strapi: Core.Strapi }) => ({
  async groups(ctx: Context) {
    const fields = monitoring(strapi).logs.fieldsOf('abnormal-request');
    ctx.body = { groups: await abnormalGroups(strapi, ctx.query, fields, ctx.state.account) };
  },
});

export const abnormalRoute = {
  method: 'GET',
  path: '/abnormal-groups',
  handler: 'abnormal.groups',
  config: {
    auth: false as const,
    middlewares: [{ name: 'plugin::access.guard', config: { action: 'read', subject: 'abnormal-request' } }],
  },
};
