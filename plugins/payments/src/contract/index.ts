export * from './channel';
export * from './money';
export * from './registry';
export * from './under-test';
