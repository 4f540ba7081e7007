import { service } from '../../../resource';

export default service('api::log-archive.log-archive');
