import {
  AlertOutlined,
  AuditOutlined,
  BankOutlined,
  BarChartOutlined,
  DashboardOutlined,
  FileDoneOutlined,
  LineChartOutlined,
  MedicineBoxOutlined,
  MonitorOutlined,
  PayCircleOutlined,
  ScanOutlined,
  SettingOutlined,
} from '@ant-design/icons';
import type { ReactNode } from 'react';

export interface MenuItem {
  path: string;
  /** Key under `menu.` */
  text: string;
  action: string;
  subject: string;
  icon?: ReactNode;
}

export interface MenuGroup {
  text: string;
  icon: ReactNode;
  items: MenuItem[];
}

const read = (path: string, text: string, subject: string, icon?: ReactNode): MenuItem => ({
  path,
  text,
  action: 'read',
  subject,
  icon,
});

/** Every screen, where it stands in the menu, and what an account needs to be shown it. */
export const menu: MenuGroup[] = [
  {
    text: 'pay',
    icon: <PayCircleOutlined />,
    items: [
      read('/workbench', 'workbench', 'dashboard', <DashboardOutlined />),
      { path: '/cashier', text: 'cashier', action: 'pay', subject: 'cashier', icon: <ScanOutlined /> },
      { path: '/room', text: 'room', action: 'pay', subject: 'cashier', icon: <MedicineBoxOutlined /> },
      read('/orders', 'orders', 'order', <FileDoneOutlined />),
      read('/refunds', 'refunds', 'refund'),
      read('/mixed-payments', 'mixedPayments', 'mixed-payment'),
      { path: '/my-shift', text: 'myShift', action: 'pay', subject: 'cashier' },
      read('/payment-links', 'paymentLinks', 'payment-link'),
    ],
  },
  {
    text: 'reconcile',
    icon: <AuditOutlined />,
    items: [
      read('/discrepancies', 'discrepancies', 'discrepancy', <AlertOutlined />),
      { path: '/approvals', text: 'approvals', action: 'approve', subject: 'discrepancy' },
      read('/locate', 'locate', 'discrepancy'),
      read('/live', 'live', 'dashboard', <LineChartOutlined />),
      read('/summary', 'summary', 'summary', <BankOutlined />),
      read('/statistics', 'statistics', 'summary', <BarChartOutlined />),
      read('/income', 'income', 'summary'),
      read('/closings', 'closings', 'closing'),
      read('/shifts', 'shifts', 'shift'),
      read('/his-records', 'hisRecords', 'his-record'),
      read('/reconciliation-runs', 'runs', 'reconciliation-run'),
      read('/bill-archives', 'bills', 'bill-archive'),
      read('/bank-arrivals', 'bankArrivals', 'bank-statement'),
      read('/bank-statement-lines', 'bankLines', 'bank-statement-line'),
      read('/reconciliation-rules', 'rules', 'reconciliation-rule'),
      read('/approval-rules', 'approvalRules', 'approval-rule'),
      read('/exports', 'exports', 'export'),
    ],
  },
  {
    text: 'monitor',
    icon: <MonitorOutlined />,
    items: [
      read('/wall', 'wall', 'dashboard'),
      read('/interface-logs', 'interfaceLogs', 'interface-log'),
      read('/abnormal-requests', 'abnormalRequests', 'abnormal-request'),
      read('/login-logs', 'loginLogs', 'login-log'),
      read('/error-knowledges', 'errorKnowledge', 'error-knowledge'),
      read('/log-archives', 'logArchives', 'log-archive'),
      read('/log-retentions', 'logRetentions', 'log-retention'),
      read('/messages', 'messages', 'message'),
      read('/deliveries', 'deliveries', 'delivery'),
      read('/alert-rules', 'alertRules', 'alert-rule'),
      read('/alert-events', 'alertEvents', 'alert-event'),
      read('/message-routes', 'messageRoutes', 'message-route'),
      read('/duty-shifts', 'dutyShifts', 'duty-shift'),
      read('/message-targets', 'messageTargets', 'message-target'),
      read('/message-templates', 'messageTemplates', 'message-template'),
    ],
  },
  {
    text: 'configure',
    icon: <SettingOutlined />,
    items: [
      read('/merchants', 'merchants', 'merchant'),
      read('/channels', 'channels', 'channel'),
      read('/channel-accounts', 'channelAccounts', 'channel-account'),
      read('/routes', 'routes', 'route'),
      read('/bank-accounts', 'bankAccounts', 'bank-account'),
      read('/bank-settlements', 'bankSettlements', 'bank-settlement'),
      read('/terminals', 'terminals', 'terminal'),
      read('/applications', 'applications', 'application'),
      read('/accounts', 'accounts', 'account'),
      read('/audit-entries', 'auditEntries', 'audit-entry'),
    ],
  },
];

/** A cashier needs merchants, routes and terminals named, not managed: these need the right to change them. */
const managed = new Set([
  'merchant',
  'channel',
  'channel-account',
  'route',
  'terminal',
  'application',
  'account',
  'reconciliation-rule',
  'bank-account',
  'bank-settlement',
  'approval-rule',
  'log-retention',
  'alert-rule',
  'message-route',
  'duty-shift',
  'message-target',
  'message-template',
]);

export function visibleMenu(may: (action: string, subject: string) => boolean): MenuGroup[] {
  return menu
    .map((group) => ({
      ...group,
      items: group.items.filter(({ action, subject }) =>
        managed.has(subject)
          ? may('update', subject) || (subject === 'channel-account' && may('test', subject))
          : may(action, subject),
      ),
    }))
    .filter(({ items }) => items.length > 0);
}
