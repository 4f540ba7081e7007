import { editable } from '../../../resource';

export default editable('api::reconciliation-rule.reconciliation-rule');
