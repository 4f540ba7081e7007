import { readOnly } from '../../../resource';

export default readOnly('api::role.role');
