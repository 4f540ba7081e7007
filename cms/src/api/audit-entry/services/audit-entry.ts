import { service } from '../../../resource';

export default service('api::audit-entry.audit-entry');
