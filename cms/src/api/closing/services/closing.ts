import { service } from '../../../resource';

export default service('api::closing.closing');
