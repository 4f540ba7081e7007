import { service } from '../../../resource';

export default service('api::outbox.outbox');
