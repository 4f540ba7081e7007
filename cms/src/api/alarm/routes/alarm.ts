import { readOnly } from '../../../resource';

export default readOnly('api::alarm.alarm');
