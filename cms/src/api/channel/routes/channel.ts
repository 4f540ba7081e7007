import { readOnly } from '../../../resource';

export default readOnly('api::channel.channel');
