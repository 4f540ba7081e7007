import { controller } from '../../../resource';

export default controller('api::audit-entry.audit-entry');
