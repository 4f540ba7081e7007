import { readOnly } from '../../../resource';

export default readOnly('api::interface-log.interface-log');
