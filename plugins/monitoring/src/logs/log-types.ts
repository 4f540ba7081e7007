/** The logs that grow without end, and the tables they grow in. */
export const logTables = {
  'interface-log': 'interface_logs',
  'abnormal-request': 'abnormal_requests',
  'login-log': 'login_logs',
} as const;
