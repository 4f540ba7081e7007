import { controller } from '../../../resource';

export default controller('api::reconciliation-rule.reconciliation-rule');
