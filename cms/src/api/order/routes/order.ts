import { readOnly } from '../../../resource';

export default readOnly('api::order.order');
