import { readOnly } from '../../../resource';

export default readOnly('api::bank-statement.bank-statement');
