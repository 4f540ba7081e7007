import { readOnly } from '../../../resource';

export default readOnly('api::message.message');
