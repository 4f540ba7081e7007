import { readOnly } from '../../../resource';

export default readOnly('api::message-target.message-target');
