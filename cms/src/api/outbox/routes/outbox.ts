import { readOnly } from '../../../resource';

export default readOnly('api::outbox.outbox');
