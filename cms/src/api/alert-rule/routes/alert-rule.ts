import { editable } from '../../../resource';

export default editable('api::alert-rule.alert-rule');
