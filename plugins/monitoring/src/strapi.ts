import { jobs } from '@hospital-pay/jobs';
import { payments } from '@hospital-pay/payments';
import type { Core } from '@strapi/strapi';
import { defaultRules } from './alerts/defaults';
import { alert, alertRoutes, grafana } from './alerts/routes';
import { alertRule } from './alerts/rule';
import { install, monitoring } from './index';
import { tellInEnglish } from './logs/abnormal-english';
import { abnormal, abnormalRoute } from './logs/abnormal-routes';
import { seedRetentions } from './logs/log-archive';
import { keepPartitions, showIndexesOfPartitioned } from './logs/partitions';
import { noteReachedBefore } from './messages/reached';
import { inbox, message, messageRoutes, target } from './messages/routes';
import { checkMessageSettings, checkSettings, seedEmpty, seedMessageSettings } from './messages/settings';
import { wallController, wallRoutes } from './wall/routes';
import { createWallViews, stepAsideForColumns } from './wall/views';

const judgeEveryMs = 60_000;

const routes = {
  'content-api': {
    type: 'content-api',
    routes: [...messageRoutes, ...alertRoutes, ...wallRoutes, abnormalRoute],
  },
};

export default {
  register({ strapi }: { strapi: Core.Strapi }) {
    showIndexesOfPartitioned(strapi);
    stepAsideForColumns(strapi);
    install(strapi);
  },
  async bootstrap({ strapi }: { strapi: Core.Strapi }) {
    await keepPartitions(strapi, payments(strapi).clock.now());
    await seedRetentions(strapi);
    jobs(strapi).every('log-archive', '20 3 * * *', monitoring(strapi).logs.archive.sweep);
    await createWallViews(strapi);
    tellInEnglish(strapi);
    checkMessageSettings(strapi);
    checkSettings(strapi, 'alert-rule', alertRule);
    await seedMessageSettings(strapi);
    await noteReachedBefore(strapi.db.connection);
    await seedEmpty(strapi, 'alert-rule', [...defaultRules]);
    const { messages, alerts } = monitoring(strapi);
    messages.work(jobs(strapi));
    jobs(strapi).every('monitoring-alerts', judgeEveryMs, () => alerts.judge());
  },
  async destroy({ strapi }: { strapi: Core.Strapi }) {
    await monitoring(strapi).stop();
  },
  routes,
  controllers: { abnormal, message, inbox, target, alert, grafana, wall: wallController },
};
