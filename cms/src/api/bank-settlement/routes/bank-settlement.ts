import { editable } from '../../../resource';

export default editable('api::bank-settlement.bank-settlement');
