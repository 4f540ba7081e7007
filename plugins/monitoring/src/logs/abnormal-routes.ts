import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { monitoring } from '../index';
import { route } from '../route';
import { abnormalGroups } from './abnormal-groups';

export const abnormal = ({ strapi }: { strapi: Core.Strapi }) => ({
  async groups(ctx: Context) {
    const { logs } = monitoring(strapi);
    ctx.body = {
      groups: await abnormalGroups(strapi, ctx.query, logs, ctx.state.account),
      archivedTo: await logs.archive.archivedTo('abnormal-request'),
    };
  },
});

export const abnormalRoute = route('GET', '/abnormal-groups', 'abnormal.groups', {
  action: 'read',
  subject: 'abnormal-request',
});
