import { service } from '../../../resource';

export default service('api::lease.lease');
