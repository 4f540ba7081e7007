import { readOnly } from '../../../resource';

export default readOnly('api::log-archive.log-archive');
