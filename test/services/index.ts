export { startPostgres } from './postgres';
export { startRedis } from './redis';
