import type { Core } from '@strapi/strapi';
import type { Context } from 'koa';
import { monitoring } from '../index';
import { route } from '../route';
import { abnormalGroups } from './abnormal-groups';

export const abnormal = ({ strapi }: { strapi: Core.Strapi }) => ({
  async groups(ctx: Context) {
    const fields = monitoring(strapi).logs.fieldsOf('abnormal-request');
    ctx.body = { groups: await abnormalGroups(strapi, ctx.query, fields, ctx.state.account) };
  },
});

export const abnormalRoute = route('GET', '/abnormal-groups', 'abnormal.groups', {
  action: 'read',
  subject: 'abnormal-request',
});
