import { readOnly } from '../../../resource';

export default readOnly('api::audit-entry.audit-entry');
