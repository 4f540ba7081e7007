import { readOnly } from '../../../resource';

export default readOnly('api::discrepancy.discrepancy');
