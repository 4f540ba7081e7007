import { service } from '../../../resource';

export default service('api::approval-rule.approval-rule');
