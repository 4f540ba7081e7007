import { readOnly } from '../../../resource';

export default readOnly('api::mixed-payment.mixed-payment');
