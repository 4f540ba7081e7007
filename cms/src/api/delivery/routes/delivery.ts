import { readOnly } from '../../../resource';

export default readOnly('api::delivery.delivery');
