import { service } from '../../../resource';

export default service('api::interface-log.interface-log');
