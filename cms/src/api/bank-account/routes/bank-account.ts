import { editable } from '../../../resource';

export default editable('api::bank-account.bank-account');
