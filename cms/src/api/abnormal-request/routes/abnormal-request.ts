import { readOnly } from '../../../resource';

export default readOnly('api::abnormal-request.abnormal-request');
