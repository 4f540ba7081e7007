/** The rows that the codes in a field stand for, and by which of their fields people know them. */
export interface NamedRows {
  type: string;
  endpoint: string;
  code: string;
  name: string;
  /** Codes that no row has. */
  besides?: Record<string, { zh: string; en: string }>;
}

export const namedTypes = [
  'role',
  'account',
  'merchant',
  'channel-account',
  'message-target',
  'message-template',
  'alert-rule',
] as const;
export type NamedType = (typeof namedTypes)[number];

export const namedRows: Record<NamedType, NamedRows> = {
  role: { type: 'role', endpoint: '/api/roles', code: 'code', name: 'name' },
  account: { type: 'account', endpoint: '/api/accounts', code: 'username', name: 'displayName' },
  merchant: { type: 'merchant', endpoint: '/api/merchants', code: 'code', name: 'name' },
  'channel-account': {
    type: 'channel-account',
    endpoint: '/api/channel-accounts',
    code: 'code',
    name: 'name',
  },
  'message-target': {
    type: 'message-target',
    endpoint: '/api/message-targets',
    code: 'code',
    name: 'name',
    // Nobody set it up: it is the application itself.
    besides: { 'in-app': { zh: '站内消息', en: 'In the application' } },
  },
  'message-template': {
    type: 'message-template',
    endpoint: '/api/message-templates',
    code: 'kind',
    name: 'name',
  },
  'alert-rule': { type: 'alert-rule', endpoint: '/api/alert-rules', code: 'code', name: 'name' },
};
