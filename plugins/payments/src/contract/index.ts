export * from './channel';
export * from './money';
export * from './registry';
