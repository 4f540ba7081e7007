import { editable } from '../../../resource';

export default editable('api::log-retention.log-retention');
