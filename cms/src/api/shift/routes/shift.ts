import { readOnly } from '../../../resource';

export default readOnly('api::shift.shift');
