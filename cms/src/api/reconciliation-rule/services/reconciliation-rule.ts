import { service } from '../../../resource';

export default service('api::reconciliation-rule.reconciliation-rule');
