import { readOnly } from '../../../resource';

export default readOnly('api::attempt.attempt');
