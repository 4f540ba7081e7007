export * from './bill-table';
export * from './channel';
export * from './china-time';
export * from './money';
export * from './registry';
export * from './send-once';
export * from './under-test';
export * from './unreadable';
