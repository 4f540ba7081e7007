import { readOnly } from '../../../resource';

export default readOnly('api::daily-total.daily-total');
