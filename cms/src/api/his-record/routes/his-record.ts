import { readOnly } from '../../../resource';

export default readOnly('api::his-record.his-record');
