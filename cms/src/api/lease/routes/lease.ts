import { readOnly } from '../../../resource';

export default readOnly('api::lease.lease');
