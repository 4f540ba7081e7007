import { readOnly } from '../../../resource';

export default readOnly('api::bank-statement-line.bank-statement-line');
