import { readOnly } from '../../../resource';

export default readOnly('api::bill-archive.bill-archive');
