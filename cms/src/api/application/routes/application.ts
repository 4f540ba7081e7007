import { readOnly } from '../../../resource';

export default readOnly('api::application.application');
