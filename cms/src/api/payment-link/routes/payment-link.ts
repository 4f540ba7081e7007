import { readOnly } from '../../../resource';

export default readOnly('api::payment-link.payment-link');
