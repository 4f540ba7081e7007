import { readOnly } from '../../../resource';

export default readOnly('api::request-nonce.request-nonce');
