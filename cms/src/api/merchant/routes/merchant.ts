import { editable } from '../../../resource';

export default editable('api::merchant.merchant');
