import { service } from '../../../resource';

export default service('api::log-retention.log-retention');
