import { readOnly } from '../../../resource';

export default readOnly('api::alert-event.alert-event');
