import { editable } from '../../../resource';

export default editable('api::approval-rule.approval-rule');
