import { readOnly } from '../../../resource';

export default readOnly('api::alert-state.alert-state');
