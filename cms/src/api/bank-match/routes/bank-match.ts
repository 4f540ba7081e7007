import { readOnly } from '../../../resource';

export default readOnly('api::bank-match.bank-match');
