import { readOnly } from '../../../resource';

export default readOnly('api::refund.refund');
