/** The logs that grow without end, and the tables they grow in. */
export const logTables = {
  'interface-log': 'interface_logs',
  'abnormal-request': 'abnormal_requests',
  'login-log': 'login_logs',
} as const;
export type LogType = keyof typeof logTables;
export const logTypes = ['interface-log', 'abnormal-request', 'login-log'] as const satisfies LogType[];

/** What only one opened row shows: lists do not read it. */
export const bodies: ReadonlySet<string> = new Set(['request', 'response']);
