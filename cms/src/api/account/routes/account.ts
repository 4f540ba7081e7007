import { readOnly } from '../../../resource';

export default readOnly('api::account.account');
